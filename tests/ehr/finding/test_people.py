from collections.abc import Collection

import httpx
import pytest

from reminder.ehr.errors import EHRRefused, EHRUnavailable
from reminder.model.people import Channel
from tests.ehr.conftest import MakeEHR
from tests.ehr.pretend import (
    BASE_URL,
    CAPABILITIES,
    PretendServer,
    bundle,
    fixture,
    said,
)


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


def clinic_of(
    people: int, *, most: int = 100, closed: Collection[str] = ()
) -> PretendServer:
    """Patients `p0` to so many; a search brings some, or none if one is closed."""
    everybody = {f"p{n}": fixture("patient-adult", id=f"p{n}") for n in range(people)}

    def answer(request: httpx.Request) -> httpx.Response:
        wanted = request.url.params["_id"].split(",")
        if any(id_ in closed for id_ in wanted):
            return said({}, 403)
        return said(bundle(*[everybody[id_] for id_ in wanted][:most]))

    server = PretendServer().on("GET Patient", answer)
    for id_, patient in everybody.items():
        server.on(f"GET Patient/{id_}", said(patient))
    return server


async def test_who_is_missing_from_a_list_is_asked_for_alone(make_ehr: MakeEHR) -> None:
    ids = [f"p{n}" for n in range(30)]

    readings = await make_ehr(clinic_of(30, most=10)).patients(ids)

    assert {each.key.patient_id for each in readings.patients} == set(ids)


async def test_who_is_unreadable_in_a_list_is_not_asked_for_again(
    make_ehr: MakeEHR,
) -> None:
    server = server_of(fixture("patient-adult", id="bad", gender={"a": 1}))

    await make_ehr(server).patients(["bad"])

    assert server.times("GET Patient/bad") == 0


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(said({}, 403), id="closed"),
        pytest.param(said({}, 404), id="absent"),
        pytest.param(said(fixture("patient-adult", id="p1"), 410), id="deleted"),
        pytest.param(said({}, 400), id="no-id"),
        pytest.param(httpx.Response(200, text="<html>"), id="no-json"),
        pytest.param(said(fixture("patient-adult", id="other")), id="another"),
        pytest.param(
            said(fixture("related-person-mother", id="p1")), id="another-type"
        ),
    ],
)
async def test_one_nobody_may_read_alone_is_just_not_there(
    make_ehr: MakeEHR, answer: httpx.Response
) -> None:
    server = server_of(fixture("patient-adult")).on("GET Patient/p1", answer)

    readings = await make_ehr(server).patients(["ana", "p1"])

    assert [each.key.patient_id for each in readings.patients] == ["ana"]
    assert readings.unreadable == ()
    assert server.times("GET Patient") == 1


async def test_an_absent_one_is_left_for_later_where_the_server_does_not_answer(
    make_ehr: MakeEHR,
) -> None:
    server = server_of(fixture("patient-adult")).on("GET Patient/p1", said({}, 503))

    with pytest.raises(EHRUnavailable):
        await make_ehr(server).patients(["ana", "p1"])


@pytest.mark.parametrize(
    "link",
    [
        pytest.param(None, id="nowhere"),
        pytest.param("http://internal:8080/fhir?_getpages=1", id="elsewhere"),
        pytest.param(f"{BASE_URL}/Patient?gone=1", id="expired"),
    ],
)
async def test_a_next_link_that_leads_nowhere_shuts_nobody_out(
    make_ehr: MakeEHR, link: str | None
) -> None:
    ana, ben = fixture("patient-adult"), fixture("patient-adult", id="ben")

    def answer(request: httpx.Request) -> httpx.Response:
        if "gone" in request.url.params:
            return said({}, 410)
        return said(bundle(ana, link=[{"relation": "next", "url": link}]))

    server = PretendServer().on("GET Patient", answer).on("GET Patient/ben", said(ben))

    readings = await make_ehr(server).patients(["ana", "ben"])

    assert [each.key.patient_id for each in readings.patients] == ["ana", "ben"]
    assert server.times("GET Patient/ben") == 1
    assert server.times("GET Patient") <= 2


async def test_a_list_that_has_brought_everybody_is_not_followed(
    make_ehr: MakeEHR,
) -> None:
    pages = iter(range(2, 1000))

    def answer(_: httpx.Request) -> httpx.Response:
        link = f"{BASE_URL}/Patient?page={next(pages)}"
        return said(bundle(fixture("patient-adult"), next_link=link))

    server = PretendServer().on("GET Patient", answer)

    await make_ehr(server).patients(["ana"])
    assert server.times("GET Patient") == 1

    readings = await make_ehr(server).patients(["ana", "nobody"])
    assert [each.key.patient_id for each in readings.patients] == ["ana"]
    assert server.times("GET Patient") == 3


async def test_one_patient_closed_to_us_keeps_no_other_away(make_ehr: MakeEHR) -> None:
    ids = [f"p{n}" for n in range(70)]
    closed = {"p3", "p4", "p68"}

    readings = await make_ehr(clinic_of(70, closed=closed)).patients(ids)

    assert {each.key.patient_id for each in readings.patients} == {*ids} - closed


async def test_where_all_are_closed_to_us_we_are_shut_out_and_soon_know_it(
    make_ehr: MakeEHR,
) -> None:
    ids = [f"p{n}" for n in range(90)]
    server = clinic_of(90, closed=ids)

    with pytest.raises(EHRRefused, match="403"):
        await make_ehr(server).patients(ids)

    assert server.times("GET Patient") < 40


async def test_however_many_are_closed_the_others_come(make_ehr: MakeEHR) -> None:
    ids = [f"p{n}" for n in range(60)]

    readings = await make_ehr(clinic_of(60, closed=ids[:30])).patients(ids)

    assert {each.key.patient_id for each in readings.patients} == {*ids[30:]}


async def test_one_closed_to_us_is_that_alone_where_another_is_open(
    make_ehr: MakeEHR,
) -> None:
    closed = {"p2"}
    ehr = make_ehr(clinic_of(3, closed=closed))
    await ehr.patients(["p1"])

    assert (await ehr.patients(["p2"])).patients == ()

    closed.add("p1")
    with pytest.raises(EHRRefused):
        await ehr.patients(["p2"])


async def test_the_relatives_of_one_child_closed_to_us_keep_no_others_away(
    make_ehr: MakeEHR,
) -> None:
    ben, kim = fixture("patient-minor"), fixture("patient-minor", id="kim")
    mother = fixture("related-person-mother")

    def relatives(request: httpx.Request) -> httpx.Response:
        is_closed = "kim" in request.url.params["patient"]
        return said({}, 403) if is_closed else said(bundle(mother))

    server = server_of(ben, kim).on("GET RelatedPerson", relatives)

    readings = await make_ehr(server).patients(["ben", "kim"])

    assert [len(each.guardians) for each in readings.patients] == [1, 0]
