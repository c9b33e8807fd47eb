"""What holds of every plan, whoever the person and whatever the clinic."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
    ParticipationStatus,
    Place,
)
from reminder.model.clinics import ClinicDirectory, QuietHours
from reminder.model.offsets import BusinessDaysBefore, DaysBefore, HoursBefore
from reminder.model.people import Channel, Patient, PatientKey, Preference
from reminder.model.reasons import Reason
from reminder.model.reminders import Person, Planned, Skipped
from reminder.model.rulesets import Caps, Rule, Ruleset, Step
from reminder.rules.plan import plan
from reminder.rules.quiet_hours import is_quiet
from tests.rules.examples import (
    CHICAGO,
    EMAIL,
    FATHER,
    MADRID,
    MOTHER,
    MOTHERS_SMS,
    NEW_YORK,
    PHOENIX,
    SMS,
    VOICE,
    clinic,
    keep,
    unhurried,
)

ZONES = [NEW_YORK, CHICAGO, PHOENIX, MADRID]
CLOCK_CHANGES = [date(2027, 3, 14), date(2027, 3, 28), date(2027, 11, 7)]

quarters = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
offsets = (
    st.builds(HoursBefore, st.integers(1, 200))
    | st.builds(DaysBefore, st.integers(1, 10), quarters)
    | st.builds(BusinessDaysBefore, st.integers(1, 7), quarters)
)
channels = st.sampled_from([*permutations(Channel, 1), *permutations(Channel, 2)])
near_a_change = st.builds(
    lambda day, quarter: (
        datetime.combine(day, time(), tzinfo=UTC) + quarter * timedelta(minutes=15)
    ),
    st.sampled_from(CLOCK_CHANGES),
    st.integers(-960, 960),
)


@st.composite
def clinics(draw):
    """A clinic in each zone, alike in all but that."""
    some = draw(st.lists(st.tuples(offsets, channels), max_size=5))
    steps = tuple(Step(f"step-{n}", *one) for n, one in enumerate(some))
    alike = {
        "quiet_hours": draw(st.builds(QuietHours, quarters, quarters)),
        "country": draw(st.sampled_from([None, "US", "ES"])),
        "closures": frozenset(draw(st.sets(st.sampled_from(CLOCK_CHANGES)))),
        "ruleset": Ruleset(rules=(Rule("standard", steps),), caps=Caps(None, None)),
    }
    return ClinicDirectory(
        tuple(
            clinic(zone, clinic_id=zone, location_ids=frozenset({zone}), **alike)
            for zone in ZONES
        )
    )


@st.composite
def people(draw):
    return Person(
        key=PatientKey("ehr", "p1"),
        patient=draw(
            st.none()
            | st.builds(
                Patient,
                key=st.just(PatientKey("ehr", "p1")),
                birth_date=st.sampled_from([None, "1980", "2009", "2009-03-14"]),
                language=st.sampled_from([None, "es-MX", "fr"]),
                contact_points=st.sampled_from([(), (SMS,), (EMAIL, SMS, VOICE)]),
                guardians=st.sampled_from([(), (FATHER,), (MOTHER, FATHER)]),
                active=st.sampled_from([True, True, True, False]),
            )
        ),
        appointments=tuple(
            Appointment(
                key=AppointmentKey("ehr", f"a{number}", "p1"),
                status=draw(
                    st.sampled_from(
                        [*[AppointmentStatus.BOOKED] * 5, AppointmentStatus.NOSHOW]
                    )
                ),
                participation=draw(st.sampled_from(ParticipationStatus)),
                start_at=start_at,
                place=Place(draw(st.sampled_from([*ZONES, *ZONES, "elsewhere"]))),
            )
            for number, start_at in enumerate(
                draw(st.lists(near_a_change, min_size=1, max_size=4))
            )
        ),
        preference=Preference(
            channel=draw(st.sampled_from([None, *Channel])),
            lead=draw(st.none() | st.timedeltas(timedelta(hours=1), timedelta(days=8))),
        ),
        blocked=frozenset(draw(st.sets(st.sampled_from([SMS, MOTHERS_SMS])))),
    )


def keeping(person, decisions):
    return Person(
        key=person.key,
        patient=person.patient,
        appointments=person.appointments,
        preference=person.preference,
        blocked=person.blocked,
        kept=tuple(keep(decision) for decision in decisions),
    )


@unhurried
@given(people(), clinics(), near_a_change)
def test_what_is_planned_is_told_in_time_and_out_of_quiet_hours(person, clinics, now):
    for decision in plan(person, clinics, now):
        if isinstance(decision, Planned):
            assert now <= decision.due_at < decision.useful_until
            assert decision.useful_until < decision.key.start_at
            at = clinics.by_id(decision.clinic_id)
            assert not is_quiet(at.quiet_hours, at.zone, decision.due_at)
            assert decision.routes
            assert person.blocked.isdisjoint(decision.routes)


@unhurried
@given(people(), clinics(), near_a_change)
def test_planning_again_from_what_was_kept_decides_the_same(person, clinics, now):
    first = plan(person, clinics, now)

    assert plan(keeping(person, first), clinics, now) == first


@unhurried
@given(
    people(), clinics(), near_a_change, st.timedeltas(timedelta(0), timedelta(days=9))
)
def test_time_alone_changes_no_decision_until_the_visit(person, clinics, now, waited):
    first = plan(person, clinics, now)

    later = plan(keeping(person, first), clinics, now + waited)

    past = {
        appointment.key
        for appointment in person.appointments
        if appointment.start_at <= now + waited
    }
    assert [one for one in later if one.key.appointment not in past] == [
        one for one in first if one.key.appointment not in past
    ]


@unhurried
@given(people(), clinics(), near_a_change, st.randoms(use_true_random=False))
def test_the_order_of_the_visits_does_not_matter(person, clinics, now, random):
    shuffled = list(person.appointments)
    random.shuffle(shuffled)
    other = Person(
        key=person.key,
        patient=person.patient,
        appointments=tuple(shuffled),
        preference=person.preference,
        blocked=person.blocked,
    )

    assert plan(other, clinics, now) == plan(person, clinics, now)


@unhurried
@given(people(), clinics(), near_a_change)
def test_each_step_of_each_visit_has_one_decision(person, clinics, now):
    decisions = plan(person, clinics, now)

    assert len({decision.key for decision in decisions}) == len(decisions)
    for appointment in person.appointments:
        at = clinics.find("ehr", appointment.place.location_id)
        decided = {
            decision.key.step_id: decision
            for decision in decisions
            if decision.key.appointment == appointment.key
        }
        if at is None:
            strays = {one.reason for one in decided.values()}
            assert strays <= {Reason.NO_CLINIC}
            continue
        expected = {step.step_id for rule in at.ruleset.rules for step in rule.steps}
        if not expected:
            assert {one.reason for one in decided.values()} <= {Reason.TOLD_NOTHING}
            continue
        assert set(decided) - {"own-lead"} == expected
        assert ("own-lead" in decided) == bool(expected and person.preference.lead)


@unhurried
@given(people(), clinics(), near_a_change)
def test_of_one_visit_no_two_steps_are_told_at_once(person, clinics, now):
    planned = [one for one in plan(person, clinics, now) if isinstance(one, Planned)]

    told = {(one.key.appointment, one.due_at) for one in planned}

    assert len(told) == len(planned)


@unhurried
@given(people(), clinics(), near_a_change)
def test_nothing_in_a_decisions_repr_names_an_address(person, clinics, now):
    for decision in plan(person, clinics, now):
        assert isinstance(decision, Planned | Skipped)
        shown = repr(decision)
        assert "555" not in shown
        assert "example.org" not in shown
