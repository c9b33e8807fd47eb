"""What holds of every plan under any rules: each test is a promise to a patient."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from hypothesis import given, settings
from hypothesis import strategies as st

from reminder.model.answers import Answer, AnswerKind, AnswerState
from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
    History,
    ParticipationStatus,
    Place,
)
from reminder.model.clinics import ClinicDirectory, QuietHours
from reminder.model.offsets import After, Before, Event, HoursBefore
from reminder.model.people import Channel, Patient, PatientKey, Preference
from reminder.model.reminders import (
    Person,
    Planned,
    Skipped,
    Told,
)
from reminder.model.rulesets import Caps, Match, Rule, Ruleset, Step
from reminder.rules.plan import plan
from reminder.rules.quiet_hours import is_quiet
from reminder.rules.recipients import zone_of
from tests.rules.examples import (
    CHICAGO,
    EMAIL,
    MADRID,
    NEW_YORK,
    SMS,
    VOICE,
    clinic,
    keep,
)
from tests.rules.ruleset_strategies import clock, policies, steps

unhurried = settings(deadline=None, max_examples=30)

NOW = datetime(2027, 3, 10, 15, tzinfo=UTC)
"""Four days before the clocks of New York go forward."""

STATES = [*[AppointmentStatus.BOOKED] * 6, *AppointmentStatus]
PATIENT = PatientKey("ehr", "p1")

some_time = st.builds(
    lambda day, hour: NOW + timedelta(days=day, hours=hour),
    st.sampled_from([2, 2, 3, 4, 5, 9, -1]),
    st.sampled_from([0, 1, 3, 7, -2]),
)
"""So near to each other that visits meet on one day, and messages in one week."""

lately = st.integers(0, 3000).map(lambda minutes: NOW - timedelta(minutes=minutes))


@st.composite
def rulesets(draw):
    ids = [f"step-{number}" for number in range(draw(st.integers(1, 6)))]
    told = tuple(draw(steps(st.just(step_id))) for step_id in ids)
    drawn = {name: draw(one) for name, one in policies.items()}
    given_policies = {name: one for name, one in drawn.items() if one is not None}
    return Ruleset(
        rules=(
            Rule("spanish", told[:2], Match(languages=frozenset({"es"}))),
            Rule("everybody", told),
        ),
        published_at=draw(st.none() | lately),
        **given_policies,
    )


@st.composite
def directories(draw):
    quiet = draw(st.builds(QuietHours, clock, clock))
    return ClinicDirectory(
        tuple(
            clinic(
                zone,
                clinic_id=zone,
                location_ids=frozenset({zone}),
                quiet_hours=quiet,
                ruleset=draw(rulesets()),
            )
            for zone in (NEW_YORK, MADRID)
        )
    )


@st.composite
def histories(draw, start_at):
    if draw(st.booleans()):
        return History()
    moves = draw(st.integers(0, 3))
    return History(
        first_seen_at=draw(st.none() | lately),
        status_since=draw(st.none() | lately),
        first_start_at=draw(st.just(start_at) | some_time) if moves else start_at,
        moved_at=draw(lately) if moves else None,
        moves=moves,
    )


@st.composite
def appointments(draw, number):
    start_at = draw(some_time)
    return Appointment(
        key=AppointmentKey("ehr", f"a{number}", "p1"),
        status=draw(st.sampled_from(STATES)),
        participation=draw(st.sampled_from(ParticipationStatus)),
        start_at=start_at,
        end_at=draw(st.none() | st.just(start_at + timedelta(minutes=30))),
        created_at=draw(st.none() | lately),
        place=Place(draw(st.sampled_from([NEW_YORK, NEW_YORK, MADRID]))),
        history=draw(histories(start_at)),
    )


@st.composite
def answers(draw, about):
    return Answer(
        answer_id=uuid5(NAMESPACE_URL, "answer"),
        appointment=about.key,
        message_id=uuid5(NAMESPACE_URL, "message"),
        kind=draw(st.sampled_from(AnswerKind)),
        state=draw(st.sampled_from(AnswerState)),
        at=draw(lately),
        slot_start_at=draw(st.none() | st.just(about.start_at) | some_time),
        before_start_at=draw(st.just(about.start_at) | some_time),
    )


@st.composite
def people(draw):
    count = draw(st.integers(1, 4))
    visits = tuple(draw(appointments(number)) for number in range(count))
    points = draw(st.permutations([SMS, EMAIL, VOICE]))
    return Person(
        key=PATIENT,
        patient=Patient(
            key=PATIENT,
            birth_date="1980-05-17",
            language=draw(st.sampled_from([None, "es", "en"])),
            zone=draw(st.sampled_from([None, CHICAGO, "Pacific/Auckland"])),
            contact_points=tuple(points[: draw(st.integers(1, 3))]),
        ),
        appointments=visits,
        preference=Preference(
            channel=draw(st.none() | st.sampled_from(Channel)),
            lead=draw(st.none() | st.timedeltas(timedelta(hours=1), timedelta(days=9))),
            stopped_channels=draw(st.frozensets(st.sampled_from(Channel), max_size=1)),
        ),
        answers=tuple(draw(answers(one)) for one in visits if draw(st.booleans())),
        excluded=frozenset(one.key for one in visits[:1] if draw(st.booleans())),
        told=tuple(
            Told(draw(lately), Channel.SMS, uuid5(NAMESPACE_URL, str(number)))
            for number in range(draw(st.integers(0, 3)))
        ),
    )


def keeping(person, decisions):
    return replace(person, kept=tuple(keep(one) for one in decisions))


def planned_by(person, clinics):
    return [one for one in plan(person, clinics, NOW) if isinstance(one, Planned)]


def step_of(decision, clinics):
    """The step as the rules have it; None of the patient's own lead."""
    ruleset = clinics.by_id(decision.clinic_id).ruleset
    found = [
        step
        for rule in ruleset.rules
        for step in rule.steps
        if step.step_id == decision.key.step_id
    ]
    return found[0] if found else None


