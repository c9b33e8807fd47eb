from dataclasses import replace

import pytest

from reminder.model.appointments import Kind, Place
from reminder.model.people import Channel, Consent, ConsentBy, ConsentKind, Preference
from reminder.model.rulesets import Confidential, Ruleset
from reminder.rules.on_file import still_on_file
from tests.rules.examples import (
    EMAIL,
    MOTHER,
    MOTHERS_SMS,
    SMS,
    appointment,
    clinic,
    directory,
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

    found = still_on_file(to, [VISIT.key], people, directory(), clinic())

    assert found == ((VISIT.key,) if told else ())


def test_only_the_visits_of_those_who_have_the_address_are_told_of() -> None:
    stranger = VISIT.key._replace(patient_id="p2")
    world = person(VISIT)

    people = {world.key: world}
    found = still_on_file(EMAIL, [VISIT.key, stranger], people, directory(), clinic())

    assert found == (VISIT.key,)


OWN = Consent(
    patient=person().key,
    kind=ConsentKind.OWN_ADDRESS,
    given=True,
    to=SMS,
    by=ConsentBy.PATIENT,
    how="page",
    text_version="own-1",
    at=utc("2027-01-10 12:00"),
)


@pytest.mark.parametrize(
    ("to", "consents", "told"),
    [
        pytest.param(MOTHERS_SMS, (), False, id="no-guardian"),
        pytest.param(SMS, (), False, id="not-where-others-may-read"),
        pytest.param(SMS, (OWN,), True, id="the-minor-at-their-own-address"),
        pytest.param(EMAIL, (OWN,), False, id="at-no-other-address-of-theirs"),
    ],
)
def test_no_link_to_a_confidential_visit_goes_to_a_guardian(to, consents, told) -> None:
    visit = replace(VISIT, kind=Kind(service_types=frozenset({"private"})))
    rules = Ruleset(confidential=Confidential(frozenset({"private"})))
    child = patient(birth_date="2012-05-17", guardians=(MOTHER,))
    world = person(visit, patient=child, consents=consents)

    harbor = clinic(ruleset=rules)

    found = still_on_file(
        to, [visit.key], {world.key: world}, directory(harbor), harbor
    )

    assert found == ((visit.key,) if told else ())


@pytest.mark.parametrize(
    ("place", "told"),
    [
        pytest.param("teens", False, id="at-a-clinic-that-keeps-it-to-them"),
        pytest.param("harbor-main", True, id="at-the-clinic-that-wrote"),
        pytest.param("elsewhere", True, id="at-none"),
    ],
)
def test_the_clinic_a_visit_is_at_says_who_is_told_whoever_writes(place, told) -> None:
    visit = replace(VISIT, place=Place(place))
    rules = Ruleset(confidential=Confidential(frozenset({"teens"})))
    teens = clinic(clinic_id="teens", location_ids=frozenset({"teens"}), ruleset=rules)
    child = patient(birth_date="2012-05-17", guardians=(MOTHER,))
    people = {child.key: person(visit, patient=child)}

    found = still_on_file(
        MOTHERS_SMS, [visit.key], people, directory(clinic(), teens), clinic()
    )

    assert found == ((visit.key,) if told else ())


def test_who_stopped_a_clinics_reminders_still_gets_the_answer_they_asked_for() -> None:
    stopped = Preference(
        stopped_clinics=frozenset({"harbor"}), stopped_channels=frozenset(Channel)
    )
    world = person(VISIT, preference=stopped)

    people = {world.key: world}
    assert still_on_file(EMAIL, [VISIT.key], people, directory(), clinic())
