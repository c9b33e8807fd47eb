"""Beyond a lane's limits all waits its turn, but what a patient waits for goes."""

from datetime import timedelta

import pytest

from reminder.flows.lanes import Lane, Lanes
from reminder.model.messages import MessageKind, MessageState, NewMessage
from reminder.model.outcomes import Accepted, Deferred, Outcome, Rejected, Uncertain
from reminder.model.people import Channel, ContactPoint
from reminder.rules.sending_limits import SendingLimits
from tests.flows.world import NOW, SMS, TOMORROW, House, patient, visit

DAY = NOW.date()


def limited(house: House, **limits: float) -> None:
    """The phone has these limits from now on; the mail has none."""
    phone = Lane(house.phone, SendingLimits(**limits), house.store.sent_days)
    lanes = {Channel.EMAIL: [Lane(house.mail)], Channel.SMS: [phone]}
    house.lanes = Lanes(lanes, house.clock)
    house.dispatch = house.dispatching("one")


async def have_texts_due(house: House, number: int) -> None:
    """So many patients with nothing but a phone, each with a visit tomorrow."""
    for place in range(1000, 1000 + number):
        phone = ContactPoint(Channel.SMS, f"+1212555{place}")
        house.ehr.put(
            visit(f"a{place}", f"p{place}"),
            patient(f"p{place}", contact_points=(phone,)),
        )
    await house.sync.run(everything=True)
    await house.plan.run()


async def ask_for_a_link(house: House) -> None:
    """A patient waits for a text message of ours."""
    await house.store.queue.enqueue(
        NewMessage(
            kind=MessageKind.NEW_LINK,
            clinic_id="elm",
            to=SMS,
            language="en",
            template="new-link",
            appointments=(visit().key,),
            useful_until=TOMORROW,
        ),
        now=house.clock.now,
    )


async def used(house: House) -> int:
    return await house.store.sent_days.used("sms", DAY)


async def test_what_exceeds_the_pace_goes_moments_later(any_house: House) -> None:
    house = any_house
    limited(house, per_s=2)
    await have_texts_due(house, 5)

    rounds = []
    while True:
        report = await house.dispatch.run()
        rounds.append(report.sent)
        if report.again_in is None:
            break
        assert report.again_in == timedelta(seconds=0.5)
        house.clock.now += report.again_in

    assert rounds == [2, 1, 1, 1, 0]
    assert await house.messages() == {MessageState.SENT: 5}


async def test_what_waits_for_the_pace_is_not_a_message_yet(house: House) -> None:
    limited(house, per_s=2)
    await have_texts_due(house, 5)

    await house.dispatch.run()

    assert await house.messages() == {MessageState.SENT: 2}


async def test_the_pace_of_one_channel_holds_up_no_other(house: House) -> None:
    limited(house, per_s=1)
    await have_texts_due(house, 3)
    by_mail = (ContactPoint(Channel.EMAIL, "bo@example.org"),)
    await house.read_and_plan(
        visit("mailed", "mailed"), patient("mailed", contact_points=by_mail)
    )

    await house.dispatch.run()

    assert (len(house.phone.sent), len(house.mail.sent)) == (1, 1)


async def test_a_day_is_spread_and_the_rest_waits_unformed(any_house: House) -> None:
    house = any_house
    limited(house, per_day=24)
    await have_texts_due(house, 22)

    await house.dispatch.run()
    at_once = len(house.phone.sent)
    house.clock.move_on(hours=1)
    await house.dispatch.run()

    # An hour ahead of the clock: at 15:00 UTC sixteen of twenty-four.
    assert at_once == NOW.hour + 1 == 16
    assert len(house.phone.sent) == at_once + 1
    assert await used(house) == at_once + 1


async def test_what_a_patient_waits_for_goes_although_the_rest_has_to_wait(
    any_house: House,
) -> None:
    house = any_house
    limited(house, per_day=24)
    await have_texts_due(house, 22)
    await house.read_and_plan(visit(), patient(contact_points=(SMS,)))
    await house.dispatch.run()
    before = len(house.phone.sent)
    await ask_for_a_link(house)

    await house.dispatch.run()

    assert [one.to for one in house.phone.sent[before:]] == [SMS]


async def test_a_day_that_is_full_is_full_for_everybody(any_house: House) -> None:
    house = any_house
    limited(house, per_day=2)
    await house.store.sent_days.take("sms", DAY, [2], at_most=2)
    await have_texts_due(house, 1)
    await house.read_and_plan(visit(), patient(contact_points=(SMS,)))
    await ask_for_a_link(house)

    report = await house.dispatch.run()

    assert (house.phone.sent, report.again_in) == ([], None)
    assert await house.messages() == {MessageState.QUEUED: 1}


async def test_what_another_node_used_up_meanwhile_waits_for_the_next_day(
    any_house: House,
) -> None:
    house = any_house
    limited(house, per_day=24)
    await have_texts_due(house, 3)

    async def elsewhere() -> None:
        left = 24 - await used(house)
        await house.store.sent_days.take("sms", DAY, [left], at_most=24)

    # Two are in flight at once; the third comes after them.
    house.phone.meanwhile = elsewhere
    await house.dispatch.run()

    assert len(house.phone.sent) == 2
    assert await house.messages() == {MessageState.SENT: 2, MessageState.QUEUED: 1}
    due_at = await house.store.queue.next_due_at()
    assert due_at is not None
    assert due_at.date() == DAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("outcome", "counted"),
    [
        (Accepted("SM1"), 1),
        (Uncertain("ReadTimeout"), 1),
        (ZeroDivisionError("a bug"), 1),
        (Deferred("429"), 0),
        (Rejected("21211"), 0),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_what_certainly_did_not_go_is_not_counted(
    house: House, outcome: Outcome | Exception, counted: int
) -> None:
    limited(house, per_day=24)
    house.phone.answers = [outcome]
    await have_texts_due(house, 1)

    await house.dispatch.run()

    assert len(house.phone.sent) == 1
    assert await used(house) == counted


async def test_what_is_about_to_go_is_counted_before_it_goes(house: House) -> None:
    limited(house, per_day=24)
    await have_texts_due(house, 1)
    seen = []

    async def look() -> None:
        seen.append(await used(house))

    house.phone.meanwhile = look
    await house.dispatch.run()

    assert seen == [1]


def test_a_limit_a_day_needs_somebody_who_counts(house: House) -> None:
    with pytest.raises(ValueError, match="counts"):
        Lane(house.phone, SendingLimits(per_day=1))
