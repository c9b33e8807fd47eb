from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.model.appointments import Kind
from reminder.model.people import (
    Channel,
    Consent,
    ConsentBy,
    ConsentKind,
    ContactPoint,
    Guardian,
    Preference,
)
from reminder.model.reasons import Reason
from reminder.model.rulesets import Confidential, Ruleset
from reminder.rules.recipients import Audience, Recipient, audience, recipient, zone_of
from tests.rules.examples import (
    EMAIL,
    FATHER,
    FATHERS_SMS,
    MOTHER,
    MOTHERS_EMAIL,
    MOTHERS_SMS,
    SMS,
    VOICE,
    appointment,
    clinic,
    patient,
    person,
    unhurried,
    utc,
)

START = utc("2027-03-15 13:30")
"""Mon 15 Mar 2027 09:30 EDT."""
VISIT = appointment(START)


def told(
    channels=(Channel.EMAIL, Channel.SMS),
    *,
    preference=Preference(),  # noqa: B008 - a frozen value
    blocked=(),
    languages=("en", "es"),
    **changes,
):
    harbor, world = (
        clinic(languages=languages),
        person(
            patient=patient(**changes),
            preference=preference,
            blocked=frozenset(blocked),
        ),
    )
    listeners = audience(world.patient, harbor, VISIT, world)
    if isinstance(listeners, Reason):
        return listeners
    return recipient(listeners, channels, world, harbor)


def test_of_an_adults_visit_the_patient_is_told_and_of_a_childs_the_guardians():
    grown, child = patient(), patient(birth_date="2020", guardians=(MOTHER, FATHER))

    of_the_grown = audience(grown, clinic(), VISIT, person(patient=grown))
    of_the_child = audience(child, clinic(), VISIT, person(patient=child))

    assert of_the_grown.people == (grown,)
    assert of_the_child.people == (MOTHER, FATHER)


@pytest.mark.parametrize(
    ("channels", "preferred", "blocked", "routes"),
    [
        pytest.param(
            (Channel.EMAIL, Channel.SMS), None, (), (EMAIL, SMS), id="the-steps-order"
        ),
        pytest.param(
            (Channel.SMS, Channel.EMAIL), None, (), (SMS, EMAIL), id="the-other-way"
        ),
        pytest.param((Channel.SMS,), None, (), (SMS,), id="one-channel"),
        pytest.param(
            (Channel.EMAIL, Channel.SMS),
            Channel.SMS,
            (),
            (SMS, EMAIL),
            id="the-preferred-first",
        ),
        pytest.param(
            (Channel.EMAIL, Channel.SMS),
            Channel.VOICE,
            (),
            (EMAIL, SMS),
            id="a-preferred-channel-the-step-lacks",
        ),
        pytest.param(
            (Channel.VOICE, Channel.EMAIL, Channel.SMS),
            Channel.SMS,
            (),
            (SMS, EMAIL),
            id="no-address-for-the-first",
        ),
        pytest.param(
            (Channel.EMAIL, Channel.SMS), None, (EMAIL,), (SMS,), id="one-opted-out"
        ),
        pytest.param(
            (Channel.EMAIL, Channel.SMS),
            Channel.EMAIL,
            (EMAIL,),
            (SMS,),
            id="the-preferred-opted-out",
        ),
        pytest.param(
            (Channel.SMS,), None, (VOICE,), (SMS,), id="calls-opted-out-not-texts"
        ),
    ],
)
def test_the_routes_and_their_order(channels, preferred, blocked, routes):
    found = told(channels, preference=Preference(channel=preferred), blocked=blocked)

    assert found == Recipient(routes, "en")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param(
            {"contact_points": ()}, Reason.NO_CONTACT_POINT, id="no-address-at-all"
        ),
        pytest.param(
            {"contact_points": (VOICE,)},
            Reason.NO_CONTACT_POINT,
            id="no-address-for-these-channels",
        ),
        pytest.param(
            {"blocked": (EMAIL, SMS)}, Reason.ADDRESS_OPTED_OUT, id="all-opted-out"
        ),
        pytest.param(
            {"contact_points": (SMS,), "blocked": (SMS,)},
            Reason.ADDRESS_OPTED_OUT,
            id="the-only-one-opted-out",
        ),
        pytest.param(
            {"birth_date": "2020-01-01"}, Reason.NO_GUARDIAN, id="minor-alone"
        ),
        pytest.param(
            {"birth_date": "2020-01-01", "guardians": (Guardian("aunt"),)},
            Reason.NO_GUARDIAN,
            id="guardian-without-an-address",
        ),
        pytest.param(
            {"preference": Preference(stopped_clinics=frozenset({"harbor"}))},
            Reason.CLINIC_STOPPED,
            id="this-clinic-stopped",
        ),
        pytest.param(
            {"preference": Preference(stopped_channels=frozenset(Channel))},
            Reason.CHANNEL_STOPPED,
            id="every-channel-stopped",
        ),
        pytest.param(
            {
                "contact_points": (SMS,),
                "preference": Preference(stopped_channels=frozenset({Channel.SMS})),
            },
            Reason.CHANNEL_STOPPED,
            id="the-only-channel-with-an-address-stopped",
        ),
        pytest.param(
            {
                "contact_points": (VOICE,),
                "preference": Preference(stopped_channels=frozenset({Channel.SMS})),
            },
            Reason.NO_CONTACT_POINT,
            id="a-channel-stopped-on-which-there-was-no-address",
        ),
        pytest.param(
            {
                "blocked": (SMS,),
                "preference": Preference(stopped_channels=frozenset({Channel.EMAIL})),
            },
            Reason.ADDRESS_OPTED_OUT,
            id="an-address-that-stopped-says-more-than-a-channel",
        ),
        pytest.param(
            {
                "birth_date": "2020-01-01",
                "guardians": (FATHER,),
                "blocked": (FATHERS_SMS,),
            },
            Reason.ADDRESS_OPTED_OUT,
            id="the-only-guardian-opted-out",
        ),
    ],
)
def test_why_nobody_is_told(changes, reason):
    assert told(**changes) is reason


