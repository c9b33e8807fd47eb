"""Trials of writing that change nothing, and only where somebody asked for them."""

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
from reminder.ehr.reading.raw import Resource, as_object, fingerprint
from reminder.ehr.reading.references import is_id
from reminder.ehr.wire.client import FHIR_JSON
from reminder.ehr.wire.http import Answer

_NO_VERSION = 'W/"reminder-cannot-match"'
_JSON_PATCH = "application/json-patch+json"
_REFUSED = frozenset({409, 412})


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

    The very content that was just read goes back, or a patch that only tests:
    even a server that does not look at If-Match changes nothing but a version.
    """
    if not session.try_writes:
        return unknown(
            "Judged by its statement only. --try-writes tries it: an appointment is "
            "sent back exactly as it is, under a version that cannot be."
        )
    can = session.stated
    resource_id = next(iter(session.sample), None)
    if not (can.update or can.patch) or not is_id(resource_id):
        return unknown(why="no update, no patch, or no appointment known")
    path = f"Appointment/{resource_id}"
    before = await session.asking.get(path)
    if before.status != 200:
        return unknown(status=before.status)
    written = await _sent_back(session, path, before)
    after = await session.asking.get(path)
    return _judged(written, _same(before, after))


async def _sent_back(session: Session, path: str, before: Answer) -> Answer | None:
    """The answer; None where the client already knows it for a conflict."""
    method, body, content_type = "PUT", before.body, FHIR_JSON
    if not session.stated.update:
        status = as_object(before.parsed()).get("status")
        test = [{"op": "test", "path": "/status", "value": status}]
        method, body, content_type = "PATCH", orjson.dumps(test), _JSON_PATCH
    try:
        return await session.asking.write(
            method, path, body, content_type=content_type, if_match=_NO_VERSION
        )
    except EHRConflict:
        return None


def _judged(written: Answer | None, unchanged: bool) -> Result:  # noqa: FBT001
    status = written.status if written else 409
    if not unchanged:
        return failed(
            "Between two readings the appointment changed: by somebody else, or "
            "by this trial. Look at it before you go on.",
            status=status,
            unchanged=False,
        )
    if status in _REFUSED:
        return passed(status=status, unchanged=True)
    if 200 <= status < 300:
        return failed(status=status, unchanged=True)
    return unknown(status=status, unchanged=True)


def _same(before: Answer, after: Answer) -> bool:
    return after.status == 200 and _content(before) == _content(after)


def _content(answer: Answer) -> str:
    resource: Resource = as_object(answer.parsed())
    return fingerprint({**resource, "meta": None, "text": None})
