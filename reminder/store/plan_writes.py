"""Writes the difference between plans and what is kept: one statement a kind."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, Select, Table, Update, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.people import ContactPoint, PatientKey
from reminder.model.reminders import (
    Decision,
    Person,
    PlanCounts,
    Planned,
    ReminderState,
    Skipped,
)
from reminder.model.rulesets import Urgency
from reminder.store.addresses import address_index, seal_routes
from reminder.store.batches import batches
from reminder.store.keyring import KeyRing
from reminder.store.plan_difference import Difference, SetAside, difference
from reminder.store.reminder_rows import to_reminder
from reminder.store.statements import insert, table
from reminder.store.tables import InstanceRow, PersonRow, ReminderRow

_PERSON = table(PersonRow)
_REMINDER = table(ReminderRow)
_INSTANCE = table(InstanceRow)
_IDENTITY = ("connection", "appointment_id", "patient_id", "step_id", "start_at", "n")

Plan = tuple[Person, Sequence[Decision]]


def _change(*names: str) -> Update:
    """An UPDATE of one row each, but not of one a claim has taken meanwhile."""
    return (
        update(_REMINDER)
        .where(
            _REMINDER.c.id == bindparam("row_id"), _REMINDER.c.state == bindparam("was")
        )
        .values({name: bindparam(name) for name in names})
    )


_HAPPENED = {"message_id", "told_at"}
"""Columns that say what became of a decision."""

_TELL = _change(
    *(one.name for one in _REMINDER.c if one.name not in {"id", *_IDENTITY, *_HAPPENED})
)
_SET_ASIDE = _change("state", "reason", "clinic_id", "rule_id", "changed_at")


@dataclass(slots=True)
class _Work:
    """What has to be written for some plans, and what it comes to."""

    new: list[dict[str, Any]] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    set_aside: list[dict[str, Any]] = field(default_factory=list)
    counts: PlanCounts = PlanCounts()


async def write_plans(
    session: AsyncSession,
    ring: KeyRing,
    plans: Sequence[Plan],
    *,
    now: datetime,
    rules: str | None = None,
) -> PlanCounts:
    """Make what is kept say what was decided; plans others overtook change nothing.

    Neither do plans made by other `rules` than those in force, if it is given.
    """
    by_key = {person.key: (person, decisions) for person, decisions in plans}
    persons = await _lock(session, by_key)
    # Asked while we hold these people: who puts other rules in force has them
    # planned again, before or after us.
    if rules is not None and await _in_force(session) != rules:
        return PlanCounts()
    for row in persons:
        if row.planned_revision > by_key[_key(row)][0].revision:
            del by_key[_key(row)]
    kept = await _kept(session, by_key)
    work = _Work()
    for key, (person, decisions) in by_key.items():
        rows = kept.get(key, [])
        reminders = [to_reminder(ring, row) for row in rows]
        _add(work, ring, difference(person, decisions, reminders), rows, now)
    await _write(session, work)
    await _settle(session, [row for row in persons if _is_settled(row, by_key)])
    return work.counts


def _add(
    work: _Work,
    ring: KeyRing,
    changes: Difference,
    rows: Sequence[Row[Any]],
    now: datetime,
) -> None:
    routes = {row.id: row.route for row in rows}
    work.new += (_new(ring, decision, now) for decision in changes.new)
    for kept, decision in changes.told:
        route = 0
        if kept.state is ReminderState.PLANNED:
            route = _route(decision, kept.routes[routes[kept.reminder_id]])
        values = _told(ring, kept.reminder_id, decision, route, now)
        work.told.append(values | {"row_id": kept.reminder_id, "was": kept.state.value})
    work.set_aside += (_aside(one, now) for one in changes.set_aside)
    work.counts += _count(changes)


def _route(decision: Planned, current: ContactPoint) -> int:
    """Where to go on: an address given up before is not tried again from the top."""
    routes = decision.routes
    return routes.index(current) if current in routes else 0


def _new(ring: KeyRing, decision: Decision, now: datetime) -> dict[str, Any]:
    key, row_id = decision.key, uuid4()
    identity = {
        "id": row_id,
        "connection": key.appointment.connection,
        "appointment_id": key.appointment.appointment_id,
        "patient_id": key.appointment.patient_id,
        "step_id": key.step_id,
        "start_at": key.start_at,
        "n": key.n,
    }
    if isinstance(decision, Planned):
        return identity | _told(ring, row_id, decision, 0, now)
    return identity | _skipped(decision, now)


def _told(
    ring: KeyRing, row_id: UUID, decision: Planned, route: int, now: datetime
) -> dict[str, Any]:
    to = decision.routes[route]
    return {
        "state": ReminderState.PLANNED.value,
        "reason": None,
        "clinic_id": decision.clinic_id,
        "template": decision.template,
        "language": decision.language,
        "channel": to.channel.value,
        "address_index": address_index(ring, to),
        "route": route,
        "due_at": decision.due_at,
        "useful_until": decision.useful_until,
        "wanted_at": decision.wanted_at,
        "rule_id": decision.rule_id,
        "together": decision.together,
        "urgency": decision.urgency.value,
        "notes": " ".join(decision.notes),
        "changed_at": now,
        "sealed": seal_routes(ring, row_id, decision.routes),
    }


def _skipped(decision: Skipped, now: datetime) -> dict[str, Any]:
    return {
        "state": ReminderState.SKIPPED.value,
        "reason": decision.reason.value,
        "clinic_id": decision.clinic_id,
        "template": "",
        "language": "",
        "channel": None,
        "address_index": None,
        "route": 0,
        "due_at": None,
        "useful_until": None,
        "wanted_at": None,
        "rule_id": decision.rule_id,
        "together": "",
        "urgency": Urgency.NORMAL.value,
        "notes": "",
        "changed_at": now,
        "sealed": None,
    }


def _aside(one: SetAside, now: datetime) -> dict[str, Any]:
    return {
        "row_id": one.reminder.reminder_id,
        "was": one.reminder.state.value,
        "state": one.state.value,
        "reason": one.reason.value,
        "clinic_id": one.clinic_id,
        "rule_id": one.rule_id,
        "changed_at": now,
    }


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
    rows: list[Row[Any]] = []
    for some in _theirs(select(_PERSON), _PERSON, keys):
        query: Select[Any] = some.with_only_columns(
            column.id,
            column.connection,
            column.patient_id,
            column.revision,
            column.planned_revision,
        )
        rows += await session.execute(query.order_by(column.id).with_for_update())
    return rows


async def _in_force(session: AsyncSession) -> str | None:
    query = select(_INSTANCE.c.rules_fingerprint)
    fingerprint: str | None = (await session.execute(query)).scalar()
    return fingerprint


async def _kept(
    session: AsyncSession, keys: Iterable[PatientKey]
) -> dict[PatientKey, list[Row[Any]]]:
    kept: dict[PatientKey, list[Row[Any]]] = defaultdict(list)
    for some in _theirs(select(_REMINDER), _REMINDER, keys):
        for row in await session.execute(some):
            kept[_key(row)].append(row)
    return kept


def _theirs(
    query: Select[Any], source: Table, keys: Iterable[PatientKey]
) -> Iterator[Select[Any]]:
    """`query` for the rows of these people, as often as their number asks for."""
    by_connection: dict[str, list[str]] = defaultdict(list)
    for connection, patient_id in keys:
        by_connection[connection].append(patient_id)
    for connection in sorted(by_connection):
        for some in batches(sorted(by_connection[connection])):
            yield query.where(
                source.c.connection == connection, source.c.patient_id.in_(some)
            )


async def _write(session: AsyncSession, work: _Work) -> None:
    """The order of ids keeps two nodes from waiting for each other for ever."""
    if work.new:
        add = insert(session, ReminderRow).on_conflict_do_nothing(
            index_elements=_IDENTITY
        )
        await session.execute(add, work.new)
    for statement, rows in ((_TELL, work.told), (_SET_ASIDE, work.set_aside)):
        if rows:
            await session.execute(
                statement, sorted(rows, key=lambda row: row["row_id"])
            )


def _is_settled(row: Row[Any], plans: dict[PatientKey, Plan]) -> bool:
    plan = plans.get(_key(row))
    return plan is not None and row.revision == plan[0].revision


async def _settle(session: AsyncSession, persons: Sequence[Row[Any]]) -> None:
    """Nothing has changed since these plans were made: they are no longer due."""
    for ids in batches(row.id for row in persons):
        done = update(_PERSON).where(_PERSON.c.id.in_(ids))
        await session.execute(done.values(planned_revision=_PERSON.c.revision))


def _key(row: Row[Any]) -> PatientKey:
    return PatientKey(row.connection, row.patient_id)