def test_a_guardians_stop_says_more_than_a_channel_stopped_for_the_next():
    found = told(
        (Channel.SMS,),
        birth_date="2020",
        guardians=(MOTHER, FATHER),
        blocked=(MOTHERS_SMS,),
        preference=Preference(stopped_channels=frozenset({Channel.SMS})),
    )

    assert found is Reason.ADDRESS_OPTED_OUT


def test_who_stopped_their_best_number_is_not_written_to_at_the_second_best():
    work = ContactPoint(Channel.SMS, "+12125550109")

    found = told((Channel.SMS,), contact_points=(SMS, work), blocked=(SMS,))

    assert found is Reason.ADDRESS_OPTED_OUT


def test_a_minors_own_addresses_are_never_used():
    found = told(birth_date="2020-01-01", guardians=(MOTHER,))

    assert found == Recipient((MOTHERS_EMAIL, MOTHERS_SMS), "es")


@pytest.mark.parametrize(
    ("channels", "blocked", "routes"),
    [
        pytest.param((Channel.SMS,), (), (MOTHERS_SMS,), id="the-first"),
        pytest.param(
            (Channel.SMS,), (MOTHERS_SMS,), (FATHERS_SMS,), id="the-first-opted-out"
        ),
        pytest.param(
            (Channel.SMS, Channel.EMAIL),
            (MOTHERS_SMS,),
            (MOTHERS_EMAIL,),
            id="the-first-by-another-channel",
        ),
    ],
)
def test_the_first_guardian_who_can_be_reached_is_told(channels, blocked, routes):
    found = told(
        channels, birth_date="2020", guardians=(MOTHER, FATHER), blocked=blocked
    )

    assert found.routes == routes


@pytest.mark.parametrize(
    ("preferred", "own", "offered", "language"),
    [
        pytest.param(None, "es", ("en", "es"), "es", id="the-patients"),
        pytest.param(None, "es-MX", ("en", "es"), "es", id="by-primary-subtag"),
        pytest.param(None, "ES", ("en", "es-US"), "es-US", id="whatever-the-case"),
        pytest.param("en", "es", ("es", "en"), "en", id="preference-before-record"),
        pytest.param("fr", "es", ("en", "es"), "es", id="preference-not-offered"),
        pytest.param(None, "fr", ("es", "en"), "es", id="neither-offered"),
        pytest.param(None, None, ("en", "es"), "en", id="nothing-known"),
        pytest.param(None, "pt", ("en", "pt-BR", "pt-PT"), "pt-BR", id="first-of-two"),
    ],
)
def test_the_language(preferred, own, offered, language):
    found = told(
        preference=Preference(language=preferred), language=own, languages=offered
    )

    assert found.language == language


