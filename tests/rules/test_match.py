"""Which rule an appointment follows, and that finding it costs no more with many."""

from datetime import datetime, timedelta
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.model.appointments import Appointment, AppointmentStatus, History, Kind
from reminder.model.clinics import Clinic
from reminder.model.people import Preference
from reminder.model.reminders import Person
from reminder.model.rulesets import Match, Mode, Rule, Span, Visitor
from reminder.rules.match import Matcher, criteria, facts
from tests.rules.examples import appointment, clinic, patient, person, unhurried, utc
from tests.rules.ruleset_strategies import matches

START = utc("2027-03-02 15:00")
SNOMED = "http://snomed.info/sct|394579002"
CARDIOLOGY = Kind(specialties=frozenset({"394579002", SNOMED, "cardiology"}))


def fits(match: Match, visit: Appointment | None = None, **world) -> bool:
    visit = visit or appointment(START)
    rules = [Rule("this", match=match)]
    return (
        Matcher(rules).choose(facts(visit, person(visit, **world), clinic()))
        is not None
    )


def booked(ahead: timedelta) -> Appointment:
    return appointment(START, history=History(first_seen_at=START - ahead))


@pytest.mark.parametrize(
    ("match", "visit", "expected"),
    [
        pytest.param(Match(), appointment(START), True, id="no-criterion-fits-all"),
        pytest.param(
            Match(specialties=frozenset({"394579002"})),
            appointment(START, kind=CARDIOLOGY),
            True,
            id="by-code",
        ),
        pytest.param(
            Match(specialties=frozenset({SNOMED})),
            appointment(START, kind=CARDIOLOGY),
            True,
            id="by-system-and-code",
        ),
        pytest.param(
            Match(specialties=frozenset({"Cardiology "})),
            appointment(START, kind=CARDIOLOGY),
            True,
            id="by-text-whatever-its-capitals",
        ),
        pytest.param(
            Match(specialties=frozenset({"http://loinc.org|394579002"})),
            appointment(START, kind=CARDIOLOGY),
            False,
            id="the-same-code-of-another-system-is-another",
        ),
        pytest.param(
            Match(service_types=frozenset({"394579002"})),
            appointment(START, kind=CARDIOLOGY),
            False,
            id="a-specialty-is-no-service-type",
        ),
        pytest.param(
            Match(specialties=frozenset({"x", "cardiology"})),
            appointment(START, kind=CARDIOLOGY),
            True,
            id="any-of-several-values",
        ),
        pytest.param(
            Match(specialties=frozenset({"cardiology"}), tags=frozenset({"vip"})),
            appointment(START, kind=CARDIOLOGY),
            False,
            id="but-every-criterion",
        ),
        pytest.param(
            Match(appointment_types=frozenset({"checkup"})),
            appointment(START, kind=Kind(appointment_types=frozenset({"checkup"}))),
            True,
            id="appointment-type",
        ),
        pytest.param(
            Match(service_categories=frozenset({"17"})),
            appointment(START, kind=Kind(service_categories=frozenset({"17"}))),
            True,
            id="service-category",
        ),
        pytest.param(
            Match(tags=frozenset({"VIP"})),
            appointment(START, kind=Kind(tags=frozenset({"vip"}))),
            True,
            id="tag",
        ),
        pytest.param(
            Match(practitioners=frozenset({"dr-Lee"})),
            appointment(START, kind=Kind(practitioner_ids=frozenset({"Dr-Lee"}))),
            True,
            id="practitioner",
        ),
        pytest.param(
            Match(locations=frozenset({"Harbor-Main"})),
            appointment(START),
            True,
            id="location",
        ),
        pytest.param(
            Match(locations=frozenset({"harbor-main"})),
            appointment(START, place=None),
            False,
            id="no-location-fits-none",
        ),
        pytest.param(
            Match(mode=Mode.TELEHEALTH),
            appointment(START, kind=Kind(telehealth=True)),
            True,
            id="telehealth-by-kind",
        ),
        pytest.param(
            Match(mode=Mode.TELEHEALTH),
            appointment(START, join_url="https://video.example.org/x"),
            True,
            id="telehealth-by-its-link",
        ),
        pytest.param(
            Match(mode=Mode.TELEHEALTH), appointment(START), False, id="no-telehealth"
        ),
        pytest.param(
            Match(mode=Mode.IN_PERSON), appointment(START), True, id="in-person"
        ),
    ],
)
def test_a_rule_fits_what_it_names(
    match: Match, visit: Appointment, expected: bool
) -> None:
    assert fits(match, visit) is expected


