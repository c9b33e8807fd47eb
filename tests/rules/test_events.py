from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from reminder.model.answers import Answer, AnswerKind, AnswerState
from reminder.model.appointments import (
    AppointmentKey,
    AppointmentStatus,
    History,
    Kind,
    Place,
)
from reminder.model.people import Channel
from reminder.model.reasons import Reason
from reminder.model.reminders import Planned, ReminderState
from reminder.model.rulesets import Rule, Ruleset, Settling, Step, Urgency
from reminder.rules.again import decide_again
from reminder.rules.events import old_start
from reminder.rules.offsets import default_template, parse_offset
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

LATER = utc("2027-03-18 18:00")
NOW = utc("2027-03-10 15:00")
"""Wed 10 Mar 2027 10:00 EST: when something happens."""

FIVE = minutes(5)
CANCELLED = AppointmentStatus.CANCELLED


def step(text):
    offset = parse_offset(text)
    return Step(text, offset, (Channel.EMAIL,), default_template(offset))


def at(*offsets, **policies):
    rules = (Rule("standard", tuple(map(step, offsets))),)
    return directory(clinic(ruleset=Ruleset(rules=rules, **policies)))


NEWS = at("when booked", "when moved", "when cancelled", "when missed")


def visit(name="a1", start_at=START, **changes):
    return appointment(start_at, key=AppointmentKey("ehr", name, "p1"), **changes)


def seen(at=NOW, start_at=START):
    return History(first_seen_at=at, first_start_at=start_at)


def moved(since=NOW, moves=1, first=START):
    return History(first_start_at=first, moved_at=since, moves=moves)


def changed(since=NOW):
    return History(status_since=since, first_start_at=START)


def told(*visits, clinics=NEWS, now=NOW, **changes):
    """What is said of each step of each visit: when it is due, or why not."""
    return {
        f"{one.key.appointment.appointment_id} {one.key.step_id}": (
            reading(one.due_at, NEW_YORK)
            if isinstance(one, Planned)
            else one.reason.value
        )
        for one in plan(person(*visits, **changes), clinics, now)
    }


def sent(start_at, at, step_id="day", name="a1"):
    """A reminder of that start that was told then."""
    visit_then = visit(name, start_at)
    [planned] = plan(
        person(visit_then),
        directory(
            clinic(
                rules=(Rule("r", (replace(step("24 hours before"), step_id=step_id),)),)
            )
        ),
        start_at - timedelta(days=9),
    )
    return replace(keep(planned), state=ReminderState.SENT, told_at=at)


def answered(kind, state=AnswerState.WRITTEN, **changes):
    return Answer(
        **{
            "answer_id": UUID(int=1),
            "appointment": AppointmentKey("ehr", "a1", "p1"),
            "message_id": UUID(int=2),
            "kind": kind,
            "state": state,
            "at": NOW,
            "before_start_at": START,
        }
        | changes
    )


