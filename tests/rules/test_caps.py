from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid5

import pytest

from reminder.model.appointments import AppointmentKey, AppointmentStatus, History
from reminder.model.people import Channel
from reminder.model.reasons import Note, Reason
from reminder.model.reminders import Planned, ReminderState, Skipped, Told
from reminder.model.rulesets import Caps, Rule, Ruleset, Step
from reminder.rules.again import decide_again
from reminder.rules.offsets import parse_offset
from reminder.rules.plan import plan
from tests.rules.examples import (
    EMAIL,
    SMS,
    appointment,
    clinic,
    directory,
    keep,
    minutes,
    patient,
    person,
    utc,
)

START = utc("2027-03-17 18:00")
"""Wed 17 Mar 2027 14:00 EDT."""

EARLY = utc("2027-03-01 15:00")
BY_TEXT = (Channel.SMS,)
BY_TEXT_OR_MAIL = (Channel.SMS, Channel.EMAIL)


def visit(name, start_at=START, **changes):
    return appointment(start_at, key=AppointmentKey("ehr", name, "p1"), **changes)


def at(*offsets, channels=BY_TEXT, caps=Caps()):  # noqa: B008 - it is frozen
    steps = tuple(Step(one, parse_offset(one), channels) for one in offsets)
    rules = (Rule("standard", steps),)
    return clinic(ruleset=Ruleset(rules=rules, caps=caps))


def outcome(decision):
    if isinstance(decision, Skipped):
        return decision.reason.value
    notes = [note for note in decision.notes if note.value.startswith("cap")]
    return " ".join([decision.routes[0].channel.value, *notes])


def outcomes(*visits, at, now=EARLY, **changes):
    found = plan(person(*visits, **changes), directory(at), now)
    return {
        f"{one.key.appointment.appointment_id}/{one.key.step_id}": outcome(one)
        for one in found
    }


def told(*instants, channel=Channel.SMS):
    return tuple(Told(utc(one), channel, uuid5(UUID(int=0), one)) for one in instants)


def test_one_a_day_is_left_and_it_is_the_one_nearest_to_the_visit():
    found = outcomes(visit("a1"), at=at("5 hours before", "3 hours before"))

    assert found == {"a1/5 hours before": "over-cap", "a1/3 hours before": "sms"}


def test_what_found_no_room_does_not_end_the_use_of_the_step_before_it():
    caps = Caps(a_day=1, a_week=1)
    steps = ("3 days before at 18:30", "2 hours before")

    found = plan(person(visit("a1")), directory(at(*steps, caps=caps)), EARLY)

    days, hours = found
    assert days.reason is Reason.OVER_CAP
    assert isinstance(hours, Planned)


def test_e_mail_is_not_limited():
    harbor = at("5 hours before", "3 hours before", channels=(Channel.EMAIL,))

    assert set(outcomes(visit("a1"), at=harbor).values()) == {"email"}


def test_a_step_that_may_go_by_mail_goes_by_mail():
    harbor = at("5 hours before", "3 hours before", channels=BY_TEXT_OR_MAIL)

    found = plan(person(visit("a1")), directory(harbor), EARLY)

    assert [outcome(one) for one in found] == ["email cap-channel", "sms"]
    assert [one.routes for one in found] == [(EMAIL,), (SMS, EMAIL)]


def test_who_has_no_mailbox_is_told_as_often_as_the_clinic_allows():
    harbor = at("5 hours before", "3 hours before", channels=BY_TEXT_OR_MAIL)
    only_texts = patient(contact_points=(SMS,))

    found = outcomes(visit("a1"), at=harbor, patient=only_texts)

    assert found == {"a1/5 hours before": "over-cap", "a1/3 hours before": "sms"}


def test_two_visits_of_one_day_in_one_message_count_once():
    found = outcomes(
        visit("a1"), visit("a2", START + timedelta(hours=1)), at=at("24 hours before")
    )

    assert found == {"a1/24 hours before": "sms", "a2/24 hours before": "sms"}


def test_three_are_the_most_in_any_seven_days():
    week = [visit(f"a{day}", START + timedelta(days=day)) for day in range(9)]

    found = outcomes(*week, at=at("24 hours before"))

    assert sorted(found.values()) == ["over-cap"] * 4 + ["sms"] * 5


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param((), "sms", id="nothing"),
        pytest.param(("2027-03-16 14:00",), "over-cap", id="one-on-that-day"),
        pytest.param(("2027-03-16 03:00",), "sms", id="the-evening-before"),
        pytest.param(
            ("2027-03-10 15:00", "2027-03-11 15:00", "2027-03-12 15:00"),
            "over-cap",
            id="three-within-seven-days",
        ),
        pytest.param(
            ("2027-03-09 15:00", "2027-03-11 15:00", "2027-03-12 15:00"),
            "sms",
            id="the-first-of-three-a-week-ago",
        ),
    ],
)
def test_messages_that_went_count_whoever_they_were_about(before, expected):
    now = utc("2027-03-15 15:00")

    found = outcomes(visit("a1"), at=at("24 hours before"), now=now, told=told(*before))

    assert found == {"a1/24 hours before": expected}


def test_mail_that_went_does_not_count():
    went = told("2027-03-16 14:00", channel=Channel.EMAIL)

    found = outcomes(visit("a1"), at=at("24 hours before"), told=went)

    assert found == {"a1/24 hours before": "sms"}


