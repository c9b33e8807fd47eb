"""Trials of what belongs to an appointment: people, places, free times, records."""

from datetime import timedelta

from reminder.ehr.errors import EHRRefused
from reminder.ehr.probing.session import Result, Session, failed, passed, unknown
from reminder.ehr.reading.instants import instant_text
from reminder.ehr.reading.raw import as_resource

_AHEAD = timedelta(days=30)


async def patients(session: Session) -> Result:
    """Patients can be read."""
    given = session.given.patient
    return await _read(session, "Patient", given, "Patient")


async def locations(session: Session) -> Result:
    """Locations can be read."""
    return await _read(session, "Location", session.given.location, "Location")


async def practitioners(session: Session) -> Result:
    """Practitioners can be read."""
    given = session.given.practitioner
    return await _read(session, "Practitioner", given, "Practitioner")


async def _read(
    session: Session, resource_type: str, given: str | None, actor: str
) -> Result:
    wanted = given or next(session.actors(actor), None)
    if wanted is None:
        return unknown(why=f"no {resource_type} known")
    params = [("_id", wanted), ("_count", "1")]
    try:
        found = await session.asking.search(
            resource_type, params, strict=session.strict
        )
    except EHRRefused:
        found = None
    if found is not None and found.matches:
        return passed(by="_id search")
    answer = await session.asking.get(f"{resource_type}/{wanted}")
    readable = (
        answer.status == 200 and as_resource(answer.parsed(), resource_type) is not None
    )
    return passed(by="id alone") if readable else failed(status=answer.status)


async def related_persons(session: Session) -> Result:
    """A patient's RelatedPersons are found."""
    patient = session.given.patient or next(session.actors("Patient"), None)
    if patient is None:
        return unknown(why="no Patient known")
    params = [("patient", patient), ("_count", "1")]
    found = await session.asking.search("RelatedPerson", params, strict=session.strict)
    return passed(rows=len(found.matches))


async def free_slots(session: Session) -> Result:
    """Free Slots of the next 30 days are found."""
    now = session.clock()
    params = [
        ("status", "free"),
        ("start", f"ge{instant_text(now)}"),
        ("start", f"lt{instant_text(now + _AHEAD)}"),
        ("_count", "10"),
    ]
    found = await session.asking.search("Slot", params, strict=session.strict)
    if not found.matches:
        return unknown(
            "As long as there are none, patients can ask but not choose.", rows=0
        )
    others = sum(each.get("status") != "free" for each in found.matches)
    verdict = failed if others else passed
    return verdict(rows=len(found.matches), not_free=others)


async def communications(session: Session) -> Result:
    """It takes Communications: that a message was sent."""
    if not session.stated.published:
        return unknown(why="it publishes no statement")
    return (passed if session.stated.communications else failed)(stated=True)


async def response_times(session: Session) -> Result:
    """It answers quickly enough for a patient who waits."""
    took = sorted(session.asking.took_ms)
    if not took:
        return unknown(why="nothing was answered")
    longest, middle = took[-1], took[len(took) // 2]
    verdict = failed if middle > _PATIENCE_MS else passed
    return verdict(median_ms=middle, max_ms=longest, answers=len(took))


_PATIENCE_MS = 4000