@pytest.mark.parametrize(
    ("own", "further", "language"),
    [
        pytest.param("zh", ("es", "en"), "es", id="the-next-best-that-is-offered"),
        pytest.param("zh", ("fr",), "en", id="none-offered"),
        pytest.param("en", ("es",), "en", id="the-best-comes-first"),
        pytest.param(None, ("es",), "es", id="only-further-ones-known"),
    ],
)
def test_who_speaks_several_languages_is_told_in_the_first_offered(
    own, further, language
):
    assert told(language=own, further_languages=further).language == language


@pytest.mark.parametrize(
    ("guardian", "childs", "language"),
    [
        pytest.param(MOTHER, "en", "es", id="their-own-before-the-childs"),
        pytest.param(FATHER, "es", "es", id="the-childs-when-theirs-is-unknown"),
        pytest.param(FATHER, None, "en", id="the-clinics-when-both-are"),
    ],
)
def test_the_language_of_a_guardian(guardian, childs, language):
    found = told(
        (Channel.SMS,), birth_date="2020", guardians=(guardian,), language=childs
    )

    assert found.language == language


def test_a_stopped_channel_is_left_out_and_the_others_are_used():
    preference = Preference(
        channel=Channel.SMS, stopped_channels=frozenset({Channel.SMS})
    )

    assert told(preference=preference).routes == (EMAIL,)


def test_another_clinics_stop_is_not_this_ones():
    preference = Preference(stopped_clinics=frozenset({"lakeside"}))

    assert told(preference=preference).routes == (EMAIL, SMS)


def test_a_channel_named_twice_is_tried_once():
    assert told((Channel.SMS, Channel.SMS, Channel.EMAIL)).routes == (SMS, EMAIL)


@pytest.mark.parametrize(
    ("zone", "clock"),
    [
        pytest.param(None, "America/New_York", id="unknown-is-the-clinics"),
        pytest.param("America/Los_Angeles", "America/Los_Angeles", id="known"),
        pytest.param("Mars/Olympus", "America/New_York", id="no-such-zone"),
        pytest.param("../../etc/passwd", "America/New_York", id="no-zone-at-all"),
        pytest.param("America", "America/New_York", id="a-folder"),
    ],
)
def test_quiet_hours_are_the_patients_own_where_their_zone_is_known(zone, clock):
    assert zone_of(patient(zone=zone), clinic()) == ZoneInfo(clock)


def test_without_a_record_the_clinics_clock_counts():
    assert zone_of(None, clinic()) == ZoneInfo("America/New_York")


CONFIDENTIAL = Ruleset(confidential=Confidential(frozenset({"Sexual-Health"}), 12))
IN_CONFIDENCE = appointment(
    START, kind=Kind(service_types=frozenset({"sexual-health"}))
)
TEENAGER = {"birth_date": "2012-06-01", "guardians": (MOTHER, FATHER)}


def word(to=SMS, *, given=True, by=ConsentBy.PATIENT, at="2027-01-01 12:00"):
    return Consent(
        patient=person().key,
        kind=ConsentKind.OWN_ADDRESS,
        given=given,
        to=to,
        by=by,
        how="in-person",
        text_version="own-1",
        at=utc(at),
    )


def in_confidence(*consents, visit=IN_CONFIDENCE, **changes):
    """Who is told of a confidential visit by e-mail or text."""
    harbor = clinic(ruleset=CONFIDENTIAL)
    world = person(visit, patient=patient(**TEENAGER | changes), consents=consents)
    listeners = audience(world.patient, harbor, visit, world)
    if isinstance(listeners, Reason):
        return listeners
    return recipient(listeners, (Channel.EMAIL, Channel.SMS), world, harbor)