@pytest.mark.parametrize(
    ("birth_date", "match", "expected"),
    [
        pytest.param("2009-03-02", Match(age_from=18), True, id="18-on-the-day"),
        pytest.param("2009-03-03", Match(age_from=18), False, id="18-tomorrow"),
        pytest.param("2009-03-02", Match(age_below=18), False, id="below-excludes"),
        pytest.param("2009-03-03", Match(age_below=18), True, id="17-still"),
        pytest.param("2009", Match(age_below=18), True, id="year-only-is-youngest"),
        pytest.param("2009-02", Match(age_from=18), True, id="month-only-is-its-end"),
        pytest.param(None, Match(age_below=200), False, id="unknown-fits-no-band"),
        pytest.param(
            "2015-01-01", Match(age_from=12, age_below=18), True, id="within-a-band"
        ),
        pytest.param(
            "2016-01-01", Match(age_from=12, age_below=18), False, id="under-a-band"
        ),
        pytest.param("2027-03-01", Match(age_from=0), True, id="born-yesterday"),
    ],
)
def test_ages_are_those_at_the_visit(
    birth_date: str | None, match: Match, expected: bool
) -> None:
    assert fits(match, patient=patient(birth_date=birth_date)) is expected


def test_an_age_is_that_of_the_clinics_day() -> None:
    late = appointment(utc("2027-03-03 03:00"))  # The evening of 2 March in New York.

    assert fits(Match(age_below=18), late, patient=patient(birth_date="2009-03-03"))


@pytest.mark.parametrize(
    ("match", "ahead", "expected"),
    [
        pytest.param(
            Match(booked_ahead_at_least=Span(48, "hours")),
            timedelta(hours=48),
            True,
            id="exactly-48-hours",
        ),
        pytest.param(
            Match(booked_ahead_at_least=Span(48, "hours")),
            timedelta(hours=48) - timedelta(seconds=1),
            False,
            id="a-second-less",
        ),
        pytest.param(
            Match(booked_ahead_less_than=Span(90, "minutes")),
            timedelta(minutes=90),
            False,
            id="less-than-excludes",
        ),
        pytest.param(
            Match(booked_ahead_at_least=Span(2, "days")),
            timedelta(hours=35),
            True,
            id="two-calendar-days-are-fewer-hours",
        ),
        pytest.param(
            Match(booked_ahead_less_than=Span(2, "days")),
            timedelta(hours=34),
            True,
            id="that-evening-is-one-day-less",
        ),
        pytest.param(
            Match(
                booked_ahead_at_least=Span(1, "days"),
                booked_ahead_less_than=Span(12, "hours"),
            ),
            timedelta(hours=11),
            True,
            id="days-and-hours-in-one-band",
        ),
    ],
)
def test_a_lead_in_days_is_by_the_calendar_and_in_hours_by_the_clock(
    match: Match, ahead: timedelta, expected: bool
) -> None:
    # 10:00 in New York; 35 hours before is 23:00 two days earlier, 34 midnight.
    assert fits(match, booked(ahead)) is expected


@pytest.mark.parametrize(
    "match",
    [
        pytest.param(Match(booked_ahead_at_least=Span(1, "minutes")), id="at-least"),
        pytest.param(Match(booked_ahead_less_than=Span(1, "minutes")), id="less-than"),
        pytest.param(Match(booked_ahead_at_least=Span(1, "days")), id="days"),
    ],
)
def test_an_unknown_time_of_booking_fits_no_lead(match: Match) -> None:
    assert not fits(match)


