from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.model.people import Consent, ConsentBy, ConsentKind, PatientKey
from reminder.rules.consents import has_consented
from tests.rules.examples import EMAIL, SMS, VOICE, person, utc

PATIENT, GUARDIAN, STAFF = ConsentBy.PATIENT, ConsentBy.GUARDIAN, ConsentBy.STAFF
YES = Consent(
    patient=person().key,
    kind=ConsentKind.DETAILS,
    given=True,
    to=SMS,
    by=PATIENT,
    how="page",
    text_version="details-1",
    at=utc("2027-01-10 12:00"),
)
NO = replace(YES, given=False, at=utc("2027-01-11 12:00"))


def agreed(*said, kind=ConsentKind.DETAILS, to=SMS, of_minor=True):
    return has_consented(person(consents=said), kind, to, of_minor=of_minor)


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        pytest.param((), False, id="nothing-said"),
        pytest.param((YES,), True, id="yes"),
        pytest.param((NO,), False, id="no"),
        pytest.param((YES, NO), False, id="taken-back"),
        pytest.param((NO, YES), False, id="taken-back-in-whatever-order-they-come"),
        pytest.param(
            (YES, NO, replace(YES, at=utc("2027-01-12 12:00"))),
            True,
            id="given-again",
        ),
        pytest.param((YES, replace(NO, at=YES.at)), False, id="at-one-instant-no"),
        pytest.param((replace(YES, by=GUARDIAN),), True, id="by-a-guardian"),
        pytest.param((replace(YES, by=STAFF),), True, id="as-staff-wrote-it-down"),
        pytest.param((replace(YES, text_version=""),), False, id="to-unknown-words"),
        pytest.param(
            (YES, replace(NO, text_version="")), False, id="a-no-needs-no-words"
        ),
        pytest.param((replace(YES, to=VOICE),), False, id="the-same-number-for-calls"),
        pytest.param((replace(YES, to=EMAIL),), False, id="another-address"),
        pytest.param((YES, replace(NO, to=EMAIL)), True, id="a-no-elsewhere"),
        pytest.param(
            (replace(YES, kind=ConsentKind.OWN_ADDRESS),), False, id="to-another-thing"
        ),
        pytest.param(
            (replace(YES, patient=PatientKey("ehr", "p2")),),
            False,
            id="by-somebody-else-at-that-address",
        ),
    ],
)
def test_the_last_word_about_an_address_counts(said, stands):
    assert agreed(*said) is stands


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        pytest.param([PATIENT], True, id="the-minors-own-word"),
        pytest.param([STAFF], True, id="as-staff-wrote-it-down"),
        pytest.param([GUARDIAN], False, id="no-guardians"),
        pytest.param([PATIENT, GUARDIAN], True, id="which-changes-nothing-either"),
    ],
)
def test_only_the_minor_says_that_an_address_is_their_own(said, stands):
    words = [
        replace(
            YES, kind=ConsentKind.OWN_ADDRESS, by=by, at=utc(f"2027-01-0{day} 12:00")
        )
        for day, by in enumerate(said, 1)
    ]

    assert agreed(*words, kind=ConsentKind.OWN_ADDRESS) is stands


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        pytest.param(
            (replace(YES, by=GUARDIAN),), False, id="a-guardians-yes-does-not"
        ),
        pytest.param((YES,), True, id="their-own-does"),
        pytest.param((replace(YES, by=STAFF),), True, id="as-staff-wrote-it-down"),
        pytest.param(
            (YES, replace(NO, by=GUARDIAN)), False, id="a-guardians-no-holds-on"
        ),
        pytest.param(
            (NO, replace(YES, by=GUARDIAN, at=utc("2027-01-12 12:00"))),
            False,
            id="a-guardians-yes-lifts-no-no-of-theirs",
        ),
    ],
)
def test_of_what_was_said_for_a_minor_an_adult_is_held_to_no_yes(said, stands):
    assert agreed(*said, of_minor=False) is stands


def test_anybody_may_say_that_an_address_is_not_theirs_alone():
    yes = replace(YES, kind=ConsentKind.OWN_ADDRESS)
    no = replace(NO, kind=ConsentKind.OWN_ADDRESS, by=GUARDIAN)

    assert not agreed(yes, no, kind=ConsentKind.OWN_ADDRESS)


words = st.builds(
    replace,
    st.just(YES),
    given=st.booleans(),
    by=st.sampled_from(ConsentBy),
    kind=st.sampled_from(ConsentKind),
    text_version=st.sampled_from(["", "details-1"]),
    at=st.integers(1, 9).map(lambda day: utc(f"2027-01-0{day} 12:00")),
)


@given(st.lists(words), st.sampled_from(ConsentKind), st.randoms())
def test_their_order_says_nothing_and_a_last_no_always_holds(said, kind, chance):
    mixed = list(said)
    chance.shuffle(mixed)
    last_no = replace(NO, kind=kind, at=utc("2027-02-01 12:00"))

    assert agreed(*said, kind=kind) is agreed(*mixed, kind=kind)
    assert not agreed(*mixed, last_no, kind=kind)
