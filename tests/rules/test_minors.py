import pytest

from reminder.model.appointments import Kind
from reminder.model.rulesets import Confidential, Ruleset
from reminder.rules.minors import is_in_confidence, is_minor
from tests.rules.examples import appointment, clinic, minutes, patient, utc

START = utc("2027-03-15 13:30")
"""Mon 15 Mar 2027 09:30 EDT."""


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
    assert is_minor(patient(birth_date=birth_date), clinic(), START) is minor


@pytest.mark.parametrize(
    ("birth_date", "of_age_at"),
    [
        pytest.param("2008-02-29", "2026-03-01 05:00", id="a-leap-day-child"),
        pytest.param("2009", "2027-12-31 05:00", id="a-year-alone-until-its-last-day"),
        pytest.param("2009-03-15", "2027-03-15 04:00", id="on-the-clinics-date"),
    ],
)
def test_somebody_comes_of_age_at_the_clinics_midnight(birth_date, of_age_at):
    child, midnight = patient(birth_date=birth_date), utc(of_age_at)

    assert is_minor(child, clinic(), midnight - minutes(1))
    assert not is_minor(child, clinic(), midnight)


@pytest.mark.parametrize("majority", [16, 18, 19, 21])
def test_the_clinic_says_who_is_of_age(majority):
    years_ago = patient(birth_date=f"{2027 - majority}-03-15")
    a_day_less = patient(birth_date=f"{2027 - majority}-03-16")

    assert not is_minor(years_ago, clinic(age_of_majority=majority), START)
    assert is_minor(a_day_less, clinic(age_of_majority=majority), START)


@pytest.mark.parametrize(
    ("birth_date", "theirs"),
    [
        pytest.param("2013-03-15", True, id="fourteen-that-day"),
        pytest.param("2013-03-16", False, id="a-day-too-young"),
        pytest.param("2013-03", True, id="month-only-may-be-the-first"),
        pytest.param("2013-04", False, id="month-only-but-certain"),
        pytest.param("2013", True, id="year-only-may-be-january"),
        pytest.param("2014", False, id="year-only-but-certain"),
        pytest.param("1980-05-17", False, id="an-adults-is-no-minors"),
        pytest.param(None, False, id="unknown-is-an-adult"),
    ],
)
def test_from_which_age_a_visit_is_the_minors_own(birth_date, theirs):
    rules = Ruleset(confidential=Confidential(frozenset({"408467006"}), 14))
    visit = appointment(START, kind=Kind(specialties=frozenset({"408467006"})))

    found = is_in_confidence(
        patient(birth_date=birth_date), clinic(ruleset=rules), visit
    )

    assert found is theirs


def test_a_service_the_clinic_did_not_name_is_nobodys_own():
    visit = appointment(START, kind=Kind(specialties=frozenset({"408467006"})))

    assert not is_in_confidence(patient(birth_date="2012-01-01"), clinic(), visit)
