from dataclasses import replace
from datetime import timedelta

import pytest

from reminder.model.appointments import History
from reminder.model.offsets import HoursBefore
from reminder.model.people import Channel
from reminder.model.reasons import Note, Reason
from reminder.model.reminders import Planned, ReminderState
from reminder.model.rulesets import (
    InsidePolicy,
    LatePolicy,
    QuietPolicy,
    Rule,
    Ruleset,
    Step,
)
from reminder.rules.again import decide_again
from reminder.rules.lateness import is_shortened, shortened, templates_of
from reminder.rules.offsets import parse_offset
from reminder.rules.plan import plan
from tests.rules.examples import (
    NEW_YORK,
    appointment,
    by_step,
    clinic,
    directory,
    keep,
    minutes,
    person,
    reading,
    utc,
)

START = utc("2027-03-17 18:00")
"""Wed 17 Mar 2027 14:00 EDT."""

EARLY = utc("2027-03-01 15:00")
DUE = utc("2027-03-16 18:00")
"""When '24 hours before' is due."""


def step(text="24 hours before", **changes):
    return Step(text, parse_offset(text), (Channel.EMAIL,), **changes)


def at(*steps):
    return directory(clinic(rules=(Rule("standard", steps),)))


def overdue(clinics, now):
    """The reminder of the first step as it stands after an outage."""
    planned, *_ = plan(person(appointment(START)), clinics, EARLY)
    return keep(planned), plan(
        person(appointment(START), kept=(keep(planned),)), clinics, now
    )


class TestAfterAnOutage:
    def test_what_is_late_is_sent_while_it_is_useful(self):
        _, (found,) = overdue(at(step()), DUE + timedelta(hours=19))

        assert found.useful_until == START - minutes(30)

    def test_a_clinic_says_until_when_it_is_of_use(self):
        clinics = at(step(useful=HoursBefore(2)))

        _, (found,) = overdue(clinics, DUE + timedelta(hours=19))

        assert found.useful_until == START - timedelta(hours=2)

    @pytest.mark.parametrize(
        ("late", "reason"),
        [
            pytest.param(minutes(59), None, id="a-queue-takes-its-time"),
            pytest.param(minutes(60), Reason.NO_LONGER_USEFUL, id="an-hour-late"),
        ],
    )
    def test_what_is_to_be_dropped_is_an_hour_after_its_moment(self, late, reason):
        clinics = at(step(late=LatePolicy.DROP))
        kept, _ = overdue(clinics, DUE + late)

        found = decide_again(kept, person(appointment(START)), clinics, DUE + late)

        assert found is reason

    @pytest.mark.parametrize(
        ("policy", "late", "is_short"),
        [
            (LatePolicy.SHORTEN, minutes(59), False),
            (LatePolicy.SHORTEN, minutes(61), True),
            (LatePolicy.SEND, minutes(61), False),
        ],
    )
    def test_what_is_to_be_shortened_goes_in_fewer_words(self, policy, late, is_short):
        clinics = at(step(late=policy))
        kept, _ = overdue(clinics, DUE)

        assert is_shortened([kept], clinics, DUE + late) is is_short

    def test_of_a_clinic_that_is_no_more_nothing_is_shortened(self):
        kept, _ = overdue(at(step(late=LatePolicy.SHORTEN)), DUE)
        elsewhere = replace(kept, clinic_id="gone")

        assert not is_shortened([elsewhere], at(), DUE + timedelta(hours=5))

    def test_fewer_words_are_those_of_the_late_sibling(self):
        assert shortened("reminder") == "reminder-late"
        assert templates_of(step(late=LatePolicy.SHORTEN)) == (
            "reminder",
            "reminder-late",
        )
        assert templates_of(step()) == ("reminder",)