class TestBooked:
    def test_a_new_visit_is_told_once_it_has_stood_for_five_minutes(self):
        assert told(visit(history=seen())) == {"a1 when booked": "Wed 10 Mar 10:05 EST"}

    def test_where_we_did_not_see_it_come_the_ehr_says_when_it_was_booked(self):
        found = told(visit(created_at=NOW - minutes(3)))

        assert found == {"a1 when booked": "Wed 10 Mar 10:02 EST"}

    def test_a_visit_that_was_always_there_is_no_news(self):
        assert told(visit()) == {}

    def test_a_visit_booked_before_the_rule_was_published_is_no_news(self):
        clinics = at("when booked", published_at=NOW)
        booked = visit(history=seen(NOW - timedelta(hours=2)))

        assert told(booked, clinics=clinics) == {"a1 when booked": "not-news"}

    def test_one_seen_just_before_a_publish_is_not_swallowed_by_it(self):
        clinics = at("when booked", published_at=NOW)
        booked = visit(history=seen(NOW - minutes(1)))

        found = told(booked, clinics=clinics)

        assert found == {"a1 when booked": "Wed 10 Mar 10:04 EST"}

    def test_what_an_earlier_version_was_about_to_tell_a_publish_does_not_stop(self):
        booked = visit(history=seen(NOW - minutes(1)))
        [before] = plan(person(booked), at("when booked"), NOW)

        after = told(
            booked,
            clinics=at("when booked", published_at=NOW),
            kept=(keep(before),),
        )

        assert after == {"a1 when booked": "Wed 10 Mar 10:04 EST"}

    def test_at_night_it_waits_for_the_morning(self):
        at_night = utc("2027-03-11 04:00")  # Wed 23:00 EST

        found = told(visit(history=seen(at_night)), now=at_night)

        assert found == {"a1 when booked": "Thu 11 Mar 08:00 EST"}

    def test_a_day_later_it_is_no_news_any_more(self):
        found = told(visit(history=seen()), now=NOW + timedelta(hours=25))

        assert found == {"a1 when booked": "too-late"}

    def test_a_move_does_not_tell_the_booking_once_more(self):
        [booked] = plan(person(visit(history=seen())), at("when booked"), NOW)
        kept = replace(keep(booked), state=ReminderState.SENT, told_at=NOW + FIVE)
        now = NOW + timedelta(hours=1)

        found = told(
            visit(start_at=LATER, history=replace(seen(), moved_at=now, moves=1)),
            clinics=at("when booked"),
            now=now,
            kept=(kept,),
        )

        assert found == {}

    def test_moved_at_once_it_is_told_as_booked_at_its_new_time(self):
        history = replace(seen(), moved_at=NOW + minutes(2), moves=1)

        found = plan(
            person(visit(start_at=LATER, history=history)),
            at("when booked"),
            NOW + minutes(2),
        )

        assert [(one.key.start_at, one.key.n) for one in found] == [(LATER, 1)]

    def test_and_goes_when_it_is_due(self):
        history = replace(seen(), moved_at=NOW + minutes(2), moves=1)
        one = visit(start_at=LATER, history=history)
        clinics = at("when booked")
        [planned] = plan(person(one), clinics, NOW + minutes(2))
        going = keep(planned, ReminderState.IN_MESSAGE)

        found = decide_again(going, person(one, kept=(going,)), clinics, planned.due_at)

        assert found is None

    def test_what_expired_is_not_planned_again(self):
        clinics = at("when booked")
        [planned] = plan(person(visit(history=seen())), clinics, NOW)
        expired = keep(planned, ReminderState.EXPIRED, Reason.NO_LONGER_USEFUL)

        found = told(
            visit(history=seen()),
            clinics=clinics,
            now=NOW + timedelta(hours=30),
            kept=(expired,),
        )

        assert found == {"a1 when booked": "no-longer-useful"}


