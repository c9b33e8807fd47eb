"""Knows which records the EHR merged: they are one person, who said things once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.people import PatientKey, Preference
from reminder.store.statements import one_of, table
from reminder.store.tables import PersonRow

T = TypeVar("T")

_PERSON = table(PersonRow)
_MERGED = _PERSON.c.survivor_id.is_not(None)


async def merged_with(
    session: AsyncSession, connection: str, patient_ids: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Of these ids those that were merged, each with all records of that person.

    The first is the record itself, the second the one that survived, if that
    is another. One statement where nobody was merged, two or three elsewhere.
    """
    survivors: dict[str, str] = {}
    asked: set[str] = set()
    new = set(patient_ids)
    while new:
        links = await _links(session, connection, sorted(new))
        survivors |= dict(links)
        asked |= new
        new = {*survivors, *survivors.values()} - asked
    if not survivors:
        return {}
    groups = _groups(survivors)
    return {
        one: _in_order(one, survivors, groups[one])
        for one in patient_ids
        if one in groups
    }


def same_person(key: PatientKey) -> Select[Any]:
    """The ids of the rows of all records of this person, to raise their revisions."""
    mine = _PERSON.c.connection == key.connection
    record = _PERSON.alias("record")
    survivor = (
        select(record.c.survivor_id)
        .where(
            record.c.connection == key.connection,
            record.c.patient_id == key.patient_id,
        )
        .scalar_subquery()
    )
    root = func.coalesce(survivor, key.patient_id)
    is_theirs = (
        (_PERSON.c.patient_id == key.patient_id)
        | (_PERSON.c.patient_id == root)
        | (_PERSON.c.survivor_id == root)
    )
    return select(_PERSON.c.id).where(mine, is_theirs)


def joined(preferences: Sequence[Preference]) -> Preference:
    """What one person said under several records, those first that count most.

    A stop under any of them holds; of wishes the first counts.
    """
    return Preference(
        channel=_first(one.channel for one in preferences),
        language=_first(one.language for one in preferences),
        lead=_first(one.lead for one in preferences),
        nothing=any(one.nothing for one in preferences),
        stopped_clinics=frozenset[str]().union(
            *(one.stopped_clinics for one in preferences)
        ),
        stopped_channels=frozenset().union(
            *(one.stopped_channels for one in preferences)
        ),
    )


def _first(wishes: Iterable[T | None]) -> T | None:
    return next((one for one in wishes if one is not None), None)


async def _links(
    session: AsyncSession, connection: str, ids: Sequence[str]
) -> list[tuple[str, str]]:
    replaced = one_of(session, _PERSON.c.patient_id, ids)
    replacing = one_of(session, _PERSON.c.survivor_id, ids)
    query = select(_PERSON.c.patient_id, _PERSON.c.survivor_id).where(
        _PERSON.c.connection == connection, _MERGED, replaced | replacing
    )
    return [(row.patient_id, row.survivor_id) for row in await session.execute(query)]


def _groups(survivors: Mapping[str, str]) -> dict[str, set[str]]:
    """For each record all that lead to, or come from, the same survivor."""
    groups: dict[str, set[str]] = {}
    for replaced, survivor in survivors.items():
        group = groups.get(replaced, {replaced}) | groups.get(survivor, {survivor})
        groups |= dict.fromkeys(group, group)
    return groups


def _in_order(
    one: str, survivors: Mapping[str, str], group: set[str]
) -> tuple[str, ...]:
    """The record itself, what it was replaced by, and the others by their ids."""
    order = [one]
    while (survivor := survivors.get(order[-1])) and survivor not in order:
        order.append(survivor)
    return (*order, *sorted(group.difference(order)))
