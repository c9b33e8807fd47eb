from dataclasses import replace
from datetime import time, timedelta

import pytest

from reminder.model.appointments import AppointmentStatus, Place
from reminder.model.clinics import ClinicDirectory, QuietHours
from reminder.model.people import Channel, ContactPoint, Preference
from reminder.model.reasons import Reason
from reminder.model.reminders import ReminderState
from reminder.model.rulesets import Rule
from reminder.rules.again import decide_again
from reminder.rules.plan import plan
from tests.rules.examples import (
    DAY,
    EMAIL,
    FATHER,
    HOURS,
    MOTHERS_SMS,
    SMS,
    WEEK,
    appointment,
    by_step,
    clinic,
    directory,
    keep,
    minutes,
    patient,
    person,
    utc,
)

START = utc("2027-03-17 13:30")
"""Wed 17 Mar 2027 09:30 EDT."""

EARLY = utc("2027-03-01 15:00")
DUE = utc("2027-03-16 13:30")
"""Tue 16 Mar 2027 09:30 EDT: when 'day' is due, by SMS first."""


def claimed(step="day", channel=Channel.SMS):
    """The reminder of a step as it was planned, in a message that is about to go."""
    planned = by_step(plan(person(appointment(START)), directory(), EARLY))[step]
    return replace(keep(planned, ReminderState.IN_MESSAGE), channel=channel)


def test_what_is_still_as_it_was_planned_may_go():
    reminder = claimed()
    unchanged = person(appointment(START), kept=(reminder,))

    assert decide_again(reminder, unchanged, directory(), DUE) is None


def test_it_may_go_late_while_it_is_useful():
    nine_hours_late = DUE + timedelta(hours=9)

    assert (
        decide_again(
            claimed(), person(appointment(START)), directory(), nine_hours_late
        )
        is None
    )


@pytest.mark.parametrize(
    ("visit", "reason"),
    [
        pytest.param(None, Reason.GONE, id="gone"),
        pytest.param(
            appointment(START, status=AppointmentStatus.CANCELLED),
            Reason.CANCELLED,
            id="cancelled",
        ),
        pytest.param(
            appointment(START, status=AppointmentStatus.PENDING),
            Reason.NOT_BOOKED,
            id="not-booked-any-more",
        ),
        pytest.param(appointment(START + timedelta(hours=1)), Reason.MOVED, id="moved"),
        pytest.param(
            appointment(START + timedelta(hours=1), status=AppointmentStatus.CANCELLED),
            Reason.CANCELLED,
            id="moved-and-cancelled",
        ),
        pytest.param(
            appointment(START, place=Place("elsewhere")),
            Reason.NO_CLINIC,
            id="at-a-place-of-no-clinic",
        ),
        pytest.param(
            appointment(
                START, place=Place("elsewhere"), status=AppointmentStatus.NOSHOW
            ),
            Reason.NOSHOW,
            id="at-a-place-of-no-clinic-and-over",
        ),
    ],
)
def test_what_became_of_the_visit_stops_it(visit, reason):
    now_known = person(*([visit] if visit else []))

    assert decide_again(claimed(), now_known, directory(), DUE) is reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"patient": None}, Reason.UNKNOWN_PATIENT, id="record-unreadable"),
        pytest.param(
            {"patient": patient(deceased=True)}, Reason.DECEASED, id="deceased"
        ),
        pytest.param(
            {"preference": Preference(nothing=True)}, Reason.OPTED_OUT, id="opted-out"
        ),
        pytest.param(
            {"preference": Preference(lead=timedelta(hours=5))},
            Reason.REPLACED_BY_PREFERENCE,
            id="own-lead",
        ),
        pytest.param(
            {"blocked": frozenset({SMS, EMAIL})},
            Reason.ADDRESS_OPTED_OUT,
            id="every-address-stopped",
        ),
        pytest.param(
            {"patient": patient(contact_points=())},
            Reason.NO_CONTACT_POINT,
            id="addresses-gone",
        ),
    ],
)
def test_what_became_of_the_person_stops_it(changes, reason):
    now_known = person(appointment(START), **changes)

    assert decide_again(claimed(), now_known, directory(), DUE) is reason


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"blocked": frozenset({SMS})}, id="stopped-but-there-is-e-mail"),
        pytest.param(
            {
                "patient": patient(
                    contact_points=(ContactPoint(Channel.SMS, "+12125550199"), EMAIL)
                )
            },
            id="a-new-number",
        ),
        pytest.param(
            {"patient": patient(birth_date="2020-01-01", guardians=(FATHER,))},
            id="turns-out-to-be-a-child",
        ),
    ],
)
def test_what_would_go_to_another_address_now_is_planned_again(changes):
    now_known = person(appointment(START), **changes)

    assert decide_again(claimed(), now_known, directory(), DUE) is Reason.REPLANNED


