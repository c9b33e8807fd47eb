"""Trials of writing that change nothing, and only where somebody asked for them."""

from datetime import UTC, datetime

import orjson

from reminder.ehr.errors import EHRConflict
from reminder.ehr.probing.session import (
    Result,
    Session,
    either,
    failed,
    passed,
    unknown,
)
from reminder.ehr.reading.instants import instant
from reminder.ehr.reading.raw import Resource, as_object, fingerprint, objects
from reminder.ehr.reading.references import is_id
from reminder.ehr.wire.client import FHIR_JSON
from reminder.ehr.wire.http import Answer

_NO_VERSION = 'W/"reminder-cannot-match"'
_JSON_PATCH = "application/json-patch+json"
_REFUSED = frozenset({409, 412})
_OFF = frozenset({"cancelled", "noshow", "entered-in-error", "fulfilled"})
# HL7's v3-ObservationValue: what is shown is not what is stored.
_ALTERED = frozenset({"SUBSETTED", "REDACTED", "MASKED", "ABSTRED", "AGGRED"})
_ALTERED |= frozenset({"ANONYED", "PSEUDED"})
_SOME_TIME = datetime.max.replace(tzinfo=UTC)


async def statement_of_writes(session: Session) -> Result:
    """By its statement, Appointments can be changed."""
    can = session.stated
    if not can.published:
        return unknown(why="it publishes no statement")
    found = {
        "update": can.update,
        "patch": can.patch,
        "create": can.create,
        "transaction": can.transactions,
        "slot_update": can.slot_update,
        "response": can.responses,
        "task": can.tasks,
    }
    writes = can.update or can.patch or can.responses or can.tasks
    return either(writes, found)


async def if_match(session: Session) -> Result:
    """A write for another version than the present one is refused.

    A patch that only tests changes nothing whatever the server does. Where none
    is taken, an appointment that is over goes back just as it was read: a server
    that does not look at If-Match could overwrite a change of that moment.
    """
    if not session.try_writes:
        return unknown(
            "Judged by its statement only. --try-writes tries it with an appointment "
            "that is over."
        )
    can = session.stated
    resource_id = _over(session, whatever_state=can.patch)
    if not (can.update or can.patch) or resource_id is None:
        return unknown(why="no update, no patch, or no appointment that is over known")
    path = f"Appointment/{resource_id}"
    before = await session.asking.get(path)
    if before.status != 200:
        return unknown(status=before.status)
    why_not = _why_not(before, replaced=not can.patch)
    if why_not:
        return unknown(why=why_not)
    written = await _sent_back(session, path, before)
    after = await session.asking.get(path)
    method = "PATCH" if can.patch else "PUT"
    return _judged(written, _same(before, after), method)


def _over(session: Session, *, whatever_state: bool) -> str | None:
    """The oldest appointment seen that nobody waits for any more; else None."""
    now = session.clock()
    found = [
        (at, resource_id)
        for resource_id, each in session.sample.items()
        for at in [instant(each.get("start")) or _SOME_TIME]
        if is_id(resource_id)
        and (whatever_state or at < now or each.get("status") in _OFF)
    ]
    return min(found)[1] if found else None


def _why_not(before: Answer, *, replaced: bool) -> str:
    """Why this one is left alone; empty where it need not be."""
    resource = as_object(before.parsed())
    meta = as_object(resource.get("meta"))
    if "etag" not in before.headers and not meta.get("versionId"):
        return "no version is shown, so that none can be compared"
    marks = (*objects(meta.get("tag")), *objects(meta.get("security")))
    if replaced and any(str(each.get("code")).upper() in _ALTERED for each in marks):
        return "not all of an appointment is shown, so that none is sent back"
    return ""


async def _sent_back(session: Session, path: str, before: Answer) -> Answer | None:
    """The answer; None where the client already knows it for a conflict."""
    method, body, content_type = "PUT", before.body, FHIR_JSON
    if session.stated.patch:
        status = as_object(before.parsed()).get("status")
        test = [{"op": "test", "path": "/status", "value": status}]
        method, body, content_type = "PATCH", orjson.dumps(test), _JSON_PATCH
    try:
        return await session.asking.write(
            method, path, body, content_type=content_type, if_match=_NO_VERSION
        )
    except EHRConflict:
        return None


def _judged(
    written: Answer | None,
    unchanged: bool,  # noqa: FBT001
    method: str,
) -> Result:
    status = written.status if written else 409
    if not unchanged:
        return failed(
            "Between two readings the appointment changed: by somebody else, or "
            "by this trial. Look at it before you go on.",
            status=status,
            unchanged=False,
            by=method,
        )
    if status in _REFUSED:
        return passed(status=status, unchanged=True, by=method)
    if 200 <= status < 300:
        return failed(status=status, unchanged=True, by=method)
    return unknown(status=status, unchanged=True, by=method)


def _same(before: Answer, after: Answer) -> bool:
    return after.status == 200 and _content(before) == _content(after)


def _content(answer: Answer) -> str:
    resource: Resource = as_object(answer.parsed())
    return fingerprint({**resource, "meta": None, "text": None})