class TestMoved:
    def test_one_correction_is_told_once_the_new_time_has_stood(self):
        found = told(visit(start_at=LATER, history=moved()))

        assert found == {"a1 when moved": "Wed 10 Mar 10:05 EST"}

    def test_it_cannot_wait(self):
        [found] = plan(person(visit(start_at=LATER, history=moved())), NEWS, NOW)

        assert found.urgency is Urgency.HIGH
        assert found.template == "moved"

    def test_the_old_time_is_the_one_it_had_at_first(self):
        one = visit(start_at=LATER, history=moved())

        assert old_start(one, person(one), NEWS, NOW) == START

    def test_or_the_one_the_patient_was_told_of_last(self):
        one = visit(start_at=LATER, history=moved(moves=2))
        between = START + timedelta(hours=2)
        world = person(
            one,
            kept=(
                sent(START, NOW - timedelta(days=2), "first"),
                sent(between, NOW - timedelta(days=1), "second"),
            ),
        )

        assert old_start(one, world, NEWS, NOW) == between

    def test_a_visit_that_never_moved_has_no_old_time(self):
        assert old_start(visit(), person(visit()), NEWS, NOW) is None

    def test_moved_on_within_five_minutes_only_the_last_move_is_told(self):
        first = visit(start_at=LATER, history=moved())
        [before] = plan(person(first), NEWS, NOW)
        again = NOW + minutes(3)
        last = visit(start_at=LATER + timedelta(hours=1), history=moved(again, moves=2))

        found = plan(person(last, kept=(keep(before),)), NEWS, again)

        assert [(one.key.n, one.due_at) for one in found] == [(2, again + FIVE)]
        assert old_start(last, person(last), NEWS, again) == START

    def test_moved_back_at_once_nothing_is_told(self):
        back = visit(history=moved(moves=2))

        assert told(back) == {"a1 when moved": "already-known"}

    def test_moved_back_after_it_was_told_is_told_again(self):
        back = visit(history=moved(moves=2))
        kept = sent(LATER, NOW - minutes(20), "when moved")

        found = told(back, kept=(kept,))

        assert found == {"a1 when moved": "Wed 10 Mar 10:05 EST"}

    @pytest.mark.parametrize("state", [AnswerState.WAITING, AnswerState.WRITTEN])
    def test_who_chose_the_new_time_knows_it(self, state):
        own = answered(AnswerKind.MOVE, state, slot_id="s1", slot_start_at=LATER)

        found = told(visit(start_at=LATER, history=moved()), answers=(own,))

        assert found == {"a1 when moved": "already-known"}

    def test_a_time_that_was_lost_to_somebody_else_is_not_known(self):
        lost = answered(
            AnswerKind.MOVE, AnswerState.LOST, slot_id="s1", slot_start_at=LATER
        )

        found = told(visit(start_at=LATER, history=moved()), answers=(lost,))

        assert found == {"a1 when moved": "Wed 10 Mar 10:05 EST"}

    def test_its_new_steps_begin_and_the_old_ones_are_no_longer_decided(self):
        clinics = at("24 hours before")
        before = plan(person(visit()), clinics, NOW)
        kept = tuple(map(keep, before))

        after = plan(
            person(visit(start_at=LATER, history=moved()), kept=kept), clinics, NOW
        )

        assert [one.key.start_at for one in after] == [LATER]

    def test_one_that_was_moved_again_does_not_go_any_more(self):
        first = visit(start_at=LATER, history=moved())
        [planned] = plan(person(first), NEWS, NOW)
        last = visit(start_at=LATER, history=moved(moves=3))

        found = decide_again(keep(planned), person(last), NEWS, NOW + FIVE)

        assert found is Reason.TAKEN_BACK