def test_an_address_that_was_never_the_persons_is_not_used():
    foreign = replace(claimed(), routes=(MOTHERS_SMS,))

    found = decide_again(foreign, person(appointment(START)), directory(), DUE)

    assert found is Reason.REPLANNED


def test_the_address_now_being_tried_is_the_one_that_counts():
    by_email = claimed(channel=Channel.EMAIL)
    stopped_texts = person(appointment(START), blocked=frozenset({SMS}))

    assert decide_again(by_email, stopped_texts, directory(), DUE) is None


def test_a_preferred_channel_does_not_call_back_what_is_under_way():
    prefers_email = person(
        appointment(START), preference=Preference(channel=Channel.EMAIL)
    )

    assert decide_again(claimed(), prefers_email, directory(), DUE) is None


def test_a_visit_that_changed_clinics_is_planned_again_in_the_other_ones_name():
    prairie = clinic(clinic_id="prairie", location_ids=frozenset({"prairie-main"}))
    elsewhere = person(appointment(START, place=Place("prairie-main")))

    found = decide_again(claimed(), elsewhere, directory(clinic(), prairie), DUE)

    assert found is Reason.REPLANNED


def test_a_step_the_rules_no_longer_have_does_not_go():
    harbor = clinic(rules=(Rule("standard", (WEEK, HOURS)),))

    found = decide_again(claimed(), person(appointment(START)), directory(harbor), DUE)

    assert found is Reason.NO_LONGER_A_STEP


def test_a_clinic_that_is_not_ours_any_more_sends_nothing():
    found = decide_again(
        claimed(), person(appointment(START)), ClinicDirectory(()), DUE
    )

    assert found is Reason.NO_CLINIC


@pytest.mark.parametrize(
    ("step", "now", "reason"),
    [
        pytest.param("week", DUE - minutes(1), None, id="last-useful-minute"),
        pytest.param("week", DUE, Reason.NO_LONGER_USEFUL, id="the-next-step-is-due"),
        pytest.param(
            "hours",
            START - minutes(30),
            Reason.NO_LONGER_USEFUL,
            id="the-visit-is-near",
        ),
        pytest.param("hours", START, Reason.PAST, id="the-visit-has-begun"),
        pytest.param(
            "day", utc("2027-03-17 03:00"), Reason.QUIET_HOURS, id="late-in-the-evening"
        ),
        pytest.param(
            "day", utc("2027-03-16 23:59"), None, id="just-before-quiet-hours"
        ),
        pytest.param(
            "day", utc("2027-03-17 00:00"), Reason.QUIET_HOURS, id="quiet-hours-begin"
        ),
    ],
)
def test_the_hour_is_looked_at_again(step, now, reason):
    reminder = claimed(step)
    world = person(appointment(START), kept=(claimed("hours"),))

    assert decide_again(reminder, world, directory(), now) is reason


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(utc("2027-03-16 23:55"), id="in-the-ten-minutes-it-is-open"),
        pytest.param(DUE, id="while-it-is-quiet"),
    ],
)
def test_quiet_hours_that_leave_no_moment_are_not_waited_out(now):
    nearly_always = clinic(quiet_hours=QuietHours(time(20), time(19, 50)))
    reminder = claimed("hours")

    found = decide_again(
        reminder, person(appointment(START)), directory(nearly_always), now
    )

    assert found is Reason.REPLANNED


def test_nothing_is_decided_from_what_was_kept_of_other_steps_only():
    others = tuple(
        keep(decision)
        for decision in plan(person(appointment(START)), directory(), EARLY)
        if decision.key.step_id != DAY.step_id
    )
    world = person(appointment(START), kept=others)

    assert decide_again(claimed(), world, directory(), DUE + minutes(5)) is None
