"""Writes that are done otherwise than asked, or done without a word."""

from dataclasses import replace

import orjson

from reminder.sandbox.clinics import Resource
from reminder.sandbox.fhir_faults.declaring import (
    asks,
    bends,
    is_anything,
    is_transaction,
    is_write,
)
from reminder.sandbox.fhir_faults.exchange import (
    Ask,
    Asked,
    Manner,
    Said,
    outcome,
    said,
)


@bends(is_transaction)
async def transactions_not_atomic(asked: Asked, ask: Ask) -> Said:
    """Each entry of a transaction is carried out by itself, and 200 said to all."""
    answers = [
        await ask(_alone(entry, asked)) for entry in asked.json().get("entry", [])
    ]
    entries = [
        {"response": {"status": str(each.status)}, "resource": each.json()}
        for each in answers
    ]
    return said(
        {
            "resourceType": "Bundle",
            "type": "transaction-response",
            "entry": entries,
        }
    )


def _alone(entry: Resource, asked: Asked) -> Asked:
    request = entry["request"]
    return replace(
        asked,
        method=request["method"],
        path=request["url"],
        body=orjson.dumps(entry.get("resource")),
    ).with_headers(if_match=request.get("ifMatch"))


@bends(is_transaction)
async def transactions_refused(_: Asked, __: Ask) -> Said:
    """400 to every transaction, whatever the statement says."""
    return said(outcome("not-supported"), 400)


@bends(is_write)
async def done_and_gateway_timeout(asked: Asked, ask: Ask) -> Said:
    """A write is done, and 504 said by whoever stands before the server."""
    await ask(asked)
    return Said(status=504)


@bends(is_write)
async def done_and_cut_off(asked: Asked, ask: Ask) -> Said:
    """A write is done, and the connection ends before that is said."""
    return replace(await ask(asked), manner=Manner.CUT)


@bends(is_write)
async def done_and_silent(asked: Asked, ask: Ask) -> Said:
    """A write is done, and nothing said."""
    return replace(await ask(asked), manner=Manner.SILENT)


@bends(is_write)
async def said_and_not_done(asked: Asked, ask: Ask) -> Said:
    """A write is answered with 200 and what was sent, and nothing is done."""
    if asked.is_transaction or asked.method != "PUT":
        return said({"resourceType": "Bundle", "type": "transaction-response"})
    return said(asked.json())


@asks(is_write)
def versions_ignored(asked: Asked) -> Asked:
    """If-Match is not heard: the last writer wins."""
    if not asked.is_transaction:
        return asked.with_headers(if_match=None)
    sent = asked.json()
    for entry in sent.get("entry", []):
        entry["request"].pop("ifMatch", None)
    return replace(asked, body=orjson.dumps(sent))


@bends(is_write)
async def versions_required(asked: Asked, ask: Ask) -> Said:
    """Without If-Match 412, with an old version 409 (Oracle Health)."""
    if asked.method in ("PUT", "PATCH") and "if-match" not in asked.headers:
        return said(outcome("required"), 412)
    answer = await ask(asked)
    if answer.status == 412:
        return said(outcome("conflict"), 409)
    return answer


@bends(is_anything)
async def statement_missing(asked: Asked, ask: Ask) -> Said:
    """There is no CapabilityStatement."""
    return Said(status=404) if asked.path == "metadata" else await ask(asked)


@bends(is_anything)
async def says_no_transactions(asked: Asked, ask: Ask) -> Said:
    """The statement lists no transactions, and there are none."""
    if asked.is_transaction:
        return said(outcome("not-supported"), 400)
    answer = await ask(asked)
    if asked.path != "metadata":
        return answer
    statement = answer.json()
    for rest in statement.get("rest", []):
        rest.pop("interaction", None)
    return answer.with_json(statement)


@bends(is_anything)
async def says_appointments_are_only_read(asked: Asked, ask: Ask) -> Said:
    """The statement lists no writes of Appointments, and there are none."""
    if asked.is_transaction or (
        asked.is_write and asked.resource_type == "Appointment"
    ):
        return said(outcome("not-supported"), 405)
    answer = await ask(asked)
    if asked.path != "metadata":
        return answer
    statement = answer.json()
    for rest in statement.get("rest", []):
        rest.pop("interaction", None)
        for each in rest.get("resource", []):
            if each.get("type") == "Appointment":
                each["interaction"] = [{"code": "read"}, {"code": "search-type"}]
    return answer.with_json(statement)
