from dataclasses import replace
from datetime import timedelta

from structlog.testing import capture_logs

from reminder.ehr.errors import EHRRefused, EHRUnavailable
from reminder.flows.fresh import Fresh
from reminder.model.appointments import AppointmentKey, AppointmentStatus
from tests.flows.world import MAIN, NOW, House, patient, visit

LIMIT = timedelta(seconds=60)
KEY = visit().key
MINUTE = timedelta(minutes=1)


def fresh(house: House) -> Fresh:
    return Fresh({MAIN: house.ehr}, house.store.appointments, house.clock, LIMIT)


async def test_what_was_seen_within_the_limit_is_fresh(house: House) -> None:
    await house.read_and_plan(visit(), patient())
    people = await house.store.appointments.people([KEY.patient])

    house.clock.now = NOW + LIMIT
    at_the_limit = fresh(house).stale([KEY], people)
    house.clock.now += timedelta(milliseconds=1)
    past_it = fresh(house).stale([KEY], people)

    assert (at_the_limit, past_it) == (set(), {KEY})


async def test_a_visit_is_as_fresh_as_the_record_of_who_comes(house: House) -> None:
    await house.read_and_plan(visit(), patient())
    [person] = await house.store.appointments.people([KEY.patient])

    house.clock.now = NOW + LIMIT
    lately = replace(person, seen_at=NOW)
    long_ago = replace(person, seen_at=NOW - timedelta(hours=5))

    assert fresh(house).stale([KEY], [lately]) == set()
    assert fresh(house).stale([KEY], [long_ago]) == {KEY}


async def test_what_was_seen_by_a_clock_since_put_back_is_stale(house: House) -> None:
    await house.read_and_plan(visit(), patient())
    [person] = await house.store.appointments.people([KEY.patient])
    ahead = NOW + LIMIT + timedelta(milliseconds=1)
    (booking,) = person.appointments

    for wrong in (
        replace(person, seen_at=ahead),
        replace(person, appointments=(replace(booking, seen_at=ahead),)),
    ):
        assert fresh(house).stale([KEY], [wrong]) == {KEY}
    another_node = replace(person, seen_at=NOW + LIMIT)
    assert fresh(house).stale([KEY], [another_node]) == set()


async def test_what_nobody_knows_is_stale(house: House) -> None:
    assert fresh(house).stale([KEY], []) == {KEY}


async def test_what_is_read_again_is_fresh_as_of_the_question(house: House) -> None:
    await house.read_and_plan(visit(), patient())
    house.clock.move_on(minutes=5)
    asked_at = house.clock.now

    async def the_answer_takes_its_time() -> None:
        house.clock.move_on(seconds=30)

    house.ehr.meanwhile = the_answer_takes_its_time
    unknown = await fresh(house).read([KEY])

    [appointment] = await house.store.appointments.bookings("a1")
    assert unknown == {}
    assert appointment.seen_at == asked_at


async def test_each_id_is_asked_for_once(house: House) -> None:
    """A group appointment is one resource, however many come."""
    other = AppointmentKey(MAIN, "a1", "p2")
    house.ehr.put(visit(), replace(visit(), key=other), patient(), patient("p2"))

    await fresh(house).read([KEY, other])

    assert house.ehr.asked == [["a1"]]


async def test_an_ehr_that_refuses_leaves_all_unknown(house: House) -> None:
    house.ehr.error = EHRRefused("GET Appointment: 403")

    unknown = await fresh(house).read([KEY])

    assert unknown == {KEY: NOW + MINUTE}


async def test_a_short_wish_to_be_left_alone_is_a_minute_all_the_same(
    house: House,
) -> None:
    second = timedelta(seconds=1)
    house.ehr.error = EHRUnavailable("GET Appointment: 429", retry_after=second)

    assert await fresh(house).read([KEY]) == {KEY: NOW + MINUTE}


async def test_of_a_connection_that_is_no_more_everything_is_unknown(
    house: House,
) -> None:
    key = replace_connection(KEY)

    assert await fresh(house).read([key]) == {key: NOW + MINUTE}


def replace_connection(key: AppointmentKey) -> AppointmentKey:
    return key._replace(connection="elsewhere")