class TestCancelled:
    def test_it_is_told_when_no_new_booking_came_within_ten_minutes(self):
        found = told(visit(status=CANCELLED, history=changed()))

        assert found == {"a1 when cancelled": "Wed 10 Mar 10:10 EST"}

    def test_reminders_of_it_are_not(self):
        clinics = at("24 hours before", "when cancelled")

        found = told(visit(status=CANCELLED, history=changed()), clinics=clinics)

        assert found["a1 24 hours before"] == "cancelled"

    def test_one_that_was_cancelled_before_we_looked_is_no_news(self):
        assert told(visit(status=CANCELLED)) == {}

    def test_nobody_is_told_of_a_visit_that_is_over(self):
        over = NOW - timedelta(days=1)

        found = told(visit(start_at=over, status=CANCELLED, history=changed()))

        assert found == {"a1 when cancelled": "past"}

    def test_who_cancelled_from_our_link_knows(self):
        own = answered(AnswerKind.CANCEL)

        found = told(visit(status=CANCELLED, history=changed()), answers=(own,))

        assert found == {"a1 when cancelled": "already-known"}

    def test_who_took_that_back_does_not_know_that_the_clinic_cancelled(self):
        first = answered(AnswerKind.CANCEL)
        back = answered(AnswerKind.UNDO_CANCEL, at=NOW + minutes(1))

        found = told(visit(status=CANCELLED, history=changed()), answers=(back, first))

        assert found == {"a1 when cancelled": "Wed 10 Mar 10:10 EST"}

    def test_booked_again_before_anybody_was_told_it_is_taken_back(self):
        [planned] = plan(person(visit(status=CANCELLED, history=changed())), NEWS, NOW)

        found = told(visit(history=changed(NOW + FIVE)), kept=(keep(planned),))

        assert found == {"a1 when cancelled": "taken-back"}

    def test_cancelled_again_after_it_was_told_it_is_told_again(self):
        first = visit(status=CANCELLED, history=changed())
        [planned] = plan(person(first), at("when cancelled"), NOW)
        said = replace(
            keep(planned), state=ReminderState.SENT, told_at=NOW + minutes(10)
        )
        later = NOW + timedelta(hours=5)
        again = visit(status=CANCELLED, history=changed(later))

        found = plan(person(again, kept=(said,)), at("when cancelled"), later)

        assert [(one.key.n, one.due_at) for one in found] == [(1, later + minutes(10))]

    def test_once_said_again_it_is_said(self):
        later = NOW + timedelta(hours=5)
        again = visit(status=CANCELLED, history=changed(later))
        said = self._said(NOW), self._said(later, n=1)

        found = plan(person(again, kept=said), at("when cancelled"), later)

        assert [one.key.n for one in found] == [1]

    def test_who_was_told_that_it_is_off_hears_that_it_is_on_again(self):
        later = NOW + timedelta(hours=5)
        back = visit(history=changed(later))

        found = told(back, kept=(self._said(NOW),), now=later)

        assert found == {"a1 when booked": "Wed 10 Mar 15:05 EST"}

    def _said(self, since, n=0):
        one = visit(status=CANCELLED, history=changed(since))
        [planned] = plan(person(one), at("when cancelled"), since)
        return replace(
            keep(planned),
            key=planned.key._replace(n=n),
            state=ReminderState.SENT,
            told_at=since + minutes(10),
        )

    def test_it_does_not_go_when_the_visit_is_booked_again(self):
        [planned] = plan(person(visit(status=CANCELLED, history=changed())), NEWS, NOW)
        world = person(visit(history=changed(NOW + FIVE)), kept=(keep(planned),))

        found = decide_again(keep(planned), world, NEWS, planned.due_at)

        assert found is Reason.TAKEN_BACK


