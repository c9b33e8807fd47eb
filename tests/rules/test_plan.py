from dataclasses import replace
from datetime import time, timedelta

import pytest

from reminder.model.appointments import (
    AppointmentKey,
    AppointmentStatus,
    ParticipationStatus,
    Place,
)
from reminder.model.clinics import ClinicDirectory, QuietHours
from reminder.model.people import Channel, Preference
from reminder.model.reasons import Note, Reason
from reminder.model.reminders import (
    Planned,
    ReminderKey,
    ReminderState,
    Skipped,
)
from reminder.model.rulesets import OnlyFirstOfTheDay, Rule, Step
from reminder.rules.offsets import parse_offset
from reminder.rules.plan import plan
from tests.rules.examples import (
    CHICAGO,
    DAY,
    EMAIL,
    HOURS,
    MADRID,
    NEW_YORK,
    NO_QUIET_HOURS,
    PHOENIX,
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
    reading,
    utc,
)

START = utc("2027-03-17 13:30")
"""Wed 17 Mar 2027 09:30 EDT, three days after the clocks went forward."""

EARLY = utc("2027-03-01 15:00")
"""Mon 1 Mar 2027 10:00 EST: before every step is due."""


def reasons(decisions):
    return {
        decision.key.step_id: decision.reason
        for decision in decisions
        if isinstance(decision, Skipped)
    }


def test_every_step_is_planned_with_all_that_sending_needs():
    visit = appointment(START)

    week, day, hours = plan(person(visit), directory(), EARLY)

    assert week == Planned(
        key=ReminderKey(visit.key, "week", START),
        clinic_id="harbor",
        template="reminder",
        language="en",
        routes=(EMAIL, SMS),
        due_at=utc("2027-03-10 15:00"),  # Wed 10 Mar 10:00 EST
        useful_until=utc("2027-03-16 13:30"),  # when 'day' is due
        wanted_at=utc("2027-03-10 15:00"),
        rule_id="standard",
        together="2027-03-17/2027-03-10/0",
    )
    assert day == replace(
        week,
        key=ReminderKey(visit.key, "day", START),
        routes=(SMS, EMAIL),
        due_at=utc("2027-03-16 13:30"),  # Tue 16 Mar 09:30 EDT
        useful_until=utc("2027-03-17 12:00"),  # when 'hours' is due
        wanted_at=utc("2027-03-16 13:30"),
        together="2027-03-17/2027-03-16/0",
    )
    assert hours == replace(
        week,
        key=ReminderKey(visit.key, "hours", START),
        template="soon",
        routes=(SMS,),
        due_at=utc("2027-03-17 12:00"),  # Wed 08:00 EDT: 07:30 is quiet
        useful_until=utc("2027-03-17 13:00"),  # 30 minutes before the visit
        wanted_at=utc("2027-03-17 11:30"),
        together="2027-03-17/2027-03-17/0",
        notes=(Note.QUIET_LATER,),
    )


@pytest.mark.parametrize(
    ("zone", "start_at", "shown"),
    [
        pytest.param(
            NEW_YORK,
            "2027-03-15 18:00",
            ["Mon 08 Mar 10:00 EST", "Sun 14 Mar 14:00 EDT", "Mon 15 Mar 12:00 EDT"],
            id="new-york-in-march",
        ),
        pytest.param(
            NEW_YORK,
            "2027-03-14 13:00",
            ["Mon 08 Mar 10:00 EST", "Sat 13 Mar 08:00 EST", "Sun 14 Mar 08:00 EDT"],
            id="new-york-on-the-day-of-the-change",
        ),
        pytest.param(
            CHICAGO,
            "2027-11-08 19:00",
            ["Mon 01 Nov 10:00 CDT", "Sun 07 Nov 13:00 CST", "Mon 08 Nov 11:00 CST"],
            id="chicago-in-november",
        ),
        pytest.param(
            PHOENIX,
            "2027-03-15 18:00",
            ["Mon 08 Mar 10:00 MST", "Sun 14 Mar 11:00 MST", "Mon 15 Mar 09:00 MST"],
            id="phoenix-in-march",
        ),
        pytest.param(
            MADRID,
            "2027-03-29 10:00",
            ["Mon 22 Mar 10:00 CET", "Sun 28 Mar 12:00 CEST", "Mon 29 Mar 10:00 CEST"],
            id="madrid-in-march",
        ),
        pytest.param(
            MADRID,
            "2027-11-01 07:30",
            ["Mon 25 Oct 10:00 CEST", "Sun 31 Oct 08:30 CET", "Sun 31 Oct 19:45 CET"],
            id="madrid-early-in-the-morning",
        ),
    ],
)
def test_the_standard_steps_around_a_clock_change(zone, start_at, shown):
    start = utc(start_at)

    found = plan(
        person(appointment(start)), directory(clinic(zone)), start - timedelta(days=14)
    )

    assert [reading(planned.due_at, zone) for planned in found] == shown


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param(
            {"status": AppointmentStatus.CANCELLED}, Reason.CANCELLED, id="cancelled"
        ),
        pytest.param(
            {"participation": ParticipationStatus.DECLINED},
            Reason.DECLINED,
            id="declined",
        ),
        pytest.param({"start_at": EARLY - timedelta(days=1)}, Reason.PAST, id="past"),
    ],
)
def test_what_is_wrong_with_the_appointment_is_said_of_each_step(changes, reason):
    visit = replace(appointment(START), **changes)

    found = plan(person(visit), directory(), EARLY)

    assert reasons(found) == {"week": reason, "day": reason, "hours": reason}
    assert {decision.clinic_id for decision in found} == {"harbor"}


