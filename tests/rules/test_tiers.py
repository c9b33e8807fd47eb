from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.model.appointments import Kind
from reminder.model.people import Channel, Consent, ConsentBy, ConsentKind
from reminder.model.rulesets import Confidential, Ruleset, Tier, Tiers
from reminder.rules.tiers import TierChoice, tier
from tests.rules.examples import (
    EMAIL,
    SMS,
    VOICE,
    appointment,
    clinic,
    patient,
    person,
    utc,
)

START = utc("2027-03-15 13:30")
TO = {Channel.EMAIL: EMAIL, Channel.SMS: SMS, Channel.VOICE: VOICE}
PLAIN_VISIT = appointment(START)
LABELLED = appointment(START, kind=Kind(security=frozenset({"r"})))
LISTED = appointment(START, kind=Kind(specialties=frozenset({"394587001"})))
TEENAGER = patient(birth_date="2012-06-01")
FULL = Tiers(email=Tier.FULL, sms=Tier.FULL, voice=Tier.FULL)
BASIC, STANDARD = Tier.BASIC, Tier.STANDARD


def yes(to, words="details-1"):
    return Consent(
        patient=person().key,
        kind=ConsentKind.DETAILS,
        given=True,
        to=to,
        by=ConsentBy.PATIENT,
        how="page",
        text_version=words,
        at=utc("2027-01-10 12:00"),
    )


def choice(channel, visit=PLAIN_VISIT, *, tiers=None, who=None, consents=(), **rules):
    harbor = clinic(ruleset=Ruleset(tiers=tiers or Tiers(), **rules))
    world = person(visit, patient=who or patient(), consents=tuple(consents))
    return tier(visit, harbor, channel, TO[channel], world)


@pytest.mark.parametrize(
    ("channel", "case", "expected"),
    [
        pytest.param(
            Channel.EMAIL,
            {},
            (STANDARD, "the clinic's limit for e-mail"),
            id="the-clinics-tier",
        ),
        pytest.param(
            Channel.EMAIL,
            {"tiers": FULL},
            (Tier.FULL, "the clinic's limit for e-mail"),
            id="full-where-the-clinic-says-so",
        ),
        pytest.param(
            Channel.EMAIL,
            {"tiers": FULL, "visit": LABELLED},
            (BASIC, "the service is sensitive"),
            id="a-label-forces-basic",
        ),
        pytest.param(
            Channel.EMAIL,
            {"tiers": FULL, "visit": LISTED, "sensitive": frozenset({"394587001"})},
            (BASIC, "the service is sensitive"),
            id="so-does-the-clinics-list",
        ),
        pytest.param(
            Channel.EMAIL,
            {
                "visit": LISTED,
                "who": TEENAGER,
                "confidential": Confidential(frozenset({"394587001"})),
            },
            (BASIC, "the service is confidential"),
            id="a-minors-own-visit-too",
        ),
        pytest.param(
            Channel.EMAIL,
            {"visit": LISTED, "confidential": Confidential(frozenset({"394587001"}))},
            (STANDARD, "the clinic's limit for e-mail"),
            id="but-not-an-adults",
        ),
        pytest.param(
            Channel.SMS,
            {"tiers": FULL},
            (BASIC, "no consent to details by text message"),
            id="a-text-without-consent",
        ),
        pytest.param(
            Channel.SMS,
            {"consents": [yes(SMS)]},
            (STANDARD, "the clinic's limit for text messages"),
            id="a-text-with-consent",
        ),
        pytest.param(
            Channel.SMS,
            {"consents": [yes(VOICE)]},
            (BASIC, "no consent to details by text message"),
            id="a-consent-to-calls-is-none-to-texts",
        ),
        pytest.param(
            Channel.SMS,
            {"consents": [yes(SMS), replace(yes(SMS), given=False)]},
            (BASIC, "no consent to details by text message"),
            id="a-consent-taken-back",
        ),
        pytest.param(
            Channel.SMS,
            {"visit": LABELLED, "consents": [yes(SMS)]},
            (BASIC, "the service is sensitive"),
            id="consent-does-not-lift-a-label",
        ),
        pytest.param(
            Channel.VOICE,
            {"consents": [yes(VOICE)]},
            (BASIC, "the clinic's limit for calls"),
            id="a-call-says-little-by-default",
        ),
        pytest.param(
            Channel.VOICE,
            {},
            (BASIC, "the clinic's limit for calls"),
            id="where-consent-would-not-help-it-is-not-named",
        ),
        pytest.param(
            Channel.VOICE,
            {"tiers": FULL},
            (BASIC, "no consent to details by phone"),
            id="a-call-without-consent",
        ),
        pytest.param(
            Channel.SMS,
            {"tiers": FULL, "consents": [yes(SMS)]},
            (STANDARD, "consent to no more by text message"),
            id="the-words-on-our-page-promise-when-and-where-only",
        ),
        pytest.param(
            Channel.SMS,
            {"tiers": FULL, "consents": [yes(SMS, "full-2026-11 en")]},
            (Tier.FULL, "the clinic's limit for text messages"),
            id="words-of-that-name-promise-everything",
        ),
        pytest.param(
            Channel.VOICE,
            {"tiers": FULL, "consents": [yes(VOICE, "full-2026-11")]},
            (Tier.FULL, "the clinic's limit for calls"),
            id="by-phone-too",
        ),
        *(
            pytest.param(
                Channel.SMS,
                {"tiers": FULL, "consents": [yes(SMS, words)]},
                (STANDARD, "consent to no more by text message"),
                id=f"words-named-{words}-do-not",
            )
            for words in ("paper-form-7", "detials-2026-11", "Details-1", "full", "1")
        ),
    ],
)
def test_the_lowest_say_counts_and_is_named(channel, case, expected):
    assert choice(channel, **case) == TierChoice(*expected)


