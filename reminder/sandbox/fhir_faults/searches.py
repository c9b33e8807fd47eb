"""Searches that are understood in another way, or hardly at all."""

import re
from dataclasses import replace
from datetime import datetime

import orjson

from reminder.sandbox.clinics import Resource
from reminder.sandbox.fhir_faults.declaring import (
    asks,
    bends,
    is_anything,
    is_search,
    remembers,
    spoils_pages,
)
from reminder.sandbox.fhir_faults.exchange import (
    Ask,
    Asked,
    Bend,
    Said,
    bundle,
    outcome,
    said,
)

_ACTORS = ("patient", "practitioner", "location", "actor")
_LONGEST_ID = 88
_PADDED = re.compile(rb"\.e{8,}")
_FEW = 3
_UPDATED = "_lastUpdated"


@asks(is_search)
def date_ignored(asked: Asked) -> Asked:
    """`date` is ignored: every search finds all there is."""
    return asked.without("date")


@asks(is_search)
def last_updated_ignored(asked: Asked) -> Asked:
    """`_lastUpdated` is ignored: every search finds all there is."""
    return asked.without("_lastUpdated")


@asks(is_search)
def count_ignored(asked: Asked) -> Asked:
    """`_count` is ignored: pages are as long as the server likes."""
    return asked.without("_count")


@asks(is_search)
def count_capped(asked: Asked) -> Asked:
    """Whatever `_count` says, a page has two entries."""
    others = [each for each in asked.params if each[0] != "_count"]
    return asked.asking(*others, ("_count", "2"))


@asks(is_anything)
def strictness_ignored(asked: Asked) -> Asked:
    """`Prefer: handling=strict` is not heard."""
    return asked.with_headers(prefer=None)


@bends(is_search)
async def date_finds_nothing(asked: Asked, ask: Ask) -> Said:
    """`date` is no parameter here: 200, and nothing found."""
    return said(bundle()) if asked.values("date") else await ask(asked)


@bends(is_anything)
async def last_updated_refused(asked: Asked, ask: Ask) -> Said:
    """`_lastUpdated` is no parameter here: unlisted, and 400."""
    if asked.is_search and asked.values("_lastUpdated"):
        return said(outcome("not-supported"), 400)
    answer = await ask(asked)
    if asked.path != "metadata":
        return answer
    statement = answer.json()
    for rest in statement.get("rest", []):
        for each in rest.get("resource", []):
            listed = each.get("searchParam", [])
            each["searchParam"] = [one for one in listed if one["name"] != _UPDATED]
    return answer.with_json(statement)


@bends(is_search)
async def patient_required(asked: Asked, ask: Ask) -> Said:
    """A search names a patient, an identifier or ids (Epic); else 400."""
    if any(asked.values(name) for name in ("patient", "identifier", "_id")):
        return await ask(asked)
    return said(outcome("required", detail="59159"), 400)


@bends(is_search)
async def ids_only(asked: Asked, ask: Ask) -> Said:
    """Appointments are found by their ids alone (athenahealth); else 400."""
    if asked.values("_id"):
        return await ask(asked)
    return said(outcome("not-supported"), 400)


@bends(is_search)
async def roster_required(asked: Asked, ask: Ask) -> Said:
    """Ids, or a `date` and just one kind of actor (Oracle Health); else 400.

    Only what starts and also ends within the dates is found.
    """
    if asked.values("_id"):
        return await ask(asked)
    if sum(bool(asked.values(name)) for name in _ACTORS) != 1:
        return said(outcome("required"), 400)
    dates = sorted(value[:2] for value in asked.values("date"))
    if len(dates) > 1 and dates != ["ge", "lt"]:
        return said(outcome("invalid"), 400)
    answer = await ask(asked)
    page = answer.json()
    before = [value[2:] for value in asked.values("date") if value[:2] == "lt"]
    page["entry"] = [
        entry
        for entry in page.get("entry") or []
        if all(_ends_before(entry["resource"], limit) for limit in before)
    ]
    page.pop("total", None)
    return answer.with_json(page)


def _ends_before(resource: Resource, limit: str) -> bool:
    end = resource.get("end")
    if resource["resourceType"] != "Appointment" or end is None:
        return True
    return datetime.fromisoformat(end) <= datetime.fromisoformat(limit)


@bends(is_search)
async def search_capped(asked: Asked, ask: Ask) -> Said:
    """A search that would find more than three is refused (Epic's 59133)."""
    answer = await ask(asked)
    if answer.json().get("total", 0) <= _FEW:
        return answer
    return said(outcome("too-costly", detail="59133"), 400)


@spoils_pages
def search_cut_short(page: Resource, asked: Asked) -> None:
    """A search finds three at most, and adds an OperationOutcome (Epic's 4127)."""
    entries = page.get("entry") or []
    if page.get("total", len(entries)) > _FEW:
        warning = outcome("too-costly", detail="4127")
        entry = {"resource": warning, "search": {"mode": "outcome"}}
        page |= {"entry": [*entries[:_FEW], entry], "total": _FEW, "link": []}


@bends(is_anything)
async def short_urls(asked: Asked, ask: Ask) -> Said:
    """414 above 300 characters: no room for a list of ids."""
    return Said(status=414) if len(asked.url) > 300 else await ask(asked)


@remembers(is_search)
def stale_search() -> Bend:
    """A search is answered as it was the first time; reads are up to date."""
    first: dict[str, Said] = {}

    async def bend(asked: Asked, ask: Ask) -> Said:
        if asked.query not in first:
            first[asked.query] = await ask(asked)
        return first[asked.query]

    return bend


@bends(is_anything)
async def deleted_is_404(asked: Asked, ask: Ask) -> Said:
    """What was deleted was never there: 404, not 410."""
    answer = await ask(asked)
    if answer.status == 410:
        return said(outcome("not-found"), 404)
    return answer


@bends(is_anything)
async def long_ids(asked: Asked, ask: Ask) -> Said:
    """The ids of Appointments are 88 characters long (Epic)."""
    path, query = (
        _PADDED.sub(b"", each.encode()) for each in (asked.path, asked.query)
    )
    short = replace(
        asked,
        path=path.decode(),
        query=query.decode(),
        body=_PADDED.sub(b"", asked.body),
    )
    answer = await ask(short)
    found = answer.json()
    entries = [entry.get("resource", {}) for entry in found.get("entry") or []]
    names = {one["id"] for one in (found, *entries) if _is_appointment(one)}
    if not names:
        return answer
    body = orjson.dumps(found)
    for name in sorted(names, key=len, reverse=True):
        padded = f"{name}.{'e' * (_LONGEST_ID - 1 - len(name))}"
        body = body.replace(f'"{name}"'.encode(), f'"{padded}"'.encode())
        body = body.replace(f'/{name}"'.encode(), f'/{padded}"'.encode())
    return replace(answer, body=body)


def _is_appointment(resource: Resource) -> bool:
    return resource.get("resourceType") == "Appointment" and "id" in resource