def test_days_are_those_where_the_patient_lives():
    in_honolulu = patient(zone="Pacific/Honolulu")
    went = told("2027-03-16 09:00")  # Mon 23:00 in Honolulu, Tue 05:00 in New York

    found = outcomes(
        visit("a1"), at=at("24 hours before"), told=went, patient=in_honolulu
    )

    assert found == {"a1/24 hours before": "sms"}


def test_a_cancelled_visit_is_told_first_and_the_reminder_gives_way():
    harbor = at("24 hours before", "when cancelled")
    now = utc("2027-03-16 16:00")
    cancelled = visit(
        "a2",
        START + timedelta(days=5),
        status=AppointmentStatus.CANCELLED,
        history=History(status_since=now),
    )

    found = outcomes(visit("a1"), cancelled, at=harbor, now=now)

    assert found["a2/when cancelled"] == "sms"
    assert found["a1/24 hours before"] == "over-cap"


def test_a_cancelled_visit_is_told_although_there_were_enough():
    now = utc("2027-03-16 16:00")
    cancelled = visit(
        "a1",
        status=AppointmentStatus.CANCELLED,
        history=History(status_since=now),
    )

    found = outcomes(
        cancelled, at=at("when cancelled"), now=now, told=told("2027-03-16 14:00")
    )

    assert found == {"a1/when cancelled": "sms cap-passed"}


@pytest.mark.parametrize(
    "caps",
    [
        pytest.param(Caps(a_day=None, a_week=None), id="none"),
        pytest.param(Caps(channels=frozenset()), id="on-no-channel"),
        pytest.param(Caps(a_day=9, a_week=9), id="high"),
    ],
)
def test_a_clinic_may_allow_more(caps):
    harbor = at("5 hours before", "3 hours before", caps=caps)

    assert set(outcomes(visit("a1"), at=harbor).values()) == {"sms"}


def test_who_was_told_of_something_else_today_is_not_told_again_as_it_goes():
    harbor = directory(at("24 hours before"))
    [planned] = plan(person(visit("a1")), harbor, EARLY)
    going = keep(planned)
    world = person(visit("a1"), kept=(going,), told=told("2027-03-16 14:00"))

    found = decide_again(going, world, harbor, utc("2027-03-16 18:00"))

    assert found is Reason.OVER_CAP


def test_what_goes_a_day_late_counts_on_the_day_it_goes():
    harbor = directory(at("3 days before at 10:00"))
    [planned] = plan(person(visit("a1")), harbor, EARLY)
    going = keep(planned)
    world = person(visit("a1"), kept=(going,), told=told("2027-03-15 14:00"))

    in_time = decide_again(going, world, harbor, planned.due_at + minutes(1))
    a_day_late = decide_again(going, world, harbor, utc("2027-03-15 15:00"))

    assert (in_time, a_day_late) == (None, Reason.OVER_CAP)


def test_what_found_no_room_as_it_went_late_goes_by_mail_and_not_back_and_forth():
    harbor = directory(at("3 days before at 10:00", channels=BY_TEXT_OR_MAIL))
    [planned] = plan(person(visit("a1")), harbor, EARLY)
    a_day_late = utc("2027-03-15 15:00")
    went = told("2027-03-15 14:00")
    going = keep(planned)

    again = decide_again(
        going, person(visit("a1"), kept=(going,), told=went), harbor, a_day_late
    )
    back = replace(going, state=ReminderState.WITHDRAWN, reason=again)
    [anew] = plan(person(visit("a1"), kept=(back,), told=went), harbor, a_day_late)

    assert again is Reason.REPLANNED
    assert outcome(anew) == "email cap-channel"


def test_after_an_outage_what_is_overdue_counts_today():
    harbor = directory(
        at("4 days before at 10:00", "3 days before at 10:00", "30 hours before")
    )
    other = visit("a2", START + timedelta(days=2))
    before = plan(person(visit("a1"), other), harbor, EARLY)
    world = person(visit("a1"), other, kept=tuple(map(keep, before)))
    after_days = utc("2027-03-16 16:00")

    found = [outcome(one) for one in plan(world, harbor, after_days)]

    overdue = [
        one
        for one in plan(world, harbor, after_days)
        if isinstance(one, Planned) and one.due_at <= after_days
    ]
    assert len(overdue) == 1
    assert "over-cap" in found


def test_a_text_in_the_place_of_a_mail_that_failed_counts_as_a_text():
    steps = (
        Step("mail", parse_offset("5 hours before"), (Channel.EMAIL, Channel.SMS)),
        Step("text", parse_offset("3 hours before"), BY_TEXT),
    )
    harbor = directory(clinic(rules=(Rule("standard", steps),)))
    mail, text = plan(person(visit("a1")), harbor, EARLY)
    failed = replace(keep(mail), channel=Channel.SMS)
    world = person(visit("a1"), kept=(failed, keep(text)))

    found = plan(world, harbor, mail.due_at + minutes(1))

    assert [outcome(one) for one in found] == ["over-cap", "sms"]


def test_what_was_told_itself_is_counted_once():
    harbor = directory(at("24 hours before", "2 hours before"))
    first, second = plan(person(visit("a1")), harbor, EARLY)
    went = uuid5(UUID(int=0), "2027-03-16 18:00")
    sent = replace(keep(first), message_id=went, told_at=utc("2027-03-16 18:00"))
    world = person(visit("a1"), kept=(sent,), told=told("2027-03-16 18:00"))

    found = plan(world, harbor, utc("2027-03-16 18:30"))

    assert found[1] == second
    assert Note.CAP_PASSED not in found[1].notes