@pytest.mark.parametrize(
    ("born", "expected"),
    [
        pytest.param("2009-03-16", STANDARD, id="while-they-are-a-minor"),
        pytest.param("2009-03-15", BASIC, id="not-from-their-birthday-on"),
        pytest.param(None, BASIC, id="nor-where-nobody-knows"),
    ],
)
def test_a_guardians_consent_is_for_the_visits_of_a_minor(born, expected):
    mothers = replace(yes(SMS), by=ConsentBy.GUARDIAN)

    found = choice(Channel.SMS, who=patient(birth_date=born), consents=[mothers])

    assert found.tier is expected


def test_without_a_record_of_the_patient_the_visit_alone_decides():
    world = person(LABELLED, patient=None)

    assert tier(LABELLED, clinic(), Channel.EMAIL, EMAIL, world).tier is Tier.BASIC


def test_of_two_yeses_at_one_instant_the_one_that_promised_less_counts():
    both = [yes(SMS, "details-1"), yes(SMS, "full-1")]

    assert choice(Channel.SMS, tiers=FULL, consents=both).tier is STANDARD


@given(
    st.sampled_from(Channel),
    st.builds(Tiers, *[st.sampled_from(Tier)] * 3),
    st.sampled_from([PLAIN_VISIT, LABELLED, LISTED]),
    st.booleans(),
    st.booleans(),
)
def test_no_message_says_more_than_anyone_allows(
    channel, tiers, visit, is_listed, has_agreed
):
    found = choice(
        channel,
        visit,
        tiers=tiers,
        sensitive=frozenset({"394587001"} if is_listed else ()),
        consents=[yes(TO[channel])] if has_agreed else [],
    )

    limit = {"email": tiers.email, "sms": tiers.sms, "voice": tiers.voice}[channel]
    assert found.tier <= limit
    assert found.because
    if visit is LABELLED or (visit is LISTED and is_listed):
        assert found.tier is Tier.BASIC
    if channel is not Channel.EMAIL and not has_agreed:
        assert found.tier is Tier.BASIC