def test_what_we_saw_of_a_booking_counts_before_what_the_ehr_wrote() -> None:
    visit = appointment(
        START,
        created_at=START - timedelta(days=30),
        history=History(first_seen_at=START - timedelta(days=1)),
    )

    assert fits(Match(booked_ahead_less_than=Span(48, "hours")), visit)
    assert fits(
        Match(booked_ahead_at_least=Span(7, "days")),
        appointment(START, created_at=START - timedelta(days=30)),
    )


def earlier(status: AppointmentStatus, start_at: datetime | None = None) -> Appointment:
    key = appointment(START).key._replace(appointment_id="a0")
    start_at = start_at or START - timedelta(days=90)
    return appointment(start_at, key=key, status=status)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param(AppointmentStatus.FULFILLED, Visitor.RETURNING, id="was-seen"),
        pytest.param(AppointmentStatus.ARRIVED, Visitor.RETURNING, id="arrived"),
        pytest.param(AppointmentStatus.CHECKED_IN, Visitor.RETURNING, id="checked-in"),
        pytest.param(AppointmentStatus.NOSHOW, Visitor.NEW, id="did-not-come"),
        pytest.param(AppointmentStatus.BOOKED, Visitor.NEW, id="only-booked"),
    ],
)
def test_who_came_before_is_returning(
    other: AppointmentStatus, expected: Visitor
) -> None:
    visit = appointment(START)
    world = (visit, earlier(other))

    assert fits(Match(visitor=expected), visit, appointments=world)


def test_who_came_only_afterwards_was_new_at_the_visit() -> None:
    visit = appointment(START)
    later = earlier(AppointmentStatus.FULFILLED, START + timedelta(days=1))

    assert fits(Match(visitor=Visitor.NEW), visit, appointments=(visit, later))


def test_a_follow_up_is_of_a_returning_patient() -> None:
    visit = appointment(START, kind=Kind(appointment_types=frozenset({"followup"})))

    assert fits(Match(visitor=Visitor.RETURNING), visit)


@pytest.mark.parametrize(
    ("spoken", "chosen", "expected"),
    [
        pytest.param("es", None, True, id="spoken"),
        pytest.param("es-US", None, True, id="another-region"),
        pytest.param("ES", None, True, id="capitals"),
        pytest.param("en", "es", True, id="chosen-here"),
        pytest.param("es", "en", False, id="chosen-otherwise"),
        pytest.param("est", None, False, id="estonian-is-not-spanish"),
        pytest.param(None, None, False, id="unknown"),
    ],
)
def test_languages_are_compared_by_their_primary_subtag(
    spoken: str | None, chosen: str | None, expected: bool
) -> None:
    found = fits(
        Match(languages=frozenset({"es-MX"})),
        patient=patient(language=spoken),
        preference=Preference(language=chosen),
    )

    assert found is expected


def test_an_unreadable_patient_has_neither_age_nor_language() -> None:
    assert not fits(Match(age_from=0), patient=None)
    assert not fits(Match(languages=frozenset({"en"})), patient=None)
    assert fits(Match(visitor=Visitor.NEW), patient=None)


EVERYONE = Rule("everyone")
HEART = Rule("heart", match=Match(specialties=frozenset({"cardiology"})))
HEART_HERE = Rule(
    "heart-here",
    match=Match(
        specialties=frozenset({"cardiology"}), locations=frozenset({"harbor-main"})
    ),
)
HEART_ADULTS = Rule(
    "heart-adults", match=Match(specialties=frozenset({"cardiology"}), age_from=18)
)
SKIN = Rule("skin", match=Match(specialties=frozenset({"dermatology"})))


def choice(*rules: Rule):
    visit = appointment(START, kind=CARDIOLOGY)
    return Matcher(rules).explain(facts(visit, person(visit), clinic()))


