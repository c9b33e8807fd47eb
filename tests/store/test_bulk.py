"""Many rows written at once are what SQLAlchemy would write one by one."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from reminder.store.bulk import insert_missing, update_each
from reminder.store.plan_rows import IDENTITY
from reminder.store.statements import table
from reminder.store.store import Store
from reminder.store.tables import ReminderRow

_REMINDER = table(ReminderRow)
_AT = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)

Line = dict[str, Any]


def line(number: int = 1, **changes: Any) -> Line:
    """A row with something in every column."""
    return {
        "id": UUID(int=number),
        "connection": "main",
        "appointment_id": f"a{number}",
        "patient_id": "p1",
        "step_id": "day",
        "start_at": _AT + timedelta(days=3),
        "n": 0,
        "state": "planned",
        "reason": None,
        "clinic_id": "elm",
        "template": "reminder",
        "language": "en",
        "channel": "email",
        "address_index": b"\x00\xff\\'\"",
        "route": 1,
        "due_at": _AT,
        "useful_until": _AT + timedelta(microseconds=1),
        "wanted_at": None,
        "rule_id": "standard",
        "together": "",
        "urgency": 1,
        "notes": "at-once",
        "message_id": None,
        "told_at": None,
        "changed_at": _AT,
        "sealed": b"",
    } | changes


async def there(store: Store) -> list[Line]:
    """All rows as SQLAlchemy reads them, in the order of their ids."""
    query = select(_REMINDER).order_by(_REMINDER.c.id)
    async with store.reminders._database.read() as session:
        return [dict(row._mapping) for row in await session.execute(query)]


async def put(store: Store, *rows: Line) -> None:
    """Write rows as SQLAlchemy does."""
    async with store.reminders._database.write() as session:
        await session.execute(insert(_REMINDER), list(rows))


async def add(store: Store, rows: Sequence[Line]) -> None:
    async with store.reminders._database.write() as session:
        await insert_missing(session, _REMINDER, rows, unless=IDENTITY)


async def change(
    store: Store, rows: Sequence[Line], guard: Sequence[str] = ("state",)
) -> None:
    async with store.reminders._database.write() as session:
        await update_each(session, _REMINDER, rows, guard=guard)


async def test_rows_are_inserted_as_they_are(store: Store) -> None:
    rows = [line(number) for number in (1, 2, 3)]

    await add(store, rows)

    assert await there(store) == rows


async def test_rows_are_found_by_what_sqlalchemy_writes_for_the_same(
    store: Store,
) -> None:
    await add(store, [line()])

    same = [getattr(_REMINDER.c, name) == value for name, value in line().items()]
    async with store.reminders._database.read() as session:
        found = await session.execute(select(_REMINDER.c.id).where(*same))

    assert found.scalars().all() == [line()["id"]]


async def test_a_row_that_is_there_already_stays_as_it_is(store: Store) -> None:
    await put(store, line(1, template="first"))

    await add(store, [line(1, id=uuid4(), template="second"), line(2)])

    assert await there(store) == [line(1, template="first"), line(2)]


async def test_each_row_gets_its_own_values(store: Store) -> None:
    await put(store, line(1), line(2), line(3))

    await change(
        store,
        [
            {"id": UUID(int=2), "was_state": "planned", "template": "b", "route": 2},
            {"id": UUID(int=1), "was_state": "planned", "template": "a", "route": 0},
        ],
    )

    assert await there(store) == [
        line(1, template="a", route=0),
        line(2, template="b", route=2),
        line(3),
    ]


async def test_a_row_that_is_otherwise_by_now_stays_as_it_is(store: Store) -> None:
    await put(store, line(1, state="in-message"), line(2))

    await change(
        store,
        [
            {"id": UUID(int=number), "was_state": "planned", "state": "withdrawn"}
            for number in (1, 2)
        ],
    )

    assert await there(store) == [
        line(1, state="in-message"),
        line(2, state="withdrawn"),
    ]


async def test_without_a_guard_every_row_is_written(store: Store) -> None:
    await put(store, line(1, state="in-message"))

    await change(store, [{"id": UUID(int=1), "state": "planned"}], guard=())

    assert await there(store) == [line(1)]


async def test_a_row_nobody_has_is_not_made(store: Store) -> None:
    await change(store, [{"id": UUID(int=1), "was_state": "planned", "route": 2}])

    assert await there(store) == []


async def test_no_rows_change_nothing(store: Store) -> None:
    await add(store, [])
    await change(store, [])

    assert await there(store) == []


async def test_a_whole_batch_is_written_at_once(store: Store) -> None:
    rows = [line(number) for number in range(2500)]
    later = [row | {"due_at": _AT + timedelta(minutes=row["id"].int)} for row in rows]

    await add(store, rows)
    await change(
        store,
        [
            {"id": row["id"], "was_state": "planned", "due_at": row["due_at"]}
            for row in reversed(later)
        ],
    )

    assert await there(store) == later


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(datetime(2027, 3, 14, 2, 30, tzinfo=UTC), id="no microseconds"),
        pytest.param(datetime(1, 1, 1, tzinfo=UTC), id="the first day there is"),
        pytest.param(
            datetime(2027, 3, 1, 9, tzinfo=timezone(timedelta(hours=5, minutes=45))),
            id="another offset",
        ),
    ],
)
async def test_an_instant_is_kept_wherever_it_was_said(
    store: Store, at: datetime
) -> None:
    await add(store, [line(due_at=at)])
    await change(store, [{"id": UUID(int=1), "was_state": "planned", "told_at": at}])

    [row] = await there(store)
    assert row["due_at"] == row["told_at"] == at


_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
_WORDS = st.one_of(_TEXT, st.sampled_from(['"', "\\", "{},", "NULL", " ", "\\N", "%s"]))
_INSTANTS = st.datetimes(timezones=st.just(UTC))


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    words=st.lists(_WORDS, min_size=1, max_size=8),
    cell=st.none() | st.binary(),
    at=st.none() | _INSTANTS,
    number=st.integers(-(2**31), 2**31 - 1),
    row_id=st.uuids(),
)
async def test_any_value_comes_back_as_it_was(
    store: Store,
    words: list[str],
    cell: bytes | None,
    at: datetime | None,
    number: int,
    row_id: UUID,
) -> None:
    async with store.reminders._database.write() as session:
        await session.execute(delete(_REMINDER))
    rows = [
        line(place, rule_id=word, reason=word or None, sealed=cell, told_at=at)
        for place, word in enumerate(words)
    ]
    rows[0] |= {"id": row_id, "urgency": number}

    await add(store, rows)
    await change(
        store,
        [
            {"id": row["id"], "was_rule_id": row["rule_id"], "template": row["rule_id"]}
            for row in rows
        ],
        guard=("rule_id",),
    )

    by_id = sorted(rows, key=lambda row: row["id"].int)
    assert await there(store) == [row | {"template": row["rule_id"]} for row in by_id]