class TestBookedInsideTheWindow:
    """Booked on Tue 16 Mar at 16:00 EDT, two hours after '24 hours before'."""

    NOW = utc("2027-03-16 20:00")
    BOOKED = appointment(START, history=History(first_seen_at=NOW))

    def found(self, *steps, now=NOW, visit=BOOKED, kept=()):
        return plan(person(visit, kept=kept), at(*steps), now)

    def test_a_step_whose_moment_is_over_is_left_out(self):
        [found] = self.found(step())

        assert found.reason is Reason.TOO_LATE

    def test_or_told_at_once_where_the_clinic_says_so(self):
        [found] = self.found(step(inside=InsidePolicy.AT_ONCE))

        assert found.due_at == self.NOW
        assert found.wanted_at == DUE
        assert found.notes == (Note.AT_ONCE,)

    def test_at_once_is_the_moment_it_was_first_planned_for(self):
        clinics = (step(inside=InsidePolicy.AT_ONCE),)
        first = self.found(*clinics)

        again = self.found(
            *clinics, now=self.NOW + minutes(20), kept=tuple(map(keep, first))
        )

        assert again == first

    def test_at_night_at_once_is_the_morning(self):
        at_night = utc("2027-03-17 02:00")  # Tue 22:00 EDT
        visit = appointment(START, history=History(first_seen_at=at_night))

        [found] = self.found(
            step(inside=InsidePolicy.AT_ONCE), now=at_night, visit=visit
        )

        assert reading(found.due_at, NEW_YORK) == "Wed 17 Mar 08:00 EDT"

    def test_of_several_only_the_one_nearest_to_the_visit_is_told(self):
        week = step("7 days before at 10:00", inside=InsidePolicy.AT_ONCE)

        found = by_step(self.found(week, step(inside=InsidePolicy.AT_ONCE)))

        assert found["7 days before at 10:00"].reason is Reason.SUPERSEDED
        assert isinstance(found["24 hours before"], Planned)

    def test_a_publish_tells_nobody_at_once_who_was_booked_before_it(self):
        at_once = step(inside=InsidePolicy.AT_ONCE)
        ruleset = Ruleset(
            rules=(Rule("standard", (at_once,)),),
            published_at=self.NOW + minutes(1),
        )

        [found] = plan(
            person(self.BOOKED),
            directory(clinic(ruleset=ruleset)),
            self.NOW + minutes(2),
        )

        assert found.reason is Reason.TOO_LATE

    def test_at_night_before_an_early_visit_there_is_no_moment(self):
        at_night = utc("2027-03-17 02:00")  # Tue 22:00 EDT, for Wed 08:30
        early = appointment(
            utc("2027-03-17 12:30"), history=History(first_seen_at=at_night)
        )

        [found] = self.found(
            step(inside=InsidePolicy.AT_ONCE), now=at_night, visit=early
        )

        assert found.reason is Reason.QUIET_HOURS

    def test_too_near_the_visit_nothing_is_told(self):
        at_the_door = START - minutes(20)
        visit = appointment(START, history=History(first_seen_at=at_the_door))

        [found] = self.found(
            step(inside=InsidePolicy.AT_ONCE), now=at_the_door, visit=visit
        )

        assert found.reason is Reason.NO_LONGER_USEFUL

    @pytest.mark.parametrize(
        "visit",
        [
            pytest.param(
                appointment(START, created_at=EARLY), id="was-booked-before-that"
            ),
            pytest.param(appointment(START), id="booked-nobody-knows-when"),
        ],
    )
    def test_a_new_rule_tells_nobody_at_once_who_was_booked_long_ago(self, visit):
        [found] = self.found(step(inside=InsidePolicy.AT_ONCE), visit=visit)

        assert found.reason is Reason.TOO_LATE

    def test_what_was_told_at_once_and_expired_is_not_told_again(self):
        steps = (step(inside=InsidePolicy.AT_ONCE),)
        [first] = self.found(*steps)
        expired = replace(
            keep(first),
            state=ReminderState.EXPIRED,
            reason=Reason.NO_LONGER_USEFUL,
        )

        [found] = self.found(*steps, now=self.NOW + minutes(60), kept=(expired,))

        assert found.reason is Reason.NO_LONGER_USEFUL


@pytest.mark.parametrize(
    ("away_for", "expected"),
    [
        pytest.param(minutes(4), None, id="for-moments"),
        pytest.param(timedelta(hours=3), Reason.TOO_LATE, id="for-hours"),
    ],
)
def test_what_was_away_when_it_was_due_comes_back_with_its_visit(away_for, expected):
    clinics = at(step())
    [planned] = plan(person(appointment(START)), clinics, EARLY)
    withdrawn = keep(planned, ReminderState.WITHDRAWN, Reason.MOVED)

    [found] = plan(
        person(appointment(START), kept=(withdrawn,)), clinics, DUE + away_for
    )

    assert getattr(found, "reason", None) is expected


class TestQuietHours:
    """'2 hours before' a visit at 08:30 EDT lies in quiet hours."""

    VISIT = appointment(utc("2027-03-17 12:30"))

    @pytest.mark.parametrize(
        ("policy", "start", "expected"),
        [
            (QuietPolicy.NEAREST, "2027-03-17 12:30", "Tue 16 Mar 19:45 EDT"),
            (QuietPolicy.NEAREST, "2027-03-17 13:30", "Wed 17 Mar 08:00 EDT"),
            (QuietPolicy.EARLIER, "2027-03-17 13:30", "Tue 16 Mar 19:45 EDT"),
            (QuietPolicy.LATER, "2027-03-17 13:30", "Wed 17 Mar 08:00 EDT"),
            (QuietPolicy.LATER, "2027-03-17 12:30", "quiet-hours"),
            (QuietPolicy.DROP, "2027-03-17 13:30", "quiet-hours"),
        ],
    )
    def test_the_rule_says_which_way_out(self, policy, start, expected):
        clinics = at(step("2 hours before", quiet=policy))

        [found] = plan(person(appointment(utc(start))), clinics, EARLY)

        shown = (
            reading(found.due_at, NEW_YORK)
            if isinstance(found, Planned)
            else found.reason.value
        )
        assert shown == expected