def visit_of(person, decision):
    return next(
        one for one in person.appointments if one.key == decision.key.appointment
    )


@unhurried
@given(people(), directories())
def test_nobody_is_disturbed_in_quiet_hours_where_they_live(person, clinics):
    for decision in planned_by(person, clinics):
        at = clinics.by_id(decision.clinic_id)
        zone = zone_of(person.patient, at)
        assert not is_quiet(at.quiet_hours, zone, decision.due_at)


@unhurried
@given(people(), directories())
def test_reminders_come_before_the_visit_and_thanks_after_it(person, clinics):
    for decision in planned_by(person, clinics):
        step, visit = step_of(decision, clinics), visit_of(person, decision)
        if step is None or isinstance(step.offset, Before):
            assert decision.due_at < decision.useful_until < visit.start_at
        elif isinstance(step.offset, After):
            assert decision.due_at > (visit.end_at or visit.start_at)
        else:
            assert isinstance(step.offset, Event)
            assert decision.due_at < decision.useful_until


@st.composite
def capped(draw):
    """One clinic whose steps are all before the visit, so that all can wait."""
    hours = draw(st.lists(st.integers(1, 90), min_size=3, max_size=6, unique=True))
    by = draw(st.sampled_from([(Channel.SMS,), (Channel.VOICE, Channel.SMS)]))
    told = tuple(Step(f"{hour} hours", HoursBefore(hour), by) for hour in hours)
    caps = Caps(draw(st.integers(1, 2)), draw(st.integers(2, 3)))
    ruleset = Ruleset(rules=(Rule("all", told),), caps=caps)
    found = clinic(location_ids=frozenset({NEW_YORK, MADRID}), ruleset=ruleset)
    return ClinicDirectory((found,))


@unhurried
@given(people(), capped())
def test_nobody_gets_more_than_the_caps(person, clinics):
    [at] = clinics.clinics
    caps, zone = at.ruleset.caps, zone_of(person.patient, at)
    messages = {
        (one.routes[0], one.template, one.language, one.due_at)
        for one in planned_by(person, clinics)
        if one.routes[0].channel in caps.channels
    }
    planned = Counter(_day(due_at, zone) for *_, due_at in messages)
    days = planned + Counter(_day(told.at, zone) for told in person.told)
    for day in planned:
        assert days[day] <= caps.a_day
        for first in range(day - 6, day + 1):
            assert sum(days[first + on] for on in range(7)) <= caps.a_week


def _day(at, zone):
    return at.astimezone(zone).toordinal()


@unhurried
@given(people(), directories())
def test_planning_again_decides_the_same(person, clinics):
    first = plan(person, clinics, NOW)

    again = plan(keeping(person, first), clinics, NOW)

    assert again == first


@unhurried
@given(people(), directories(), st.timedeltas(timedelta(0), timedelta(days=9)))
def test_a_later_look_never_loses_a_step_without_a_reason(person, clinics, waited):
    first = plan(person, clinics, NOW)

    later = {
        one.key: one for one in plan(keeping(person, first), clinics, NOW + waited)
    }

    for decision in first:
        if not isinstance(decision, Planned):
            continue
        found = later.get(decision.key)
        # What is over has no decision of its own: the queue ended it, with a reason.
        assert found is not None or decision.useful_until <= NOW + waited
        if isinstance(found, Skipped):
            assert found.reason


@unhurried
@given(people(), directories())
def test_every_decision_has_its_own_key_and_names_its_clinic(person, clinics):
    decisions = plan(person, clinics, NOW)

    assert len({one.key for one in decisions}) == len(decisions)
    assert all(one.clinic_id in (NEW_YORK, MADRID) for one in decisions)


@unhurried
@given(people(), directories(), st.randoms(use_true_random=False))
def test_the_order_in_which_the_ehr_lists_visits_does_not_matter(
    person, clinics, random
):
    shuffled = random.sample(person.appointments, len(person.appointments))

    other = plan(replace(person, appointments=tuple(shuffled)), clinics, NOW)

    assert other == plan(person, clinics, NOW)


@unhurried
@given(people(), directories())
def test_who_stopped_a_channel_or_was_taken_out_is_left_in_peace(person, clinics):
    for decision in planned_by(person, clinics):
        used = {point.channel for point in decision.routes}
        assert used.isdisjoint(person.preference.stopped_channels)
        assert decision.key.appointment not in person.excluded


@unhurried
@given(people(), directories())
def test_a_reminder_goes_only_for_a_visit_that_is_booked_and_ahead(person, clinics):
    for decision in planned_by(person, clinics):
        step, visit = step_of(decision, clinics), visit_of(person, decision)
        if step is None or isinstance(step.offset, Before):
            assert visit.status is AppointmentStatus.BOOKED
            assert visit.start_at > NOW
            assert visit.participation is not ParticipationStatus.DECLINED


@unhurried
@given(people(), directories())
def test_what_goes_together_is_due_together(person, clinics):
    """Unless one of them is on its way already, which nothing here is."""
    together = {}
    for one in planned_by(person, clinics):
        if one.together:
            group = (
                one.clinic_id,
                one.routes[0],
                one.template,
                one.language,
                one.together,
            )
            together.setdefault(group, set()).add(one.due_at)
    assert all(len(instants) == 1 for instants in together.values())
