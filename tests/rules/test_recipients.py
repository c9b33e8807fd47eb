from datetime import timedelta

import pytest

from reminder.model.people import Channel, ContactPoint, Guardian, Preference
from reminder.model.reasons import Reason
from reminder.rules.recipients import Recipient, audience, recipient
from tests.rules.examples import (
    EMAIL,
    FATHER,
    FATHERS_SMS,
    MOTHER,
    MOTHERS_EMAIL,
    MOTHERS_SMS,
    SMS,
    VOICE,
    clinic,
    patient,
    person,
    utc,
)

START = utc("2027-03-15 13:30")
"""Mon 15 Mar 2027 09:30 EDT."""


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
    return recipient(audience(world.patient, harbor, START), channels, world, harbor)


@pytest.mark.parametrize(
    ("birth_date", "minor"),
    [
        pytest.param("2009-03-15", False, id="turns-eighteen-that-day"),
        pytest.param("2009-03-16", True, id="a-day-too-young"),
        pytest.param("2009-03", True, id="month-only-may-be-the-31st"),
        pytest.param("2009-02", False, id="month-only-but-certain"),
        pytest.param("2009", True, id="year-only-may-be-december"),
        pytest.param("2008", False, id="year-only-but-certain"),
        pytest.param("1934-01-01", False, id="old"),
        pytest.param("2027-03-01", True, id="newborn"),
        pytest.param(None, False, id="unknown-is-an-adult"),
    ],
)
def test_who_counts_as_a_minor(birth_date, minor):
    child = patient(birth_date=birth_date, guardians=(MOTHER,))

    found = audience(child, clinic(), START)

    assert found.guardians_only is minor
    assert found.people == ((MOTHER,) if minor else (child,))


def test_a_leap_day_child_is_of_age_on_the_first_of_march():
    child = patient(birth_date="2008-02-29")
    of_age_at = utc("2026-03-01 15:00")

    assert audience(child, clinic(), of_age_at - timedelta(days=1)).guardians_only
    assert not audience(child, clinic(), of_age_at).guardians_only


def test_a_year_alone_keeps_a_child_a_child_until_its_last_day():
    child = patient(birth_date="2009")
    last_day = utc("2027-12-31 15:00")

    assert audience(child, clinic(), last_day - timedelta(days=1)).guardians_only
    assert not audience(child, clinic(), last_day).guardians_only


def test_age_counts_on_the_clinics_date_not_on_utcs():
    evening_before = utc("2027-03-15 02:00")  # Sun 14 Mar 22:00 EDT
    child = patient(birth_date="2009-03-15")

    assert audience(child, clinic(), evening_before).guardians_only


def test_the_clinic_says_who_is_of_age():
    child = patient(birth_date="2009-03-15")

    assert audience(child, clinic(age_of_majority=19), START).guardians_only


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


def test_a_guardian_is_told_in_their_own_language_not_the_childs():
    found = told(
        (Channel.SMS,), birth_date="2020", guardians=(FATHER, MOTHER), language="es"
    )

    assert found == Recipient((FATHERS_SMS,), "en")
