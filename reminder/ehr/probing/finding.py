"""Trials of finding appointments by what they are of: a person, a place, an id."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from reminder.ehr.probing.session import (
    Result,
    Session,
    actors_of,
    either,
    failed,
    passed,
    period,
    unknown,
)
from reminder.ehr.reading.raw import Resource, as_object, as_resource
from reminder.ehr.reading.references import is_id
from reminder.ehr.wire.client import Params
from reminder.ehr.wire.outcomes import refused

_SPAN = timedelta(days=365)


async def by_practitioner(session: Session) -> Result:
    """A practitioner's appointments of a period are found."""
    types = ("Practitioner",)
    return await _of_actor(session, "practitioner", session.given.practitioner, types)


async def by_location(session: Session) -> Result:
    """A location's appointments of a period are found."""
    given = session.given.location
    return await _of_actor(session, "location", given, ("Location",))


async def by_patient(session: Session) -> Result:
    """A patient's appointments of a period are found."""
    return await _of_actor(session, "patient", session.given.patient, ("Patient",))


async def _of_actor(
    session: Session, parameter: str, given: str | None, types: tuple[str, ...]
) -> Result:
    actor = given or _commonest(session.actors(*types))
    if actor is None:
        return unknown(why=f"none known: give one with --{parameter} ID")
    params = _params(session, parameter, actor)
    found = await session.asking.search("Appointment", params, strict=session.strict)
    if not found.matches:
        # Somebody of the sample has an appointment; a given one may have none.
        return (unknown if given else failed)(rows=0)
    others = sum(actor not in _of_types(each, session, types) for each in found.matches)
    session.keep(found.matches)
    if others:
        return failed(rows=len(found.matches), of_others=others)
    session.found_by(params, found.matches)
    return passed(rows=len(found.matches))


def _params(session: Session, parameter: str, actor: str) -> Params:
    now = session.clock().replace(microsecond=0)
    count = str(min(session.config.page_size, 20))
    return [(parameter, actor), *period(now - _SPAN, now + _SPAN), ("_count", count)]


def _commonest(ids: Iterator[str]) -> str | None:
    counted = Counter(ids).most_common(1)
    return counted[0][0] if counted else None


def _of_types(resource: Resource, session: Session, types: tuple[str, ...]) -> set[str]:
    return {
        target.resource_id
        for target in actors_of(resource, session.base_url)
        if target.resource_type in types
    }


async def by_id(session: Session) -> Result:
    """One appointment is read by its id."""
    wanted = session.given.appointment or next(iter(session.sample), None)
    if wanted is None or not is_id(wanted):
        return unknown(why="none known: give one with --appointment ID")
    answer = await session.asking.get(f"Appointment/{wanted}")
    if answer.status != 200:
        raise refused(answer)
    resource = as_resource(answer.parsed(), "Appointment")
    if resource is None or resource.get("id") != wanted:
        return failed(answer="another resource")
    session.keep([resource])
    session.etag = answer.headers.get("etag")
    session.read = resource
    return passed(ms=session.asking.took_ms[-1])


async def versions(session: Session) -> Result:
    """An appointment says which version it is."""
    if session.read is None:
        return unknown(why="none was read by its id")
    version = as_object(session.read.get("meta")).get("versionId")
    found = {"ETag": bool(session.etag), "versionId": isinstance(version, str)}
    return either(any(found.values()), found)


async def id_lists(session: Session) -> Result:
    """Several appointments are found by their ids in one search."""
    ids = list(session.sample)[:2]
    if not ids:
        return unknown(why="no appointment known")
    params = [("_id", ",".join(ids)), ("_count", str(len(ids)))]
    found = await session.asking.search("Appointment", params, strict=session.strict)
    came = [str(each.get("id")) for each in found.matches]
    if set(came) == set(ids):
        return passed(asked=len(ids), came=len(came))
    return failed(asked=len(ids), came=len(came), others=len({*came} - {*ids}))


async def include(session: Session) -> Result:
    """Patients come along with their appointments."""
    if session.base is None:
        return unknown(why="no appointment found by a search")
    params = [*session.base, ("_include", "Appointment:patient")]
    found = await session.asking.search("Appointment", params, strict=session.strict)
    count = found.included("Patient")
    stated = "Appointment:patient" in session.stated.includes
    return (passed if count else failed)(patients=count, stated=stated)