def test_what_is_wrong_with_the_appointment_comes_before_what_is_with_the_person():
    cancelled = appointment(START, status=AppointmentStatus.CANCELLED)
    unknown = person(cancelled, patient=None)

    found = plan(unknown, directory(), EARLY)

    assert set(reasons(found).values()) == {Reason.CANCELLED}


def test_what_is_wrong_with_the_person_is_said_of_each_step_of_each_visit():
    other = appointment(
        START + timedelta(days=2), key=AppointmentKey("ehr", "a2", "p1")
    )
    dead = person(appointment(START), other, patient=patient(deceased=True))

    found = plan(dead, directory(), EARLY)

    assert [decision.reason for decision in found] == [Reason.DECEASED] * 6


def test_a_location_of_no_clinic_is_said_once_for_a_booked_visit_ahead():
    stray = appointment(START, place=Place("elsewhere"))

    found = plan(person(stray), directory(), EARLY)

    assert found == (Skipped(ReminderKey(stray.key, "", START), Reason.NO_CLINIC),)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"status": AppointmentStatus.CANCELLED}, id="cancelled"),
        pytest.param({"start_at": EARLY - timedelta(days=1)}, id="past"),
    ],
)
def test_nobody_needs_to_know_of_a_stray_that_is_over(changes):
    stray = replace(appointment(START, place=Place("elsewhere")), **changes)

    assert plan(person(stray), directory(), EARLY) == ()


@pytest.mark.parametrize("place", [None, Place("elsewhere")])
def test_the_connections_default_clinic_takes_the_strays(place):
    clinics = ClinicDirectory((clinic(),), {"ehr": "harbor"})

    found = plan(person(appointment(START, place=place)), clinics, EARLY)

    assert [decision.clinic_id for decision in found] == ["harbor"] * 3


def test_a_clinic_without_rules_decides_nothing():
    assert plan(person(appointment(START)), directory(clinic(rules=())), EARLY) == ()


def test_decisions_come_in_the_order_of_the_visits_and_their_steps():
    later = appointment(
        START + timedelta(days=7), key=AppointmentKey("ehr", "a0", "p1")
    )
    sooner = appointment(START)

    found = plan(person(later, sooner), directory(), EARLY)

    assert [(one.key.appointment.appointment_id, one.key.step_id) for one in found] == [
        ("a1", "week"),
        ("a1", "day"),
        ("a1", "hours"),
        ("a0", "week"),
        ("a0", "day"),
        ("a0", "hours"),
    ]


def test_a_visit_booked_late_gets_only_the_steps_still_ahead():
    booked_at = utc("2027-03-16 15:00")  # Tue 11:00 EDT, the day before

    found = plan(person(appointment(START)), directory(), booked_at)

    assert reasons(found) == {"week": Reason.TOO_LATE, "day": Reason.TOO_LATE}
    assert isinstance(by_step(found)["hours"], Planned)


def test_a_step_due_this_very_moment_is_not_too_late():
    due_at = utc("2027-03-16 13:30")

    found = plan(person(appointment(START)), directory(), due_at)

    assert by_step(found)["day"].due_at == due_at


@pytest.mark.parametrize(
    "state",
    [
        ReminderState.PLANNED,
        ReminderState.IN_MESSAGE,
        ReminderState.HELD,
        ReminderState.SENT,
        ReminderState.ANSWERED,
        ReminderState.FAILED,
    ],
)
def test_what_was_planned_in_time_stays_planned_after_its_moment(state):
    before = plan(person(appointment(START)), directory(), EARLY)
    kept = tuple(keep(decision, state) for decision in before)
    later = utc("2027-03-16 16:00")  # 'week' and 'day' are due since long

    after = plan(person(appointment(START), kept=kept), directory(), later)

    assert after == before