@pytest.mark.parametrize(
    ("consents", "changes", "routes"),
    [
        pytest.param((), {}, None, id="nobody-by-default"),
        pytest.param((word(),), {}, (SMS,), id="the-number-they-called-their-own"),
        pytest.param(
            (word(by=ConsentBy.STAFF),), {}, (SMS,), id="as-staff-wrote-it-down"
        ),
        pytest.param(
            (word(by=ConsentBy.GUARDIAN),), {}, None, id="not-as-a-guardian-says"
        ),
        pytest.param(
            (word(), word(given=False, at="2027-02-01 12:00")),
            {},
            None,
            id="taken-back",
        ),
        pytest.param(
            (word(MOTHERS_SMS),), {}, None, id="an-address-that-is-not-on-file-for-them"
        ),
        pytest.param(
            (word(MOTHERS_SMS),),
            {"contact_points": (MOTHERS_SMS,)},
            None,
            id="an-address-that-is-a-guardians-too",
        ),
        pytest.param((word(),), {"birth_date": "2009-06"}, (SMS,), id="at-seventeen"),
        pytest.param((), {"birth_date": "2009-01-01"}, (EMAIL, SMS), id="of-age"),
        pytest.param(
            (), {"birth_date": "2015-03-15"}, None, id="twelve-on-the-very-day"
        ),
        pytest.param(
            (),
            {"birth_date": "2015-03-16"},
            (MOTHERS_EMAIL, MOTHERS_SMS),
            id="eleven-as-usual",
        ),
        pytest.param((), {"birth_date": "2015"}, None, id="may-be-twelve"),
        pytest.param(
            (), {"visit": VISIT}, (MOTHERS_EMAIL, MOTHERS_SMS), id="another-service"
        ),
    ],
)
def test_who_is_told_of_a_confidential_visit(consents, changes, routes):
    found = in_confidence(*consents, **changes)

    if routes is None:
        assert found is Reason.CONFIDENTIAL
    else:
        assert found.routes == routes


def test_by_a_channel_without_an_own_address_only_staff_may_call():
    harbor = clinic(ruleset=CONFIDENTIAL)
    world = person(IN_CONFIDENCE, patient=patient(**TEENAGER), consents=(word(EMAIL),))
    listeners = audience(world.patient, harbor, IN_CONFIDENCE, world)

    found = recipient(listeners, (Channel.SMS,), world, harbor)

    assert found is Reason.CONFIDENTIAL


POINTS = (EMAIL, SMS, VOICE, MOTHERS_EMAIL, MOTHERS_SMS, FATHERS_SMS)
some_points = st.lists(st.sampled_from(POINTS), unique=True).map(tuple)
some_channels = st.lists(st.sampled_from(Channel), min_size=1).map(tuple)
preferences = st.builds(
    Preference,
    channel=st.none() | st.sampled_from(Channel),
    stopped_channels=st.frozensets(st.sampled_from(Channel)),
    stopped_clinics=st.frozensets(st.sampled_from(["harbor", "lakeside"])),
)
guardians = st.lists(
    st.builds(Guardian, st.sampled_from(["g1", "g2"]), some_points), max_size=2
).map(tuple)
consents = st.lists(
    st.builds(
        word,
        st.sampled_from(POINTS),
        given=st.booleans(),
        by=st.sampled_from(ConsentBy),
        at=st.sampled_from(["2027-01-01 12:00", "2027-01-02 12:00"]),
    ),
    max_size=6,
).map(tuple)
births = st.sampled_from([None, "1980-05-17", "2008", "2010-04", "2014-02-03", "2015"])


@unhurried
@given(some_points, guardians, births, consents, some_channels, preferences)
def test_of_a_confidential_visit_no_guardian_is_ever_told(
    own, relatives, birth_date, said, channels, preference
):
    harbor = clinic(ruleset=CONFIDENTIAL)
    minor = patient(
        birth_date=birth_date or "2012", contact_points=own, guardians=relatives
    )
    world = person(IN_CONFIDENCE, patient=minor, consents=said, preference=preference)
    young = minor.birth_date != "1980-05-17" and minor.birth_date != "2008"

    listeners = audience(minor, harbor, IN_CONFIDENCE, world)

    found = (
        recipient(listeners, channels, world, harbor)
        if isinstance(listeners, Audience)
        else listeners
    )
    if young and isinstance(found, Recipient):
        theirs = {point for each in relatives for point in each.contact_points}
        assert not theirs & set(found.routes)
        assert {one.to for one in said if one.given} >= set(found.routes)


@unhurried
@given(
    some_points,
    guardians,
    births,
    st.frozensets(st.sampled_from(POINTS)),
    some_channels,
    preferences,
)
def test_what_stopped_is_never_a_route_and_no_address_comes_twice(
    own, relatives, birth_date, blocked, channels, preference
):
    harbor = clinic()
    somebody = patient(birth_date=birth_date, contact_points=own, guardians=relatives)
    world = person(VISIT, patient=somebody, blocked=blocked, preference=preference)
    listeners = audience(somebody, harbor, VISIT, world)

    found = recipient(listeners, channels, world, harbor)

    if isinstance(found, Recipient):
        used = [point.channel for point in found.routes]
        assert found.routes
        assert not set(found.routes) & blocked
        assert not set(used) & preference.stopped_channels
        assert set(used) <= set(channels)
        assert len(set(used)) == len(used)
        assert "harbor" not in preference.stopped_clinics
        assert found.language in harbor.languages