class TestCancelledAndBookedAnew:
    """So Epic and athenahealth move a visit (research on EHRs, 2.4)."""

    OLD = visit("old", status=CANCELLED, history=changed())

    @pytest.mark.parametrize(
        "booked",
        [
            pytest.param(NOW + minutes(4), id="after-the-old-one-was-cancelled"),
            pytest.param(NOW - minutes(4), id="before-it"),
        ],
    )
    def test_it_is_told_as_a_move_and_not_as_a_scare(self, booked):
        new = visit("new", LATER, history=seen(booked, LATER))

        found = told(self.OLD, new, now=max(NOW, booked))

        assert found == {
            "old when cancelled": "rebooked",
            "new when booked": "rebooked",
            "new when moved": reading(booked + FIVE, NEW_YORK),
        }

    def test_the_correction_names_the_cancelled_time(self):
        new = visit("new", LATER, history=seen(NOW + minutes(4), LATER))

        assert old_start(new, person(self.OLD, new), NEWS, NOW) == START

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            pytest.param(
                {"history": seen(NOW + minutes(11), LATER)}, "late", id="much-later"
            ),
            pytest.param(
                {"kind": Kind(service_types=frozenset({"physio"}))},
                "other",
                id="of-another-service",
            ),
            pytest.param({"history": History()}, "unknown", id="booked-nobody-knows"),
        ],
    )
    def test_another_booking_is_no_move(self, changes, why):
        old = replace(self.OLD, kind=Kind(service_types=frozenset({"cardio"})))
        new = replace(visit("new", LATER, history=seen(NOW, LATER)), **changes)

        found = told(old, new, now=NOW + minutes(11))

        assert found["old when cancelled"] == "Wed 10 Mar 10:10 EST", why
        assert "new when moved" not in found

    def test_without_a_service_the_place_tells(self):
        new = visit("new", LATER, history=seen(NOW, LATER), place=Place("harbor-annex"))

        found = told(self.OLD, new)

        assert found["old when cancelled"] == "Wed 10 Mar 10:10 EST"

    def test_one_new_booking_stands_for_one_cancelled_visit_only(self):
        other = visit(
            "old2", START + timedelta(days=9), status=CANCELLED, history=changed()
        )
        new = visit("new", LATER, history=seen(NOW + minutes(1), LATER))

        found = told(self.OLD, other, new)

        assert sorted([found["old when cancelled"], found["old2 when cancelled"]]) == [
            "Wed 10 Mar 10:10 EST",
            "rebooked",
        ]

    def test_a_clinic_may_wait_longer(self):
        clinics = at(
            "when cancelled",
            "when moved",
            settling=Settling(rebooking=timedelta(minutes=30)),
        )
        new = visit("new", LATER, history=seen(NOW + minutes(25), LATER))

        found = told(self.OLD, new, clinics=clinics, now=NOW + minutes(25))

        assert found["old when cancelled"] == "rebooked"

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({}, id="no-step-tells-moves"),
            pytest.param({"excluded": True}, id="the-new-one-was-taken-out"),
        ],
    )
    def test_what_cannot_be_told_as_a_move_is_told_as_it_is(self, changes):
        new = visit("new", LATER, history=seen(NOW, LATER))
        clinics, excluded = at("when booked", "when cancelled"), frozenset()
        if changes:
            clinics, excluded = NEWS, frozenset({new.key})

        found = told(self.OLD, new, clinics=clinics, excluded=excluded)

        assert found["old when cancelled"] == "Wed 10 Mar 10:10 EST"

    def test_who_was_told_of_the_new_booking_already_hears_of_the_cancellation(self):
        new = visit("new", LATER, history=seen(NOW - minutes(8), LATER))
        kept = sent(LATER, NOW - minutes(3), "when booked", "new")

        found = told(self.OLD, new, kept=(kept,))

        assert found["old when cancelled"] == "Wed 10 Mar 10:10 EST"

    def test_two_visits_moved_together_are_told_each_with_its_own_old_time(self):
        other_start = START + timedelta(hours=2)
        other = visit("old2", other_start, status=CANCELLED, history=changed())
        news = [
            visit("new", LATER, history=seen(NOW, LATER)),
            visit("new2", LATER + timedelta(hours=2), history=seen(NOW, LATER)),
        ]
        world = person(self.OLD, other, *news)

        old = [old_start(new, world, NEWS, NOW) for new in news]
        found = told(self.OLD, other, *news)

        assert sorted(old) == [START, other_start]
        assert found["old when cancelled"] == found["old2 when cancelled"] == "rebooked"

    @pytest.mark.parametrize(
        "became",
        [
            pytest.param({"status": AppointmentStatus.FULFILLED}, id="took-place"),
            pytest.param({"status": CANCELLED}, id="was-cancelled-as-well"),
        ],
    )
    def test_once_told_as_a_move_it_stays_one_whatever_becomes_of_the_new_visit(
        self, became
    ):
        new = visit("new", LATER, history=seen(NOW, LATER))
        kept = sent(LATER, NOW + FIVE, "when moved", "new")
        now = LATER + timedelta(hours=3)

        found = told(
            replace(self.OLD, start_at=LATER + timedelta(days=2)),
            replace(new, **became),
            now=now,
            kept=(kept,),
        )

        assert found["old when cancelled"] == "rebooked"


