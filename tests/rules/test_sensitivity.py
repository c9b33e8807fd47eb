import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.model.appointments import Kind, Place
from reminder.model.rulesets import Confidential, Ruleset
from reminder.rules.sensitivity import is_confidential, is_sensitive
from tests.rules.examples import appointment, utc

START = utc("2027-03-15 13:30")
SCT = "http://snomed.info/sct"


def visit(**kind):
    words = {name: frozenset(values) for name, values in kind.items()}
    return appointment(START, kind=Kind(**words), place=Place("Harbor-West"))


@pytest.mark.parametrize(
    ("labels", "sensitive"),
    [
        pytest.param({"n"}, False, id="normal"),
        pytest.param({"u", "l", "m"}, False, id="less-than-normal"),
        pytest.param({"r"}, True, id="restricted"),
        pytest.param({"v"}, True, id="very-restricted"),
        pytest.param({"n", "psy"}, True, id="psychiatry"),
        pytest.param({"eth"}, True, id="substance-abuse"),
        pytest.param({"sud"}, True, id="substance-use"),
        pytest.param({"hiv"}, True, id="hiv"),
        pytest.param({"sdv"}, True, id="domestic-violence"),
        pytest.param({"sex"}, True, id="reproductive-health"),
        pytest.param({"prs"}, True, id="as-the-patient-asked"),
        pytest.param({"adol"}, True, id="adolescent"),
        pytest.param({"race", "empl"}, False, id="a-single-fact"),
        pytest.param(set(), False, id="no-label"),
    ],
)
def test_a_security_label_makes_a_visit_sensitive(labels, sensitive):
    assert is_sensitive(visit(security=labels), Ruleset()) is sensitive


@pytest.mark.parametrize(
    ("kind", "listed"),
    [
        pytest.param({"appointment_types": {"walkin"}}, True, id="appointment-type"),
        pytest.param({"service_types": {"walkin"}}, True, id="service-type"),
        pytest.param({"service_categories": {"walkin"}}, True, id="service-category"),
        pytest.param({"specialties": {"walkin"}}, True, id="specialty"),
        pytest.param({"specialties": {f"{SCT}|394587001"}}, True, id="with-its-system"),
        pytest.param({"service_types": {"pain clinic"}}, True, id="by-its-text"),
        pytest.param({"specialties": {"394587001"}}, False, id="another-system"),
        pytest.param({"service_types": {"clinic"}}, False, id="a-part-of-a-text"),
        pytest.param({"tags": {"walkin"}}, False, id="a-tag-is-no-service"),
        pytest.param({}, False, id="nothing-known"),
    ],
)
def test_a_service_is_known_by_code_system_or_text_whatever_the_case(kind, listed):
    names = frozenset({"WALKIN", f"{SCT}|394587001", " Pain Clinic "})

    assert is_sensitive(visit(**kind), Ruleset(sensitive=names)) is listed
    assert (
        is_confidential(visit(**kind), Ruleset(confidential=Confidential(names)))
        is listed
    )


@pytest.mark.parametrize("name", ["Harbor-West", "harbor-west"])
def test_a_location_may_give_away_as_much_as_a_service(name):
    names = frozenset({name})

    assert is_sensitive(visit(), Ruleset(sensitive=names))
    assert is_confidential(visit(), Ruleset(confidential=Confidential(names)))


def test_a_label_says_nothing_of_guardians():
    assert not is_confidential(visit(security={"adol", "r"}), Ruleset())


@given(st.frozensets(st.text(max_size=5)), st.frozensets(st.text(max_size=5)))
def test_a_longer_list_never_makes_a_visit_less_sensitive(names, more):
    some = visit(service_types={"walkin"})

    if is_sensitive(some, Ruleset(sensitive=names)):
        assert is_sensitive(some, Ruleset(sensitive=names | more))
