from datetime import timedelta

import pytest

from reminder.model.offsets import HoursBefore
from reminder.model.people import Channel, Preference
from reminder.model.rulesets import Rule, Step
from reminder.rules.steps import OWN_LEAD, Steps, steps_for
from tests.rules.examples import DAY, HOURS, WEEK, clinic


def test_the_clinics_steps_are_followed_unless_the_patient_chose():
    assert steps_for(clinic(), Preference()) == Steps((WEEK, DAY, HOURS))


def test_the_steps_of_all_rules_are_followed():
    two_rules = clinic(rules=(Rule("early", (WEEK,)), Rule("late", (DAY, HOURS))))

    assert steps_for(two_rules, Preference()) == Steps((WEEK, DAY, HOURS))


def test_the_patients_own_lead_takes_the_place_of_all_steps():
    call = Step("call", HoursBefore(48), (Channel.VOICE, Channel.SMS), "call")
    harbor = clinic(rules=(Rule("standard", (WEEK, call, HOURS)),))

    found = steps_for(harbor, Preference(lead=timedelta(days=1)))

    own = Step(OWN_LEAD, HoursBefore(24), (Channel.EMAIL, Channel.SMS, Channel.VOICE))
    assert found == Steps((own,), replaced=(WEEK, call, HOURS))


@pytest.mark.parametrize(
    ("lead", "hours"),
    [
        pytest.param(timedelta(hours=2), 2, id="the-shortest"),
        pytest.param(timedelta(days=7), 168, id="the-longest"),
        pytest.param(timedelta(minutes=20), 2, id="too-short"),
        pytest.param(timedelta(days=30), 168, id="too-long"),
        pytest.param(timedelta(minutes=200), 3, id="whole-hours"),
    ],
)
def test_a_lead_is_whole_hours_between_two_hours_and_a_week(lead, hours):
    (own,) = steps_for(clinic(), Preference(lead=lead)).followed

    assert own.offset == HoursBefore(hours)


def test_a_clinic_that_tells_nothing_is_not_made_to_by_a_preference():
    silent = clinic(rules=())

    assert steps_for(silent, Preference(lead=timedelta(days=1))) == Steps(())