def test_the_most_specific_rule_wins_wherever_it_stands() -> None:
    assert choice(EVERYONE, HEART, HEART_HERE, SKIN).rule is HEART_HERE
    assert choice(HEART_HERE, SKIN, HEART, EVERYONE).rule is HEART_HERE


def test_of_two_as_specific_the_earlier_wins() -> None:
    assert choice(HEART_HERE, HEART_ADULTS).rule is HEART_HERE
    assert choice(HEART_ADULTS, HEART_HERE).rule is HEART_ADULTS


def test_a_choice_says_by_what_and_before_which_others() -> None:
    found = choice(EVERYONE, HEART_ADULTS, SKIN, HEART, HEART_HERE)

    assert found.criteria == ("specialty cardiology", "age from 18")
    assert found.passed_over == ("heart-here", "heart", "everyone")


def test_where_no_rule_fits_there_is_no_choice() -> None:
    assert choice(SKIN) is None
    assert choice() is None
    assert Matcher([SKIN]).choose(facts(appointment(START), person(), clinic())) is None


def test_where_no_rule_asks_anything_the_answer_is_known_beforehand() -> None:
    assert Matcher([EVERYONE, Rule("second")]).only is EVERYONE
    assert not Matcher([EVERYONE]).needs_facts
    assert Matcher([SKIN]).only is None
    assert Matcher([EVERYONE, SKIN]).only is None
    assert Matcher([EVERYONE, SKIN]).needs_facts
    assert Matcher([]).only is None
    assert not Matcher([]).needs_facts


def test_every_criterion_has_words() -> None:
    match = Match(
        appointment_types=frozenset({"checkup"}),
        service_types=frozenset({"57"}),
        service_categories=frozenset({"17"}),
        specialties=frozenset({"b", "a"}),
        locations=frozenset({"elm"}),
        practitioners=frozenset({"lee"}),
        tags=frozenset({"vip"}),
        languages=frozenset({"es"}),
        mode=Mode.IN_PERSON,
        visitor=Visitor.RETURNING,
        age_from=12,
        age_below=18,
        booked_ahead_at_least=Span(7, "days"),
        booked_ahead_less_than=Span(1000, "hours"),
    )

    assert criteria(match) == (
        "appointment type checkup",
        "service type 57",
        "service category 17",
        "specialty a or b",
        "location elm",
        "practitioner lee",
        "tag vip",
        "language es",
        "in person",
        "returning patient",
        "age from 12",
        "age below 18",
        "booked at least 7 days ahead",
        "booked less than 1000 hours ahead",
    )
    assert len(criteria(match)) == len(Match.__slots__)


few = st.sampled_from(["a", "b", "C", "harbor-main"])
short_spans = st.builds(
    Span, st.integers(1, 4), st.sampled_from(["minutes", "hours", "days"])
)
kinds = st.builds(
    Kind,
    **dict.fromkeys(
        ("appointment_types", "service_types", "service_categories", "specialties"),
        st.frozensets(st.sampled_from(["a", "b", "followup"])),
    ),
    practitioner_ids=st.frozensets(st.sampled_from(["A", "b"])),
    tags=st.frozensets(st.sampled_from(["a", "b"])),
    telehealth=st.booleans(),
)
visits = st.builds(
    lambda ahead, kind, other, born, language: person(
        appointment(
            START,
            kind=kind,
            history=History(first_seen_at=ahead and START - ahead),
        ),
        earlier(other),
        patient=patient(birth_date=born, language=language),
    ),
    st.none() | st.timedeltas(timedelta(0), timedelta(days=6)),
    kinds,
    st.sampled_from([AppointmentStatus.FULFILLED, AppointmentStatus.CANCELLED]),
    st.none() | st.integers(1910, 2027).map(str),
    st.sampled_from([None, "en", "es", "pt-BR"]),
)


@st.composite
def loose_matches(draw: st.DrawFn) -> Match:
    """Only some of the criteria of a match, so that some match fits."""
    match, kept = (
        draw(matches(few, short_spans)),
        draw(st.sets(st.sampled_from(range(14)), max_size=3)),
    )
    given = {
        name: getattr(match, name)
        for place, name in enumerate(Match.__slots__)
        if place in kept
    }
    return Match(**given)


