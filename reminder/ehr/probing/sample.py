"""Looks at a sample of appointments as a sync would: counts, never what they hold."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from reminder.ehr.probing.session import (
    Result,
    Session,
    either,
    failed,
    passed,
    unknown,
)
from reminder.ehr.reading.appointments import read_appointment
from reminder.ehr.reading.drafts import Source
from reminder.ehr.reading.instants import lacks_zone
from reminder.ehr.reading.raw import Resource, as_object, objects
from reminder.model.readings import Unreadable
from reminder.model.trials import Fact, Verdict

_LONGEST_ID = 64
_MOST_PROBLEMS = 10
_NONE = "no appointment known"

# In this order: the first that fits names the form.
_FORMS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("contained", lambda text: text.startswith("#")),
    ("urn", lambda text: text.startswith("urn:")),
    ("versioned", lambda text: "/_history/" in text),
    ("absolute", lambda text: "://" in text),
    ("relative", lambda text: "/" in text),
)


async def readable(session: Session) -> Result:
    """Every appointment of the sample can be read."""
    if not session.sample:
        return unknown(why=_NONE)
    source = _source(session)
    read = [read_appointment(each, source) for each in session.sample.values()]
    unreadable = [each for each in read if isinstance(each, Unreadable)]
    problems = Counter(f"{_place(each.path)} {each.problem}" for each in unreadable)
    found: dict[str, Fact] = {"looked_at": len(read)}
    found |= problems.most_common(_MOST_PROBLEMS)
    return either(not unreadable, found)


def _source(session: Session) -> Source:
    config = session.config
    return Source(
        "probe",
        session.base_url,
        config.join_url_extensions,
        accepted_is_confirmed=config.accepted_is_confirmed,
        site_zone=ZoneInfo(config.site_zone) if config.site_zone else None,
    )


def _place(path: str) -> str:
    return re.sub(r"\[\d+\]", "[*]", path)


async def zones(session: Session) -> Result:
    """Every start says its zone."""
    if not session.sample:
        return unknown(why=_NONE)
    starts = [each.get("start") for each in session.sample.values()]
    without = sum(map(lacks_zone, starts))
    if not without:
        return passed(looked_at=len(starts))
    if session.config.site_zone:
        return failed(
            "The site_zone of this connection is taken, and each is flagged.",
            without_zone=without,
        )
    return failed(without_zone=without)


async def references(session: Session) -> Result:
    """Who takes part is named by references that can be followed."""
    if not session.sample:
        return unknown(why=_NONE)
    forms = Counter(
        _form(as_object(participant.get("actor")))
        for resource in session.sample.values()
        for participant in objects(resource.get("participant"))
    )
    odd = forms["nothing"] + forms["display only"]
    found: dict[str, Fact] = dict(forms)
    return either(odd < forms.total(), found)


def _form(actor: Resource) -> str:
    reference = actor.get("reference")
    if isinstance(reference, str):
        return next((name for name, fits in _FORMS if fits(reference)), "nothing")
    if isinstance(actor.get("identifier"), dict):
        return "identifier"
    return "display only" if actor.get("display") else "nothing"


async def identifiers(session: Session) -> Result:
    """Ids are as FHIR has them, at most 64 characters."""
    if not session.sample:
        return unknown(why=_NONE)
    longest = max(map(len, _ids(session)))
    too_long = sum(len(each) > _LONGEST_ID for each in _ids(session))
    if too_long:
        return failed(longer=too_long, longest=longest)
    return passed(longest=longest)


def _ids(session: Session) -> Iterator[str]:
    yield from session.sample
    yield from session.actors("Patient", "Practitioner", "Location")


async def versioned(session: Session) -> Result:
    """Every appointment of the sample has a version."""
    if not session.sample:
        return unknown(why=_NONE)
    metas = [as_object(each.get("meta")) for each in session.sample.values()]
    missing = {
        "without_versionId": sum("versionId" not in meta for meta in metas),
        "without_lastUpdated": sum("lastUpdated" not in meta for meta in metas),
    }
    if any(missing.values()):
        return Result(Verdict.FAIL, missing)
    return passed(looked_at=len(metas))


async def places(session: Session) -> Result:
    """Appointments say where they are, so that a clinic can be told by it."""
    if not session.sample:
        return unknown(why=_NONE)
    at = Counter(session.actors("Location"))
    placeless = sum(
        1
        for resource in session.sample.values()
        if not any(
            "Location/" in str(as_object(each.get("actor")).get("reference"))
            for each in objects(resource.get("participant"))
        )
    )
    if placeless:
        return failed(locations=len(at), without_location=placeless)
    return passed(locations=len(at))
