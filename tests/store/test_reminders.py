"""Plans are kept as the difference they make, at once, and repeatably."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from reminder.model.people import ContactPoint, PatientKey, Preference
from reminder.model.reasons import Reason
from reminder.model.reminders import (
    Decision,
    Person,
    PlanCounts,
    Planned,
    Reminder,
    ReminderState,
    Skipped,
)
from reminder.model.rulesets import RulesetDocument
from reminder.store.addresses import address_index
from reminder.store.keyring import KeyRing
from reminder.store.plan_writes import write_plans
from reminder.store.statements import table
from reminder.store.store import Store
from reminder.store.tables import ReminderRow
from tests.store.examples import (
    ADA,
    EMAIL,
    GUARDIAN_SMS,
    MAIN,
    NOW,
    SMS,
    START,
    booking,
    keep_plan,
    planned,
    reading,
    statements,
)
from tests.store.test_appointments import due, keep

_REMINDER = table(ReminderRow)
S = ReminderState


async def ada(store: Store) -> Person:
    """Ada as she is kept now."""
    [person] = await store.appointments.people([ADA.key])
    return person


async def booked(
    store: Store, start_at: datetime = START, print_: str = "f1"
) -> Person:
    await keep(store, reading(booking(start_at=start_at), fingerprint=print_))
    return await ada(store)


async def kept(store: Store) -> dict[tuple[str, datetime], Reminder]:
    reminders = await store.reminders.of_appointment("a1")
    return {(one.key.step_id, one.key.start_at): one for one in reminders}


async def states(store: Store) -> dict[tuple[str, datetime], str]:
    reminders = await kept(store)
    return {
        key: one.state if one.reason is None else f"{one.state}: {one.reason}"
        for key, one in reminders.items()
    }


async def happened(store: Store, step_id: str, **values: object) -> None:
    """What dispatch does to a reminder."""
    change = update(_REMINDER).where(_REMINDER.c.step_id == step_id).values(**values)
    async with store.database.write() as session:
        await session.execute(change)


def skip(decision: Planned, reason: Reason = Reason.CANCELLED) -> Skipped:
    return Skipped(decision.key, reason, decision.clinic_id)


WEEK, DAY = planned("week"), planned("day")


async def test_decisions_are_given_back_as_they_were_made(store: Store) -> None:
    person = await booked(store)

    counts = await keep_plan(store, person, [WEEK, skip(DAY)], now=NOW)

    reminders = await kept(store)
    told, skipped = reminders["week", START], reminders["day", START]
    assert counts == PlanCounts(planned=1, skipped=1)
    assert (told.state, told.reason, told.channel) == (S.PLANNED, None, EMAIL.channel)
    assert [getattr(told, name) for name in CONTENT] == [
        getattr(WEEK, name) for name in CONTENT
    ]
    assert (skipped.state, skipped.reason) == (S.SKIPPED, Reason.CANCELLED)
    assert (skipped.clinic_id, skipped.routes) == ("north", ())


CONTENT = ("key", "clinic_id", "template", "language", "routes", "due_at",
           "useful_until")  # fmt: skip


async def test_the_same_plan_again_writes_nothing(store: Store) -> None:
    person = await booked(store)
    await keep_plan(store, person, [WEEK, skip(DAY)], now=NOW)
    before = await kept(store)

    with statements() as seen:
        counts = await keep_plan(
            store, await ada(store), [WEEK, skip(DAY)], now=NOW + timedelta(hours=1)
        )

    assert counts == PlanCounts(unchanged=2)
    assert await kept(store) == before
    assert not [one for one in seen if "reminder" in one and "SELECT" not in one]


async def test_a_plan_kept_is_no_longer_due(store: Store) -> None:
    person = await booked(store)
    before = await due(store)

    await keep_plan(store, person, [WEEK], now=NOW)

    assert (before, await due(store)) == ({"p1"}, set())


async def test_a_plan_made_before_a_change_is_still_due(store: Store) -> None:
    person = await booked(store)
    await booked(store, START + timedelta(days=1), "f2")

    counts = await keep_plan(store, person, [WEEK], now=NOW)

    assert (counts, await states(store)) == (PlanCounts(), {})
    assert await due(store) == {"p1"}


async def test_what_came_back_from_a_message_since_follows_the_plan(
    store: Store,
) -> None:
    """Nobody planned since the person was read, but a message was given up."""
    await keep_plan(store, await booked(store), [WEEK], now=NOW)
    await happened(store, "week", state="in-message")
    await store.preferences.keep(ADA.key, Preference(), now=NOW)
    person = await ada(store)
    await happened(store, "week", state="planned", due_at=NOW)

    counts = await keep_plan(store, person, [WEEK], now=NOW)

    [kept] = (await ada(store)).kept
    assert (counts, kept.due_at) == (PlanCounts(planned=1), WEEK.due_at)
    assert await due(store) == set()


async def test_a_plan_made_by_rules_no_longer_in_force_is_not_kept(
    store: Store,
) -> None:
    await booked(store)
    for _ in range(2):
        await store.rulesets.save_draft(
            RulesetDocument(owner="elm"), by="Ana", note="", now=NOW, revision=None
        )
        await store.rulesets.publish("elm", by="Ana", note="", now=NOW, revision=None)

    old = await keep_plans(store, await ada(store), rules={"elm": 1})
    after_old = await due(store), await states(store)
    new = await keep_plans(store, await ada(store), rules={"elm": 2})

    assert (old, after_old) == (PlanCounts(), ({"p1"}, {}))
    assert (new, await due(store)) == (PlanCounts(planned=1), set())


async def keep_plans(
    store: Store, person: Person, *, rules: dict[str, int]
) -> PlanCounts:
    return await store.reminders.keep_plans([(person, [WEEK])], now=NOW, rules=rules)


async def test_a_plan_made_before_the_one_kept_changes_nothing(store: Store) -> None:
    earlier = await booked(store)
    later = await booked(store, START + timedelta(days=1), "f2")
    moved = planned("week", start_at=START + timedelta(days=1))
    await keep_plan(store, later, [moved], now=NOW)

    counts = await keep_plan(store, earlier, [WEEK], now=NOW)

    assert counts == PlanCounts()
    assert await states(store) == {("week", moved.key.start_at): "planned"}
    assert await due(store) == set()


async def test_a_moved_appointment_withdraws_and_plans_anew(store: Store) -> None:
    await keep_plan(store, await booked(store), [WEEK, DAY], now=NOW)
    await happened(store, "week", state=S.SENT.value)
    start = START + timedelta(days=1)
    person = await booked(store, start, "f2")
    new = [planned("week", start_at=start), planned("day", start_at=start)]

    counts = await keep_plan(store, person, new, now=NOW)

    assert counts == PlanCounts(planned=2, withdrawn=1)
    assert await states(store) == {
        ("week", START): "sent",
        ("day", START): "withdrawn: moved",
        ("week", start): "planned",
        ("day", start): "planned",
    }


async def test_moved_back_the_withdrawn_revives_and_the_sent_stays_sent(
    store: Store,
) -> None:
    await keep_plan(store, await booked(store), [WEEK, DAY], now=NOW)
    await happened(store, "week", state=S.SENT.value)
    start = START + timedelta(days=1)
    new = [planned("week", start_at=start), planned("day", start_at=start)]
    person = await booked(store, start, "f2")
    await keep_plan(store, person, new, now=NOW)

    person = await booked(store, START, "f3")
    counts = await keep_plan(store, person, [WEEK, DAY], now=NOW)

    assert counts == PlanCounts(planned=1, withdrawn=2, unchanged=1)
    assert await states(store) == {
        ("week", START): "sent",
        ("day", START): "planned",
        ("week", start): "withdrawn: moved",
        ("day", start): "withdrawn: moved",
    }


async def test_a_cancelled_appointment_withdraws_with_the_reason_decided(
    store: Store,
) -> None:
    await keep_plan(store, await booked(store), [WEEK], now=NOW)

    counts = await keep_plan(store, await ada(store), [skip(WEEK)], now=NOW)

    assert counts == PlanCounts(withdrawn=1)
    assert await states(store) == {("week", START): "withdrawn: cancelled"}


async def test_an_appointment_gone_and_a_step_gone_withdraw_what_was_planned(
    store: Store,
) -> None:
    await keep_plan(store, await booked(store), [WEEK, DAY], now=NOW)

    await keep_plan(store, await ada(store), [WEEK], now=NOW)
    without_step = await states(store)
    await store.appointments.mark_gone(MAIN, ["a1"], at=NOW)
    await keep_plan(store, await ada(store), [], now=NOW)

    assert without_step["day", START] == "withdrawn: no-longer-a-step"
    assert (await states(store))["week", START] == "withdrawn: gone"


async def test_a_planned_reminder_takes_over_a_new_address(
    store: Store, ring: KeyRing
) -> None:
    await keep_plan(store, await booked(store), [WEEK], now=NOW)
    by_sms = replace(WEEK, routes=(SMS,), due_at=WEEK.due_at + timedelta(hours=1))

    counts = await keep_plan(store, await ada(store), [by_sms], now=NOW)

    reminder = (await kept(store))["week", START]
    assert counts == PlanCounts(planned=1)
    assert (reminder.routes, reminder.channel) == ((SMS,), SMS.channel)
    assert reminder.due_at == by_sms.due_at
    async with store.database.read() as session:
        [row] = (await session.execute(select(_REMINDER))).all()
    assert (row.route, row.address_index) == (0, address_index(ring, SMS))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"due_at": NOW}, id="another-time"),
        pytest.param({"routes": (EMAIL, SMS, GUARDIAN_SMS)}, id="one-more-address"),
    ],
)
async def test_an_address_given_up_is_not_tried_again_when_the_plan_changes(
    store: Store, ring: KeyRing, change: dict[str, object]
) -> None:
    await keep_plan(store, await booked(store), [WEEK], now=NOW)
    at_sms = {"channel": "sms", "address_index": address_index(ring, SMS)}
    await happened(store, "week", route=1, **at_sms)

    await keep_plan(store, await ada(store), [replace(WEEK, **change)], now=NOW)

    async with store.database.read() as session:
        [row] = (await session.execute(select(_REMINDER))).all()
    assert (row.route, row.channel) == (1, "sms")
    assert row.address_index == address_index(ring, SMS)


@pytest.mark.parametrize(
    ("given_up", "routes", "to"),
    [
        pytest.param(0, (SMS, EMAIL), SMS, id="none-given-up-the-new-first"),
        pytest.param(0, (GUARDIAN_SMS, EMAIL), GUARDIAN_SMS, id="a-new-address-first"),
        pytest.param(1, (GUARDIAN_SMS, SMS), GUARDIAN_SMS, id="new-and-never-tried"),
        pytest.param(1, (EMAIL, GUARDIAN_SMS), GUARDIAN_SMS, id="past-the-given-up"),
        pytest.param(1, (EMAIL,), EMAIL, id="nothing-else-is-left"),
    ],
)
async def test_routes_in_another_order_begin_with_the_first_not_given_up(
    store: Store,
    ring: KeyRing,
    given_up: int,
    routes: tuple[ContactPoint, ...],
    to: ContactPoint,
) -> None:
    """The plan before has e-mail first, then SMS."""
    await keep_plan(store, await booked(store), [WEEK], now=NOW)
    await happened(store, "week", route=given_up)

    await keep_plan(store, await ada(store), [replace(WEEK, routes=routes)], now=NOW)

    async with store.database.read() as session:
        [row] = (await session.execute(select(_REMINDER))).all()
    assert (row.route, row.channel) == (routes.index(to), to.channel.value)
    assert row.address_index == address_index(ring, to)


async def test_a_stop_that_is_taken_back_gives_the_first_address_back(
    store: Store,
) -> None:
    await keep_plan(store, await booked(store), [WEEK], now=NOW)
    stopped = replace(WEEK, routes=WEEK.routes[1:])
    await keep_plan(store, await ada(store), [stopped], now=NOW)

    await keep_plan(store, await ada(store), [WEEK], now=NOW)

    assert (await kept(store))["week", START].channel is EMAIL.channel


async def test_a_revived_reminder_begins_with_its_first_address(store: Store) -> None:
    await keep_plan(store, await booked(store), [WEEK], now=NOW)
    await happened(
        store, "week", route=1, channel="sms", state="withdrawn", reason="moved"
    )

    await keep_plan(store, await ada(store), [WEEK], now=NOW)

    async with store.database.read() as session:
        [row] = (await session.execute(select(_REMINDER))).all()
    assert (row.state, row.reason, row.route, row.channel) == (
        "planned", None, 0, "email",
    )  # fmt: skip


# SQLite has one writer at a time: there nothing comes in between.
@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_reminder_claimed_while_its_plan_was_written_stays_claimed(
    store: Store,
) -> None:
    await keep_plan(store, await booked(store), [WEEK], now=NOW)
    person = await ada(store)

    async with store.database.write() as session:
        # The plan reads the reminder as planned, while this claim is open.
        claim = update(_REMINDER).values(state=S.IN_MESSAGE.value)
        await session.execute(claim)
        plan = asyncio.create_task(keep_plan(store, person, [skip(WEEK)], now=NOW))
        await waiting(store)
    await plan

    assert await states(store) == {("week", START): "in-message"}


async def waiting(store: Store) -> None:
    """Until another transaction waits for a lock of ours."""
    blocked = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    async with asyncio.timeout(10):
        while True:
            async with store.database.read() as session:
                if await session.scalar(blocked):
                    return
            await asyncio.sleep(0.01)


async def test_nodes_that_keep_the_same_plan_at_once_keep_it_once(
    store: Store,
) -> None:
    ids = [f"p{one}" for one in range(40)]
    await keep(store, *(reading(booking(one, one)) for one in ids))
    people = await store.appointments.people([PatientKey(MAIN, one) for one in ids])
    plans: list[tuple[Person, Sequence[Decision]]] = [
        (one, [planned("week", one.key.patient_id, one.key.patient_id)])
        for one in people
    ]

    counts = await asyncio.gather(
        store.reminders.keep_plans(plans, now=NOW),
        store.reminders.keep_plans(plans[::-1], now=NOW),
        store.reminders.keep_plans(plans[10:30], now=NOW),
    )

    assert sum(one.planned for one in counts) == 40
    assert await store.reminders.counts() == {S.PLANNED: 40}
    assert await due(store) == set()


async def test_a_failure_half_way_keeps_nothing_of_the_plan(
    store: Store, ring: KeyRing
) -> None:
    person = await booked(store)

    async def keep_and_stumble() -> None:
        async with store.database.write() as session:
            await write_plans(session, ring, [(person, [WEEK])], now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await keep_and_stumble()

    assert await states(store) == {}
    assert await due(store) == {"p1"}


async def test_many_plans_take_as_many_statements_as_one(store: Store) -> None:
    ids = [f"p{one}" for one in range(300)]
    await keep(store, *(reading(booking(one, one)) for one in ids))
    people = await store.appointments.people([PatientKey(MAIN, one) for one in ids])

    with statements() as seen:
        counts = await store.reminders.keep_plans(
            [
                (
                    one,
                    [
                        planned("week", one.key.patient_id, one.key.patient_id),
                        skip(planned("day", one.key.patient_id, one.key.patient_id)),
                    ],
                )
                for one in people
            ],
            now=NOW,
        )

    assert counts == PlanCounts(planned=300, skipped=300)
    assert len(seen) == 3


async def test_states_and_reasons_are_counted(store: Store) -> None:
    await keep(store, reading(booking()), reading(booking("a2", "p1")))
    two = planned("week", "a2")
    decisions = [WEEK, skip(DAY), skip(two, Reason.OPTED_OUT)]
    await keep_plan(store, await ada(store), decisions, now=NOW)
    await keep_plan(
        store, await ada(store), [skip(WEEK, Reason.PAST), *decisions[1:]], now=NOW
    )

    assert await store.reminders.counts() == {S.WITHDRAWN: 1, S.SKIPPED: 2}
    assert await store.reminders.reason_counts() == {
        Reason.CANCELLED: 1,
        Reason.OPTED_OUT: 1,
    }
    assert await store.reminders.tries_of("a1") == []
