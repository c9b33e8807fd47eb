"""Writes the difference between plans and what is kept: one statement a kind."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.people import ContactPoint, PatientKey
from reminder.model.reminders import (
    Decision,
    Person,
    PlanCounts,
    Planned,
    Reminder,
    ReminderState,
)
from reminder.store import plan_rows
from reminder.store.batches import batches
from reminder.store.bulk import insert_missing, update_each
from reminder.store.keyring import KeyRing
from reminder.store.plan_difference import Difference, difference
from reminder.store.plan_kept import kept_now, routes_now, theirs
from reminder.store.plan_rows import Line
from reminder.store.rulesets import published_versions
from reminder.store.statements import one_of, table
from reminder.store.tables import PersonRow, ReminderRow

_PERSON = table(PersonRow)
_REMINDER = table(ReminderRow)

Plan = tuple[Person, Sequence[Decision]]


@dataclass(slots=True)
class _Work:
    """What has to be written for some plans, and what it comes to."""

    new: list[Line] = field(default_factory=list)
    anew: list[Line] = field(default_factory=list)
    otherwise: list[Line] = field(default_factory=list)
    elsewhere: list[tuple[Reminder, Planned]] = field(default_factory=list)
    set_aside: list[Line] = field(default_factory=list)
    counts: PlanCounts = PlanCounts()


async def write_plans(
    session: AsyncSession,
    ring: KeyRing,
    plans: Sequence[Plan],
    *,
    now: datetime,
    rules: Mapping[str, int] | None = None,
) -> PlanCounts:
    """Make what is kept say what was decided; plans others overtook change nothing.

    Neither do plans made by other `rules` than those in force, if it is given.
    """
    by_key = {person.key: (person, decisions) for person, decisions in plans}
    rows = await _lock(session, by_key)
    # Asked while we hold these people: who puts other rules in force has them
    # planned again, before or after us.
    if rules is not None and await published_versions(session) != rules:
        return PlanCounts()
    current = [row for row in rows if _is_current(row, by_key[_key(row)][0])]
    people = {_key(row): by_key[_key(row)][0] for row in current}
    planned = {_key(row): row.planned_revision for row in current}
    kept = await kept_now(session, ring, people, planned)
    work = _Work()
    for key, person in people.items():
        _add(work, ring, difference(person, by_key[key][1], kept[key]), now)
    work.anew += await _elsewhere(session, ring, work.elsewhere, now)
    await _write(session, work)
    await _settle(session, current)
    return work.counts


def _is_current(row: Row[Any], person: Person) -> bool:
    """Whether nothing has changed since the plan was made; else it stays due."""
    return bool(row.revision == person.revision)


def _add(work: _Work, ring: KeyRing, changes: Difference, now: datetime) -> None:
    work.new += (plan_rows.new_row(ring, one, now) for one in changes.new)
    for before, decision in changes.told:
        if before.state is not ReminderState.PLANNED:
            work.anew.append(plan_rows.told_anew(ring, before, decision, 0, now))
        elif before.routes == decision.routes:
            work.otherwise.append(plan_rows.told_otherwise(before, decision, now))
        else:
            work.elsewhere.append((before, decision))
    work.set_aside += (plan_rows.set_aside(one, now) for one in changes.set_aside)
    work.counts += _count(changes)


async def _elsewhere(
    session: AsyncSession,
    ring: KeyRing,
    changes: Sequence[tuple[Reminder, Planned]],
    now: datetime,
) -> list[Line]:
    """Reminders still to be told, whose addresses are others now."""
    routes = await routes_now(session, [before.reminder_id for before, _ in changes])
    lines = []
    for before, decision in changes:
        given_up = before.routes[: routes[before.reminder_id]]
        route = _route(decision, given_up)
        lines.append(plan_rows.told_anew(ring, before, decision, route, now))
    return lines


def _route(decision: Planned, given_up: Sequence[ContactPoint]) -> int:
    """Where to go on: at the first address not given up; at the top if all were."""
    routes = enumerate(decision.routes)
    return next((place for place, to in routes if to not in given_up), 0)


def _count(changes: Difference) -> PlanCounts:
    planned = sum(isinstance(one, Planned) for one in changes.new)
    withdrawn = sum(one.state is ReminderState.WITHDRAWN for one in changes.set_aside)
    return PlanCounts(
        planned=planned + len(changes.told),
        skipped=len(changes.new) - planned + len(changes.set_aside) - withdrawn,
        withdrawn=withdrawn,
        unchanged=changes.unchanged,
    )


async def _lock(
    session: AsyncSession, keys: Iterable[PatientKey]
) -> Sequence[Row[Any]]:
    """Hold these people's rows, so that two nodes do not plan one person at once."""
    column = _PERSON.c
    held = select(
        column.id,
        column.connection,
        column.patient_id,
        column.revision,
        column.planned_revision,
    )
    rows: list[Row[Any]] = []
    for where in theirs(session, _PERSON, keys):
        query = held.where(*where).order_by(column.id).with_for_update()
        rows.extend(await session.execute(query))
    return rows


async def _write(session: AsyncSession, work: _Work) -> None:
    await insert_missing(session, _REMINDER, work.new, unless=plan_rows.IDENTITY)
    for rows in (work.anew, work.otherwise, work.set_aside):
        await update_each(session, _REMINDER, rows, guard=("state",))


async def _settle(session: AsyncSession, persons: Sequence[Row[Any]]) -> None:
    """Nothing has changed since these plans were made: they are no longer due."""
    for ids in batches(row.id for row in persons):
        done = update(_PERSON).where(one_of(session, _PERSON.c.id, ids))
        await session.execute(done.values(planned_revision=_PERSON.c.revision))


def _key(row: Row[Any]) -> PatientKey:
    return PatientKey(row.connection, row.patient_id)
