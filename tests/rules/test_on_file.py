import pytest

from reminder.rules.on_file import still_on_file
from tests.rules.examples import (
    EMAIL,
    MOTHER,
    MOTHERS_SMS,
    SMS,
    appointment,
    clinic,
    patient,
    person,
    utc,
)

VISIT = appointment(utc("2027-03-15 13:30"))
CHILD = {"birth_date": "2018-05-17", "guardians": (MOTHER,)}


@pytest.mark.parametrize(
    ("to", "world", "told"),
    [
        pytest.param(EMAIL, person(VISIT), True, id="still-theirs"),
        pytest.param(
            SMS,
            person(VISIT, patient=patient(contact_points=(EMAIL,))),
            False,
            id="the-number-was-replaced",
        ),
        pytest.param(
            EMAIL, person(VISIT, blocked=frozenset({EMAIL})), False, id="said-stop"
        ),
        pytest.param(
            EMAIL, person(VISIT, patient=patient(deceased=True)), False, id="deceased"
        ),
        pytest.param(EMAIL, person(VISIT, patient=None), False, id="unreadable"),
        pytest.param(EMAIL, person(), False, id="the-visit-is-gone"),
        pytest.param(
            MOTHERS_SMS,
            person(VISIT, patient=patient(**CHILD)),
            True,
            id="a-childs-guardian",
        ),
        pytest.param(
            EMAIL,
            person(VISIT, patient=patient(**CHILD)),
            False,
            id="a-child-by-themselves",
        ),
    ],
)
def test_an_address_may_be_told_of_a_visit_while_it_is_on_file(to, world, told) -> None:
    people = {world.key: world}

    found = still_on_file(to, [VISIT.key], people, clinic())

    assert found == ((VISIT.key,) if told else ())


def test_only_the_visits_of_those_who_have_the_address_are_told_of() -> None:
    stranger = VISIT.key._replace(patient_id="p2")
    world = person(VISIT)

    found = still_on_file(EMAIL, [VISIT.key, stranger], {world.key: world}, clinic())

    assert found == (VISIT.key,)
