from dataclasses import replace
from datetime import timedelta

import pytest

from reminder.model.appointments import AppointmentKey, AppointmentStatus, History
from reminder.model.people import Channel
from reminder.model.reasons import Note, Reason
from reminder.model.reminders import Planned, ReminderState
from reminder.model.rulesets import Rule, Step
from reminder.rules.offsets import parse_offset
from reminder.rules.plan import plan
from tests.rules.examples import (
    NEW_YORK,
    appointment,
    clinic,
    directory,
    keep,
    person,
    reading,
    utc,
)

MORNING = utc("2027-03-17 13:30")
"""Wed 17 Mar 2027 09:30 EDT."""

AFTERNOON = utc("2027-03-17 19:00")
EARLY = utc("2027-03-01 15:00")
BY_MAIL = (Channel.EMAIL,)


def visit(name, start_at, **changes):
    return appointment(start_at, key=AppointmentKey("ehr", name, "p1"), **changes)


def rules(*offsets):
    steps = tuple(Step(one, parse_offset(one), BY_MAIL) for one in offsets)
    return clinic(rules=(Rule("standard", steps),))


def told(*visits, at, now=EARLY, **changes):
    """(visit, step, when, notes) of all that is planned, by the time it is due."""
    found = plan(person(*visits, **changes), directory(at), now)
    planned = [one for one in found if isinstance(one, Planned)]
    return sorted(
        (
            one.due_at,
            one.key.appointment.appointment_id,
            one.key.step_id,
            reading(one.due_at, NEW_YORK),
            one.notes,
        )
        for one in planned
    )


def times(rows):
    return [(name, shown) for _, name, _, shown, _ in rows]


def test_two_visits_of_one_day_are_told_together_when_the_first_is_due():
    rows = told(
        visit("a1", MORNING), visit("a2", AFTERNOON), at=rules("24 hours before")
    )

    assert times(rows) == [
        ("a1", "Tue 16 Mar 09:30 EDT"),
        ("a2", "Tue 16 Mar 09:30 EDT"),
    ]
    assert {notes for *_, notes in rows} == {(Note.TOGETHER,)}


def test_what_goes_together_is_named_alike_and_the_same_at_every_address():
    found = plan(
        person(visit("a1", MORNING), visit("a2", AFTERNOON)),
        directory(rules("24 hours before")),
        EARLY,
    )

    assert {one.together for one in found} == {"2027-03-17/2027-03-16/0"}


@pytest.mark.parametrize(
    ("other", "why"),
    [
        pytest.param(AFTERNOON + timedelta(days=1), "another day", id="another-day"),
        pytest.param(utc("2027-03-18 03:30"), "still Wednesday", id="late-that-day"),
    ],
)
def test_days_are_those_of_the_clinic(other, why):
    rows = told(visit("a1", MORNING), visit("a2", other), at=rules("24 hours before"))

    together = [Note.TOGETHER in notes for *_, notes in rows]
    assert together == [why == "still Wednesday"] * 2


def test_each_step_of_one_visit_goes_with_the_same_one_of_the_other():
    at = rules("5 hours before", "3 hours before")
    noon = utc("2027-03-17 18:00")  # 14:00 EDT, told at 09:00 and 11:00

    rows = told(visit("a1", noon), visit("a2", noon + timedelta(hours=1)), at=at)

    assert [(name, step, shown) for _, name, step, shown, _ in rows] == [
        ("a1", "5 hours before", "Wed 17 Mar 09:00 EDT"),
        ("a2", "5 hours before", "Wed 17 Mar 09:00 EDT"),
        ("a1", "3 hours before", "Wed 17 Mar 11:00 EDT"),
        ("a2", "3 hours before", "Wed 17 Mar 11:00 EDT"),
    ]


def test_the_steps_of_one_visit_are_never_merged_with_each_other():
    rows = told(visit("a1", AFTERNOON), at=rules("5 hours before", "3 hours before"))

    assert len({due_at for due_at, *_ in rows}) == 2


def test_what_quiet_hours_moved_to_the_evening_before_takes_nobody_along():
    early = utc("2027-03-17 11:30")  # 07:30 EDT: two hours before is night

    rows = told(visit("a1", early), visit("a2", AFTERNOON), at=rules("2 hours before"))

    assert times(rows) == [
        ("a1", "Tue 16 Mar 19:45 EDT"),
        ("a2", "Wed 17 Mar 13:00 EDT"),
    ]


def test_what_was_told_already_takes_nobody_along():
    at = rules("24 hours before")
    first, second = visit("a1", MORNING), visit("a2", AFTERNOON)
    [alone] = plan(person(first), directory(at), EARLY)
    sent = replace(keep(alone), state=ReminderState.SENT)

    rows = told(first, second, at=at, kept=(sent,))

    assert ("a2", "Tue 16 Mar 15:00 EDT") in times(rows)


def test_a_visit_that_is_cancelled_leaves_the_other_its_own_time():
    rows = told(
        visit("a1", MORNING, status=AppointmentStatus.CANCELLED),
        visit("a2", AFTERNOON),
        at=rules("24 hours before"),
    )

    assert times(rows) == [("a2", "Tue 16 Mar 15:00 EDT")]
    assert rows[0][-1] == ()


def test_thanks_wait_for_the_last_of_the_visits_and_are_not_given_before_it():
    after = AFTERNOON + timedelta(minutes=5)

    rows = told(visit("a1", MORNING), visit("a2", AFTERNOON), at=rules("2 hours after"))

    assert all(due_at > after for due_at, name, *_ in rows if name == "a2")


def test_two_visits_booked_at_one_go_are_told_in_one_message():
    now = utc("2027-03-01 15:03")
    booked = (History(first_seen_at=EARLY), History(first_seen_at=now))

    rows = told(
        visit("a1", MORNING, history=booked[0]),
        visit("a2", AFTERNOON, history=booked[1]),
        at=rules("when booked"),
        now=now,
    )

    assert {due_at for due_at, *_ in rows} == {now + timedelta(minutes=5)}


def test_visits_booked_hours_apart_are_told_each_by_itself():
    booked = (History(first_seen_at=EARLY), History(first_seen_at=EARLY))
    later = EARLY + timedelta(hours=2)

    rows = told(
        visit("a1", MORNING, history=booked[0]),
        visit("a2", AFTERNOON, history=replace(booked[1], first_seen_at=later)),
        at=rules("when booked"),
        now=later,
    )

    assert len({due_at for due_at, *_ in rows}) == 2


def test_a_step_left_out_is_merged_with_nothing():
    found = plan(
        person(visit("a1", MORNING), visit("a2", AFTERNOON), patient=None),
        directory(rules("24 hours before")),
        EARLY,
    )

    assert {one.reason for one in found} == {Reason.UNKNOWN_PATIENT}
