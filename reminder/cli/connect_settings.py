"""What `reminder connect` would write into reminder.toml, and what is missing there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reminder.cli.connect_typed import address, wrong_use
from reminder.ehr.profiles import profiles
from reminder.model.capabilities import SearchPlan
from reminder.model.trials import ConnectionReport
from reminder.settings.load import Loaded, from_text
from reminder.settings.problems import Problem, SettingsError
from reminder.settings.tree import ConnectionSettings
from reminder.settings.writing import (
    connection_names,
    placeholder,
    renamed,
    sample,
    with_connection,
)
from reminder.store.keyring import KeyRing

_NAME = "main"


@dataclass(frozen=True, slots=True)
class Draft:
    """The settings as they would be, with the connection that is to be tried.

    `before` is None where there is no file yet. `is_known`: the connection was
    in it already, and not only as the sample's.
    """

    file: Path
    name: str
    is_known: bool
    before: str | None = field(repr=False)
    text: str = field(repr=False)

    def loaded(self) -> Loaded:
        """The settings, validated.

        Raises:
            SettingsError: they cannot be used.
        """
        return from_text(self.text, str(self.file), self.file.parent.resolve())

    def connection(self) -> ConnectionSettings:
        """The connection that is to be tried."""
        every = self.loaded().settings.connection
        return next(each for each in every if each.name == self.name)

    def lacks_roster(self, report: ConnectionReport) -> bool:
        """Whether the plan needs a roster, and none is set or was found."""
        by_roster = report.search.plan is SearchPlan.BY_ROSTER
        return by_roster and not (self.connection().roster or begun_roster(report))

    def with_results(self, report: ConnectionReport) -> str:
        """The text with what the trials decided, as far as it can be used."""
        if self.lacks_roster(report):
            return self.text
        return with_connection(
            self.text, self.name, _results(report, self.connection())
        )


def draft_of(
    target: str, name: str | None, file: Path, fields: Mapping[str, Any]
) -> Draft:
    """The draft for what was typed: an address, or the name of a connection.

    An address takes the place of the sample's, where that still stands there.

    Raises:
        Stopped: there is no connection of that name.
        SettingsError: the file is no TOML.
    """
    before = _read(file) if file.exists() else None
    url = address(target)
    if url is None:
        known = connection_names(before or "")
        if target not in known:
            raise _no_such(target, known, file)
        text = with_connection(before or "", target, fields)
        return Draft(file, target, is_known=True, before=before, text=text)
    start = sample() if before is None else before
    free = placeholder(start)
    name = name or free or _NAME
    names = connection_names(start)
    if free is not None and name not in names:
        start = renamed(start, free, name)
    text = with_connection(start, name, {"base_url": url, **_tryable(fields)})
    is_known = before is not None and name in names and name != free
    return Draft(file, name, is_known=is_known, before=before, text=text)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        problem = Problem(str(file), None, "is no text in UTF-8")
        raise SettingsError(str(file), [problem]) from None


def _tryable(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A profile that asks for a roster is tried without one, since none is known."""
    name = fields.get("profile")
    wants_roster = name in _BY_ROSTER
    plan = {"search_plan": SearchPlan.BY_DATE.value} if wants_roster else {}
    return {**fields, **plan}


_BY_ROSTER = frozenset(
    name
    for each in profiles()
    if each.search_plan == SearchPlan.BY_ROSTER
    for name in (each.name, *each.aliases)
)


def _no_such(name: str, known: tuple[str, ...], file: Path) -> Exception:
    there = f"There are: {', '.join(known)}." if known else "There is none yet."
    return wrong_use(
        f"There is no connection named {name}.",
        place=str(file),
        why=there,
        do="Name one of these, or an address: reminder connect https://...",
    )


def _results(
    report: ConnectionReport, connection: ConnectionSettings
) -> dict[str, Any]:
    results: dict[str, Any] = {}
    if report.profile is not None:
        results["profile"] = report.profile
    if report.search.plan is not None:
        results["search_plan"] = report.search.plan.value
    if not report.strict:
        results["strict"] = False
    if report.search.plan is SearchPlan.BY_ROSTER and not connection.roster:
        results["roster"] = begun_roster(report)
    return results


def begun_roster(report: ConnectionReport) -> list[str]:
    """Whom a sample of appointments showed: a beginning, to be completed."""
    if report.passed("by-location") and report.locations:
        return [f"Location/{each}" for each in sorted(report.locations)]
    return [f"Practitioner/{each}" for each in sorted(report.practitioners)]


def still_to_do(
    report: ConnectionReport, connection: ConnectionSettings
) -> Iterator[str]:
    """What the plan needs beside and nobody could find out by trying."""
    plan = report.search.plan
    if plan is SearchPlan.BY_ROSTER and not connection.roster:
        yield "Complete `roster`: it has whom a sample showed, and only they are read."
    has_list = connection.patients_file or connection.patient_group
    if plan is SearchPlan.BY_PATIENT and not has_list:
        yield "Set patients_file or patient_group: without one only known patients are"
        yield "read, and at first nobody is known."
    if plan is SearchPlan.BY_ID and connection.push_secret is None:
        yield "Set push_secret, and create in the EHR what this prints: nothing else"
        yield f"finds any appointment.  reminder push {connection.name}"


def without_clinic(
    report: ConnectionReport, loaded: Loaded, name: str
) -> dict[str, int]:
    """The Locations seen that belong to no clinic, and in how many appointments."""
    at_home = {
        place
        for clinic in loaded.settings.clinic
        if clinic.connection == name
        for place in clinic.locations
    }
    seen = sorted(report.locations.items(), key=lambda one: (-one[1], one[0]))
    return {place: count for place, count in seen if place not in at_home}


def clinic_snippet(name: str, locations: Mapping[str, int]) -> Iterator[str]:
    """A [[clinic]] with these Locations, ready to be completed."""
    yield "[[clinic]]"
    yield 'id = "new"                      # a short name of your own, for good'
    yield f'connection = "{name}"'
    yield 'name = "..."'
    yield 'short_name = "..."              # what a lock screen may show'
    yield 'zone = "America/New_York"'
    yield "locations = ["
    for place, count in locations.items():
        yield f'  "{place}",  # of {count} appointments seen'
    yield "]"


def create_keys(folder: Path) -> Path | None:
    """The new key ring beside new settings; None where one lies there already."""
    keys = folder / "keys.json"
    if keys.exists():
        return None
    KeyRing.create(keys)
    return keys