@pytest.mark.parametrize(
    ("state", "why", "reason"),
    [
        pytest.param(
            ReminderState.SKIPPED,
            Reason.NO_CONTACT_POINT,
            Reason.TOO_LATE,
            id="an-address-found-too-late",
        ),
        pytest.param(
            ReminderState.WITHDRAWN,
            Reason.MOVED,
            Reason.TOO_LATE,
            id="moved-away-and-back-too-late",
        ),
        pytest.param(
            ReminderState.EXPIRED,
            Reason.NO_LONGER_USEFUL,
            Reason.NO_LONGER_USEFUL,
            id="expired-says-why",
        ),
        pytest.param(
            ReminderState.SKIPPED,
            Reason.QUIET_HOURS,
            Reason.QUIET_HOURS,
            id="quiet-hours-say-why",
        ),
    ],
)
def test_what_was_not_planned_in_time_does_not_go_late(state, why, reason):
    before = plan(person(appointment(START)), directory(), EARLY)
    kept = tuple(keep(decision, state, why) for decision in before)
    later = utc("2027-03-16 16:00")

    after = plan(person(appointment(START), kept=kept), directory(), later)

    assert by_step(after)["day"].reason is reason
    assert isinstance(by_step(after)["hours"], Planned)


def test_what_dispatch_gave_back_is_planned_again_although_its_moment_has_passed():
    before = plan(person(appointment(START)), directory(), EARLY)
    kept = tuple(
        keep(decision, ReminderState.WITHDRAWN, Reason.REPLANNED) for decision in before
    )
    a_minute_late = utc("2027-03-16 13:31")

    after = plan(person(appointment(START), kept=kept), directory(), a_minute_late)

    assert isinstance(by_step(after)["day"], Planned)


def test_a_rule_that_moves_a_step_into_the_past_sends_nothing_at_once():
    """Else everybody with a visit ahead would be told in the same minute."""
    now = utc("2027-03-12 15:00")
    a_day = Step("day", parse_offset("24 hours before"), (Channel.SMS,))
    a_week = replace(a_day, offset=parse_offset("7 days before at 10:00"))
    before = plan(
        person(appointment(START)),
        directory(clinic(rules=(Rule("short", (a_day,)),))),
        now,
    )
    kept = tuple(keep(decision) for decision in before)

    after = plan(
        person(appointment(START), kept=kept),
        directory(clinic(rules=(Rule("long", (a_week,)),))),
        now,
    )

    assert isinstance(by_step(before)["day"], Planned)
    assert by_step(after)["day"].reason is Reason.TOO_LATE


def test_a_visit_moved_back_revives_what_is_still_ahead():
    before = plan(person(appointment(START)), directory(), EARLY)
    kept = tuple(
        keep(decision, ReminderState.WITHDRAWN, Reason.MOVED) for decision in before
    )

    assert plan(person(appointment(START), kept=kept), directory(), EARLY) == before


def test_a_moved_visit_owes_nothing_to_what_was_kept_for_its_old_start():
    before = plan(person(appointment(START)), directory(), EARLY)
    kept = tuple(keep(decision, ReminderState.SENT) for decision in before)
    moved = appointment(START + timedelta(hours=3))
    late = utc("2027-03-16 17:00")  # Tue 13:00 EDT, after the new 'day' step

    found = plan(person(moved, kept=kept), directory(), late)

    assert {decision.key.start_at for decision in found} == {moved.start_at}
    assert reasons(found) == {"week": Reason.TOO_LATE, "day": Reason.TOO_LATE}


def test_an_early_visit_is_told_of_the_evening_before():
    visit = appointment(utc("2027-03-17 12:30"))  # Wed 08:30 EDT

    hours = by_step(plan(person(visit), directory(), EARLY))["hours"]

    assert reading(hours.due_at, NEW_YORK) == "Tue 16 Mar 19:45 EDT"
    assert reading(hours.useful_until, NEW_YORK) == "Wed 17 Mar 08:00 EDT"


def test_when_the_evening_before_is_over_quiet_hours_are_the_reason():
    visit = appointment(utc("2027-03-17 12:30"))
    at_night = utc("2027-03-17 03:00")  # Tue 16 Mar 23:00 EDT

    found = plan(person(visit), directory(), at_night)

    assert reasons(found)["hours"] is Reason.QUIET_HOURS
    assert reasons(found)["day"] is Reason.TOO_LATE


def test_without_any_moment_outside_quiet_hours_they_are_the_reason():
    nearly_always = clinic(quiet_hours=QuietHours(time(20), time(19, 50)))

    found = plan(person(appointment(START)), directory(nearly_always), EARLY)

    assert reasons(found)["hours"] is Reason.QUIET_HOURS


def steps(*offsets, channels=(Channel.SMS,)):
    return clinic(
        rules=(
            Rule(
                "standard",
                tuple(
                    Step(offset, parse_offset(offset), channels) for offset in offsets
                ),
            ),
        )
    )