async def test_one_connection_that_is_down_leaves_the_others_alone(
    house: House,
) -> None:
    down = type(house.ehr)(error=EHRUnavailable("GET Appointment: 503"))
    house.ehr.put(visit(), patient())
    there, elsewhere = KEY, replace_connection(KEY)
    both = Fresh(
        {MAIN: house.ehr, "elsewhere": down},
        house.store.appointments,
        house.clock,
        LIMIT,
    )

    with capture_logs() as logs:
        unknown = await both.read([there, elsewhere])

    assert unknown.keys() == {elsewhere}
    assert [line["connection"] for line in logs] == ["elsewhere"]


async def test_one_that_is_closed_to_us_keeps_back_no_other(house: House) -> None:
    other = visit("a2", "p2").key
    house.ehr.put(visit(), patient(), visit("a2", "p2"), patient("p2"))
    house.ehr.closed = {"a2"}

    unknown = await fresh(house).read([KEY, other])

    assert unknown == {other: NOW + timedelta(minutes=5)}
    assert len(await house.store.appointments.bookings("a1")) == 1


async def test_where_very_many_are_closed_to_us_the_ehr_is_left_alone(
    house: House,
) -> None:
    keys = [visit(f"a{number}").key for number in range(40)]
    house.ehr.closed = {key.appointment_id for key in keys}

    unknown = await fresh(house).read(keys)

    assert unknown == dict.fromkeys(keys, NOW + MINUTE)
    assert len(house.ehr.asked) < 30


async def test_what_is_as_it_is_known_is_seen_without_being_read(house: House) -> None:
    await house.read_and_plan(visit(), patient())
    house.clock.move_on(minutes=5)

    unknown = await fresh(house).read([KEY])

    [appointment] = await house.store.appointments.bookings("a1")
    assert (unknown, appointment.seen_at) == ({}, house.clock.now)
    assert await house.store.appointments.to_plan(10) == []


async def test_what_the_ehr_seems_to_take_back_is_waited_for(house: House) -> None:
    """It may have asked an index that lags behind: nobody knows which holds."""
    await house.read_and_plan(visit(updated_at=NOW), patient())
    house.clock.move_on(minutes=5)
    house.ehr.change(
        KEY, status=AppointmentStatus.CANCELLED, updated_at=NOW - timedelta(seconds=1)
    )

    unknown = await fresh(house).read([KEY])
    house.clock.now = unknown[KEY]
    later = await fresh(house).read([KEY])

    assert unknown == {KEY: NOW + timedelta(minutes=10)}
    assert later == {}
    [appointment] = await house.store.appointments.bookings("a1")
    assert appointment.status is AppointmentStatus.CANCELLED


async def test_what_another_node_saw_meanwhile_is_not_waited_for(house: House) -> None:
    await house.read_and_plan(visit(), patient())
    house.clock.move_on(minutes=5)

    async def another_node_reads() -> None:
        house.clock.move_on(seconds=1)
        await house.store.appointments.keep(
            MAIN, [], unchanged=["a1"], seen_at=house.clock.now
        )

    house.ehr.meanwhile = another_node_reads

    assert await fresh(house).read([KEY]) == {}


async def test_what_a_clock_put_back_keeps_us_from_seeing_is_waited_for(
    house: House,
) -> None:
    """Twenty minutes ahead is too little to tell it from an answer under way."""
    house.clock.move_on(minutes=20)
    await house.read_and_plan(visit(), patient())
    house.clock.now = NOW
    house.ehr.change(KEY, status=AppointmentStatus.CANCELLED)

    assert (await fresh(house).read([KEY])).keys() == {KEY}


async def test_a_visit_that_was_cancelled_is_not_told_by_whatever_clock(
    house: House,
) -> None:
    await house.read_and_plan(visit(updated_at=NOW), patient())
    house.clock.move_on(minutes=10)
    house.ehr.change(
        KEY, status=AppointmentStatus.CANCELLED, updated_at=NOW - timedelta(seconds=1)
    )

    await house.dispatch.run()

    assert house.sent == []


async def test_after_our_clock_was_put_back_nobody_is_told_of_what_is_no_more(
    house: House,
) -> None:
    house.ehr.put(visit(), patient(), visit("a2", "p2"), patient("p2"))
    house.clock.move_on(hours=20)
    await house.sync.run(everything=True)
    house.clock.now = NOW
    await house.plan.run()
    house.ehr.change(KEY, status=AppointmentStatus.CANCELLED)
    house.ehr.delete("a2")
    house.clock.move_on(minutes=5)

    await house.dispatch.run()

    assert house.sent == []
