from reminder.sandbox.generator import Practice
from reminder.sandbox.residents import Residents


def test_a_number_is_known_however_it_is_written(spring: Practice) -> None:
    residents = Residents(spring.resources)
    patient = next(
        one for one in spring.of_type("Patient") if len(one.get("telecom", [])) == 2
    )
    number = patient["telecom"][0]["value"]
    digits = "".join(filter(str.isdigit, number))[-10:]

    [resident] = residents.behind(f"+1{digits}")

    assert resident.patient_id == patient["id"]
    assert resident.birth_date == patient["birthDate"]
    assert resident.name not in repr(resident)


def test_both_children_are_behind_their_guardians_address(spring: Practice) -> None:
    residents = Residents(spring.resources)
    shared = [
        [resident.patient_id for resident in found]
        for guardian in spring.of_type("RelatedPerson")
        if "telecom" in guardian
        and len(found := residents.behind(guardian["telecom"][1]["value"])) == 2
    ]

    assert len(shared) == 2  # The one guardian is a RelatedPerson of each child.
    assert shared[0] == shared[1]


def test_nobody_is_behind_an_unknown_address(spring: Practice) -> None:
    assert Residents(spring.resources).behind("stranger@example.org") == []