def test_of_steps_pushed_onto_one_instant_the_one_nearest_to_the_visit_is_left():
    harbor = steps("3 hours before", "2 hours before")
    visit = appointment(utc("2027-03-17 12:00"))  # Wed 08:00 EDT

    found = by_step(plan(person(visit), directory(harbor), EARLY))

    assert found["3 hours before"].reason is Reason.SUPERSEDED
    assert reading(found["2 hours before"].due_at, NEW_YORK) == "Tue 16 Mar 19:45 EDT"


def test_a_step_is_of_use_until_the_next_is_due_whatever_their_order_in_the_rule():
    harbor = steps("2 hours before", "24 hours before")
    visit = appointment(utc("2027-03-17 18:00"))

    found = by_step(plan(person(visit), directory(harbor), EARLY))

    assert found["24 hours before"].useful_until == found["2 hours before"].due_at
    assert found["2 hours before"].useful_until == visit.start_at - minutes(30)


def test_a_step_that_is_not_told_does_not_end_the_use_of_the_one_before():
    by_voice = replace(HOURS, channels=(Channel.VOICE,))
    harbor = clinic(rules=(Rule("standard", (WEEK, DAY, by_voice)),))

    found = by_step(plan(person(appointment(START)), directory(harbor), EARLY))

    assert found["hours"].reason is Reason.NO_CONTACT_POINT
    assert found["day"].useful_until == START - minutes(30)


def test_a_step_due_with_the_visit_at_the_door_is_left_out():
    visit = appointment(utc("2027-03-17 04:10"))  # Wed 00:10 EDT
    harbor = replace(steps("1 day before at 23:50"), quiet_hours=NO_QUIET_HOURS)

    found = plan(person(visit), directory(harbor), EARLY)

    assert reasons(found) == {"1 day before at 23:50": Reason.NO_LONGER_USEFUL}


def test_a_lead_longer_than_the_time_left_leaves_the_clinics_closer_steps():
    eager = person(appointment(START), preference=Preference(lead=timedelta(days=7)))
    booked_at = utc("2027-03-15 15:00")

    found = plan(eager, directory(), booked_at)

    assert reasons(found) == {
        "own-lead": Reason.TOO_LATE,
        "week": Reason.TOO_LATE,
    }
    again = replace(eager, kept=tuple(map(keep, found)))
    assert plan(again, directory(), booked_at) == found


def test_the_first_visit_of_a_day_is_the_first_after_it_began():
    first = appointment(
        START, status=AppointmentStatus.ARRIVED, key=AppointmentKey("ehr", "a0", "p1")
    )
    second = appointment(START + timedelta(hours=5))
    only = Step(
        "hour",
        parse_offset("1 hour before"),
        (Channel.EMAIL,),
        conditions=(OnlyFirstOfTheDay(),),
    )

    found = plan(
        person(first, second),
        directory(clinic(rules=(Rule("standard", (only,)),))),
        START + minutes(5),
    )

    assert found[-1].reason is Reason.NOT_FIRST_OF_THE_DAY


def test_a_kind_of_visit_that_is_told_nothing_of_says_so():
    [found] = plan(
        person(appointment(START)), directory(clinic(rules=(Rule("lab"),))), EARLY
    )

    assert found.reason is Reason.TOLD_NOTHING


def test_the_patients_own_lead_replaces_the_clinics_steps():
    eager = person(appointment(START), preference=Preference(lead=timedelta(hours=48)))

    found = by_step(plan(eager, directory(), EARLY))

    own = found.pop("own-lead")
    assert reading(own.due_at, NEW_YORK) == "Mon 15 Mar 09:30 EDT"
    assert own.useful_until == START - minutes(30)
    assert own.routes == (EMAIL, SMS)
    assert reasons(found.values()) == dict.fromkeys(
        ("week", "day", "hours"), Reason.REPLACED_BY_PREFERENCE
    )


def test_the_patients_own_lead_obeys_quiet_hours():
    visit = appointment(utc("2027-03-17 12:30"))  # Wed 08:30 EDT
    brief = person(visit, preference=Preference(lead=timedelta(hours=2)))

    own = by_step(plan(brief, directory(), EARLY))["own-lead"]

    assert reading(own.due_at, NEW_YORK) == "Tue 16 Mar 19:45 EDT"


def test_opting_out_outranks_the_own_lead():
    neither = person(
        appointment(START), preference=Preference(lead=timedelta(days=1), nothing=True)
    )

    found = plan(neither, directory(), EARLY)

    assert reasons(found) == dict.fromkeys(
        ("own-lead", "week", "day", "hours"), Reason.OPTED_OUT
    )
