"""Five Appointments that break the specification, each in another way."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reminder.sandbox.clinics import Resource
from reminder.sandbox.diary import Opening


@dataclass(frozen=True, slots=True)
class Malformed:
    """One such resource, and the instant at which a search by date finds it."""

    at: datetime
    resource: Resource


def _start_without_zone(visit: Resource, opening: Opening) -> None:
    visit["start"] = f"{opening.start:%Y-%m-%dT%H:%M:%S}"


def _unknown_field(visit: Resource, opening: Opening) -> None:
    visit["startsInRoom"] = str(opening.doctor)


def _missing_status(visit: Resource, opening: Opening) -> None:
    del visit["status"]


def _booked_without_start(visit: Resource, opening: Opening) -> None:
    del visit["start"], visit["end"]


def _no_patient(visit: Resource, opening: Opening) -> None:
    del visit["participant"][0]


_SPOILS: dict[str, Callable[[Resource, Opening], None]] = {
    "start-without-zone": _start_without_zone,
    "unknown-field": _unknown_field,
    "missing-status": _missing_status,
    "booked-without-start": _booked_without_start,
    "no-patient": _no_patient,
}
MALFORMED = len(_SPOILS)


def spoil(visits: list[tuple[Opening, Resource]]) -> tuple[Malformed, ...]:
    """Spoils one good visit after another, each in its own way."""
    spoilt = []
    for (opening, visit), (problem, spoils) in zip(
        visits, _SPOILS.items(), strict=True
    ):
        visit["id"] = f"spoilt-{problem}"
        visit["meta"] = {"versionId": "1"}
        spoils(visit, opening)
        spoilt.append(Malformed(opening.start, visit))
    return tuple(spoilt)
