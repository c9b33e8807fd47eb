from datetime import timedelta

import pytest

from reminder.model.offsets import HoursBefore
from reminder.model.people import Channel, Preference
from reminder.model.rulesets import InsidePolicy, Leads, Step, UnlessConfirmed
from reminder.rules.offsets import parse_offset
from reminder.rules.prepared import prepared_step
from reminder.rules.steps import OWN_LEAD, steps_for
from tests.rules.examples import DAY, HOURS, WEEK

BOOKED = Step("booked", parse_offset("when booked"), (Channel.EMAIL,), "booked")
THANKS = Step("thanks", parse_offset("2 hours after"), (Channel.EMAIL,), "thanks")


def prepare(*steps):
    return tuple(prepared_step(step) for step in steps)


def ids(steps):
    return [one.step_id for one in steps]


def own(lead, *steps, leads=Leads()):  # noqa: B008 - it is frozen
    found = steps_for(prepare(*steps), Preference(lead=lead), leads)
    return next(one for one in found.followed if one.step_id == OWN_LEAD).step


def test_without_a_lead_of_their_own_the_rules_steps_are_followed():
    steps = prepare(WEEK, DAY)

    assert steps_for(steps, Preference(), Leads()) == (steps, ())


def test_a_lead_of_their_own_takes_the_place_of_the_steps_before_the_visit_only():
    found = steps_for(
        prepare(BOOKED, WEEK, DAY, THANKS),
        Preference(lead=timedelta(hours=5)),
        Leads(),
    )

    assert ids(found.followed) == [OWN_LEAD, "booked", "thanks"]
    assert ids(found.replaced) == ["week", "day"]


@pytest.mark.parametrize(
    ("lead", "hours"),
    [
        pytest.param(timedelta(hours=48), 48, id="as-chosen"),
        pytest.param(timedelta(minutes=150), 2, id="in-whole-hours"),
        pytest.param(timedelta(minutes=5), 2, id="not-shorter-than-the-clinic-allows"),
        pytest.param(timedelta(days=30), 168, id="not-longer-than-the-clinic-allows"),
    ],
)
def test_a_lead_lies_within_what_the_clinic_allows(lead, hours):
    assert own(lead, WEEK).offset == HoursBefore(hours)


def test_a_clinic_may_allow_less():
    leads = Leads(timedelta(hours=24), timedelta(hours=72))

    assert own(timedelta(days=7), WEEK, leads=leads).offset == HoursBefore(72)


def test_a_clinic_that_allows_no_choice_keeps_its_steps():
    steps = prepare(WEEK)

    found = steps_for(steps, Preference(lead=timedelta(hours=5)), Leads(allowed=False))

    assert found == (steps, ())


def test_it_goes_by_all_channels_of_the_steps_it_stands_for_in_their_order():
    step = own(timedelta(hours=5), WEEK, DAY, HOURS)

    assert step.channels == (Channel.EMAIL, Channel.SMS)
    assert step.template == "reminder"


def test_it_keeps_the_conditions_that_all_of_them_have():
    unless = UnlessConfirmed()
    week = Step("w", WEEK.offset, WEEK.channels, conditions=(unless,))
    day = Step("d", DAY.offset, DAY.channels)

    assert own(timedelta(hours=5), week).conditions == (unless,)
    assert own(timedelta(hours=5), week, day).conditions == ()


def test_it_is_told_at_once_if_any_of_them_would_be():
    at_once = Step("w", WEEK.offset, WEEK.channels, inside=InsidePolicy.AT_ONCE)

    assert own(timedelta(hours=5), at_once, DAY).inside is InsidePolicy.AT_ONCE
    assert own(timedelta(hours=5), WEEK, DAY).inside is InsidePolicy.SKIP


def test_it_is_never_shorter_than_an_hour():
    leads = Leads(timedelta(minutes=10), timedelta(days=1))

    assert own(timedelta(minutes=20), WEEK, leads=leads).offset == HoursBefore(1)


@pytest.mark.parametrize("steps", [(), (BOOKED, THANKS)])
def test_a_rule_that_tells_nothing_before_a_visit_is_not_made_to(steps):
    found = steps_for(prepare(*steps), Preference(lead=timedelta(hours=5)), Leads())

    assert ids(found.followed) == [step.step_id for step in steps]
    assert found.replaced == ()