@unhurried
@given(visits, st.lists(loose_matches(), max_size=30))
def test_the_index_finds_what_a_look_at_every_rule_finds(
    world: Person, wanted: list[Match]
) -> None:
    rules = [Rule(f"r{place}", match=one) for place, one in enumerate(wanted)]
    visit = world.appointments[0]

    found = Matcher(rules).explain(facts(visit, world, clinic()))

    fitting = [one for one in rules if naively_fits(one.match, visit, world, clinic())]
    fitting.sort(key=lambda rule: -len(criteria(rule.match)))
    ids = [] if found is None else [found.rule.rule_id, *found.passed_over]
    assert ids == [one.rule_id for one in fitting]
    chosen = Matcher(rules).choose(facts(visit, world, clinic()))
    assert chosen is (fitting[0] if fitting else None)


def naively_fits(
    match: Match, visit: Appointment, world: Person, clinic: Clinic
) -> bool:
    kind, patient = visit.kind, world.patient
    has = {
        "appointment_types": kind.appointment_types,
        "service_types": kind.service_types,
        "service_categories": kind.service_categories,
        "specialties": kind.specialties,
        "locations": {visit.place.location_id},
        "practitioners": kind.practitioner_ids,
        "tags": kind.tags,
        "languages": {patient.language[:2]} if patient.language else set(),
    }
    for name, values in has.items():
        wanted = {value.lower() for value in getattr(match, name)}
        if name == "languages":
            wanted = {value[:2] for value in wanted}
        if wanted and not wanted & {value.lower() for value in values}:
            return False
    returning = "followup" in kind.appointment_types or any(
        one.status is AppointmentStatus.FULFILLED for one in world.appointments
    )
    age = patient.birth_date and 2027 - int(patient.birth_date) - 1
    booked_at = visit.history.first_seen_at
    return (
        match.mode in (None, Mode.TELEHEALTH if kind.telehealth else Mode.IN_PERSON)
        and match.visitor in (None, Visitor.RETURNING if returning else Visitor.NEW)
        and (match.age_from is None or (age is not None and age >= match.age_from))
        and (match.age_below is None or (age is not None and age < match.age_below))
        and naively_ahead(match.booked_ahead_at_least, booked_at, clinic) is not False
        and naively_ahead(match.booked_ahead_less_than, booked_at, clinic) is not True
        and (booked_at is not None or not leads(match))
    )


def leads(match: Match) -> bool:
    return bool(match.booked_ahead_at_least or match.booked_ahead_less_than)


def naively_ahead(
    span: Span | None, booked_at: datetime | None, clinic: Clinic
) -> bool | None:
    if span is None or booked_at is None:
        return None
    if span.unit == "days":
        first, last = (at.astimezone(clinic.zone).date() for at in (booked_at, START))
        return (last - first).days >= span.count
    return START - booked_at >= timedelta(**{span.unit: span.count})


def test_two_hundred_rules_cost_at_most_twice_what_five_do() -> None:
    visit = appointment(
        START, kind=CARDIOLOGY, history=History(first_seen_at=utc("2027-02-01 12:00"))
    )
    asked = facts(visit, person(visit), clinic())

    def rules(count: int) -> Matcher:
        return Matcher(
            [
                Rule(
                    f"r{place}",
                    match=Match(
                        specialties=frozenset({f"s{place}", "cardiology"}),
                        age_from=place % 60,
                        booked_ahead_at_least=Span(1 + place % 20, "days"),
                    ),
                )
                for place in range(count)
            ]
        )

    def seconds(matcher: Matcher) -> float:
        begun = perf_counter()
        for _ in range(300):
            matcher.choose(asked)
        return perf_counter() - begun

    few, many = rules(5), rules(200)
    rounds = [(seconds(few), seconds(many)) for _ in range(20)]

    of_few, of_many = (min(one) for one in zip(*rounds, strict=True))
    assert of_many < 2 * of_few
