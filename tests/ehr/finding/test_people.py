from reminder.model.people import Channel
from tests.ehr.conftest import MakeEHR
from tests.ehr.pretend import CAPABILITIES, PretendServer, bundle, fixture, said


def server_of(*patients: dict) -> PretendServer:
    return PretendServer().on("GET Patient", said(bundle(*patients)))


async def test_a_child_comes_with_those_who_may_be_told(make_ehr: MakeEHR) -> None:
    server = server_of(fixture("patient-minor"))
    relatives = fixture("related-person-mother"), fixture("related-person-employer")
    server.on("GET RelatedPerson", said(bundle(*relatives)))

    readings = await make_ehr(server).patients(["ben"])

    (ben,) = readings.patients
    (mother,) = ben.guardians
    assert mother.related_person_id == "ben-mother"
    assert mother.language == "es"
    assert mother.contact_points[0].channel is Channel.SMS
    assert server.last("GET RelatedPerson").url.params["patient"] == "ben"


async def test_a_related_person_comes_before_the_contacts(make_ehr: MakeEHR) -> None:
    server = server_of(fixture("patient-minor-with-contacts"))
    mother = fixture("related-person-mother", patient={"reference": "Patient/cleo"})
    server.on("GET RelatedPerson", said(bundle(mother)))

    (cleo,) = (await make_ehr(server).patients(["cleo"])).patients

    assert [each.related_person_id for each in cleo.guardians] == [
        "ben-mother",
        "contact-2",
        "contact-5",
    ]


async def test_who_is_a_guardian_no_longer_is_not_told_as_a_contact_either(
    make_ehr: MakeEHR,
) -> None:
    server = server_of(fixture("patient-minor-with-contacts"))
    father = fixture(
        "related-person-mother",
        id="cleo-father",
        active=False,
        patient={"reference": "Patient/cleo"},
        telecom=[{"system": "sms", "value": "212-555-0122"}],
    )
    server.on("GET RelatedPerson", said(bundle(father)))

    (cleo,) = (await make_ehr(server).patients(["cleo"])).patients

    assert [
        (each.related_person_id, len(each.contact_points)) for each in cleo.guardians
    ] == [("contact-2", 0), ("contact-5", 1)]


async def test_without_the_permission_a_childs_contacts_are_still_there(
    make_ehr: MakeEHR,
) -> None:
    server = server_of(fixture("patient-minor-with-contacts"))
    server.on("GET RelatedPerson", said({}, 403))

    (cleo,) = (await make_ehr(server).patients(["cleo"])).patients

    assert len(cleo.guardians) == 2


async def test_a_grown_ups_contacts_are_nobodys_guardians(make_ehr: MakeEHR) -> None:
    grown = fixture("patient-minor-with-contacts", birthDate="1990-01-01")

    (cleo,) = (await make_ehr(server_of(grown)).patients(["cleo"])).patients

    assert cleo.guardians == ()


async def test_for_a_grown_up_no_relative_is_asked_for(make_ehr: MakeEHR) -> None:
    server = server_of(fixture("patient-adult"))

    (ana,) = (await make_ehr(server).patients(["ana"])).patients

    assert ana.guardians == ()
    assert server.times("GET RelatedPerson") == 0


async def test_somebody_of_unknown_age_may_be_a_child(make_ehr: MakeEHR) -> None:
    server = server_of(fixture("patient-minor", birthDate="2018"))

    await make_ehr(server).patients(["ben"])

    assert server.times("GET RelatedPerson") == 1


async def test_the_unreadable_are_named_and_the_absent_are_absent(
    make_ehr: MakeEHR,
) -> None:
    bad = fixture("patient-adult", id="bad", gender={"a": 1})
    server = server_of(fixture("patient-adult"), bad)

    readings = await make_ehr(server).patients(["ana", "bad", "nobody"])

    assert [each.key.patient_id for each in readings.patients] == ["ana"]
    assert [(each.resource_id, each.path) for each in readings.unreadable] == [
        ("bad", "Patient.gender")
    ]


async def test_an_unreadable_relative_is_named_as_well(make_ehr: MakeEHR) -> None:
    server = server_of(fixture("patient-minor"))
    bad = fixture("related-person-mother", active="perhaps")
    server.on("GET RelatedPerson", said(bundle(bad)))

    readings = await make_ehr(server).patients(["ben"])

    assert [each.key.patient_id for each in readings.patients] == ["ben"]
    assert [each.resource_type for each in readings.unreadable] == ["RelatedPerson"]


async def test_patients_nobody_asked_for_are_left_out(make_ehr: MakeEHR) -> None:
    server = server_of(fixture("patient-adult"), fixture("patient-deceased"))

    readings = await make_ehr(server).patients(["ana"])

    assert [each.key.patient_id for each in readings.patients] == ["ana"]


async def test_without_the_permission_a_child_has_no_guardian(
    make_ehr: MakeEHR,
) -> None:
    server = server_of(fixture("patient-minor"))
    server.on("GET RelatedPerson", said({}, 403))

    (ben,) = (await make_ehr(server).patients(["ben"])).patients

    assert ben.guardians == ()


async def test_a_server_without_relatives_is_not_asked_for_them(
    make_ehr: MakeEHR,
) -> None:
    kept = [
        each
        for each in CAPABILITIES["rest"][0]["resource"]
        if each["type"] != "RelatedPerson"
    ]
    statement = CAPABILITIES | {"rest": [CAPABILITIES["rest"][0] | {"resource": kept}]}
    server = server_of(fixture("patient-minor")).on("GET metadata", said(statement))

    await make_ehr(server).patients(["ben"])

    assert server.times("GET RelatedPerson") == 0


async def test_patients_are_asked_for_in_batches(make_ehr: MakeEHR) -> None:
    server = server_of()

    await make_ehr(server, ids_per_request=10).patients([f"p{n}" for n in range(25)])

    assert server.times("GET Patient") == 3