class TestMissed:
    def test_who_did_not_come_is_offered_a_new_time(self):
        over = NOW - timedelta(hours=2)
        missed = visit(
            start_at=over, status=AppointmentStatus.NOSHOW, history=changed()
        )

        assert told(missed) == {"a1 when missed": "Wed 10 Mar 10:05 EST"}

    def test_one_missed_before_we_looked_is_no_news(self):
        over = NOW - timedelta(hours=2)

        assert told(visit(start_at=over, status=AppointmentStatus.NOSHOW)) == {}


class TestAfter:
    CLINICS = at("2 hours after")
    START = NOW - timedelta(hours=1)

    def after(self, status, now=NOW, **changes):
        one = visit(start_at=self.START, status=status, **changes)
        kept = ()
        if now > self.START + timedelta(hours=2):
            [planned] = plan(
                person(visit(start_at=self.START, **changes)),
                self.CLINICS,
                self.START - timedelta(days=1),
            )
            kept = (keep(planned),)
        return told(one, clinics=self.CLINICS, now=now, kept=kept)

    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            (AppointmentStatus.BOOKED, "Wed 10 Mar 11:00 EST"),
            (AppointmentStatus.FULFILLED, "Wed 10 Mar 11:00 EST"),
            (AppointmentStatus.ARRIVED, "Wed 10 Mar 11:00 EST"),
            (AppointmentStatus.CHECKED_IN, "Wed 10 Mar 11:00 EST"),
            (AppointmentStatus.NOSHOW, "noshow"),
            (AppointmentStatus.CANCELLED, "cancelled"),
            (AppointmentStatus.PENDING, "not-booked"),
        ],
    )
    def test_until_its_moment_everybody_who_may_come_is_planned_for(
        self, status, expected
    ):
        assert self.after(status) == {"a1 2 hours after": expected}

    def test_it_is_reckoned_from_the_end_where_that_is_known(self):
        end = self.START + timedelta(minutes=30)

        found = self.after(AppointmentStatus.BOOKED, end_at=end)

        assert found == {"a1 2 hours after": "Wed 10 Mar 11:30 EST"}

    def test_at_its_moment_nobody_is_thanked_on_a_guess(self):
        now = self.START + timedelta(hours=2, minutes=1)

        found = self.after(AppointmentStatus.BOOKED, now)

        assert found == {"a1 2 hours after": "not-attended"}

    def test_who_is_known_to_have_come_is_thanked_even_later(self):
        now = self.START + timedelta(hours=5)

        found = self.after(AppointmentStatus.FULFILLED, now)

        assert found == {"a1 2 hours after": "Wed 10 Mar 11:00 EST"}

    def test_who_is_known_to_have_come_days_later_is_let_be(self):
        [planned] = plan(
            person(visit(start_at=self.START)), self.CLINICS, self.START - FIVE
        )
        guess = keep(planned, ReminderState.WITHDRAWN, Reason.NOT_ATTENDED)
        came = visit(start_at=self.START, status=AppointmentStatus.FULFILLED)

        found = told(
            came,
            clinics=self.CLINICS,
            now=self.START + timedelta(days=3),
            kept=(guess,),
        )

        assert found == {"a1 2 hours after": "not-attended"}

    def test_a_visit_of_which_we_hear_too_late_is_let_be(self):
        now = self.START + timedelta(hours=5)
        came = visit(start_at=self.START, status=AppointmentStatus.FULFILLED)

        found = told(came, clinics=self.CLINICS, now=now)

        assert found == {"a1 2 hours after": "too-late"}


def test_an_appointment_taken_out_by_staff_is_told_nothing_of():
    one = visit(start_at=LATER, history=replace(seen(), moved_at=NOW, moves=1))
    clinics = at("24 hours before", "when moved", "2 hours after")

    found = told(one, clinics=clinics, excluded=frozenset({one.key}))

    assert set(found.values()) == {"excluded"}


def test_a_step_keeps_its_identity_by_the_number_of_moves():
    one = visit(start_at=LATER, history=moved(moves=2))

    found = by_step(plan(person(one), at("when moved", "24 hours before"), NOW))

    assert found["when moved"].key.n == 2
    assert found["24 hours before"].key.n == 0
