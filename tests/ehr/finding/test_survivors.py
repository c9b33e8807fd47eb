import httpx
import pytest

from reminder.ehr.errors import EHRRefused
from reminder.ehr.finding.survivors import is_replaced, replaced_by
from reminder.model.people import Patient
from tests.ehr.conftest import MakeEHR
from tests.ehr.pretend import BASE_URL, PretendServer, Resource, bundle, fixture, said


def replaced(id_: str, *by: str, **more: object) -> Resource:
    links = [
        {"other": {"reference": f"Patient/{each}"}, "type": "replaced-by"}
        for each in by
    ]
    return fixture("patient-replaced", id=id_, link=links, **more)


def serving(*patients: Resource) -> PretendServer:
    """A server that finds Patients by a list of ids."""

    def answer(request: httpx.Request) -> httpx.Response:
        ids = request.url.params["_id"].split(",")
        return said(bundle(*(each for each in patients if each["id"] in ids)))

    return PretendServer().on("GET Patient", answer)


async def read(make_ehr: MakeEHR, server: PretendServer, *ids: str) -> list[Patient]:
    return list((await make_ehr(server).patients(ids)).patients)


ANA = fixture("patient-adult")


async def test_a_merged_patient_has_the_survivors_words(make_ehr: MakeEHR) -> None:
    server = serving(replaced("old", "ana"), ANA)

    old, ana = await read(make_ehr, server, "old", "ana")

    assert old.key.patient_id == "old"
    assert old.survivor_id == "ana"
    assert ana.survivor_id is None
    for words in ("given", "family", "contact_points", "language", "birth_date"):
        assert getattr(old, words) == getattr(ana, words)
    assert old.active
    assert server.times("GET Patient") == 1


async def test_survivors_are_read_together_hop_by_hop(make_ehr: MakeEHR) -> None:
    server = serving(
        replaced("o1", "m1"), replaced("m1", "ana"), replaced("o2", "ana"), ANA
    )

    first, second = await read(make_ehr, server, "o1", "o2")

    assert (first.survivor_id, second.survivor_id) == ("ana", "ana")
    assert first.contact_points == second.contact_points != ()
    asked = [
        each.url.params["_id"] for each in server.asked if "_id" in each.url.params
    ]
    assert asked == ["o1,o2", "ana,m1"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param({"deceasedBoolean": True}, {}, id="the-old"),
        pytest.param({}, {"deceasedBoolean": True}, id="the-new"),
    ],
)
async def test_death_in_either_record_holds(
    make_ehr: MakeEHR, old: Resource, new: Resource
) -> None:
    server = serving(replaced("old", "ana", **old), ANA | new)

    (read_as,) = await read(make_ehr, server, "old")

    assert read_as.deceased


OPT_OUT = "https://ehr.example.org/opt-out"


@pytest.mark.parametrize("who", ["old", "middle", "ana"])
async def test_an_opt_out_in_any_record_holds(make_ehr: MakeEHR, who: str) -> None:
    records = [replaced("old", "middle"), replaced("middle", "ana"), {**ANA}]
    for each in records:
        if each["id"] == who:
            each["extension"] = [{"url": OPT_OUT, "valueBoolean": True}]
    ehr = make_ehr(serving(*records), opt_out_extension=OPT_OUT)

    (old,) = (await ehr.patients(["old"])).patients

    assert old.opted_out


CIRCLE = [replaced("a", "b"), replaced("b", "c"), replaced("c", "a")]
CHAIN = [replaced(f"p{number}", f"p{number + 1}") for number in range(6)]


@pytest.mark.parametrize(
    ("records", "asked"),
    [
        pytest.param(CIRCLE, "a", id="a-circle"),
        pytest.param([replaced("a", "a")], "a", id="itself"),
        pytest.param([replaced("a", "gone")], "a", id="missing"),
        pytest.param([replaced("a", "ana", "b"), ANA], "a", id="two-survivors"),
        pytest.param(
            [replaced("a", "ana"), ANA | {"vendorField": 1}], "a", id="unreadable"
        ),
        pytest.param([*CHAIN, ANA | {"id": "p6"}], "p0", id="too-far"),
        pytest.param(
            [replaced("a", "ana"), ANA | {"active": False}], "a", id="inactive"
        ),
    ],
)
async def test_without_a_survivor_a_patient_is_inactive(
    make_ehr: MakeEHR, records: list[Resource], asked: str
) -> None:
    (patient,) = await read(make_ehr, serving(*records), asked)

    assert not patient.active
    assert patient.key.patient_id == asked


@pytest.mark.parametrize(
    ("records", "survivor"),
    [
        pytest.param([], "ana", id="missing"),
        pytest.param([ANA | {"vendorField": 1}], "ana", id="unreadable"),
        pytest.param([replaced("ana", "next")], "next", id="further-on"),
        pytest.param([replaced("ana", "old")], None, id="a-circle"),
    ],
)
async def test_one_whose_survivor_cannot_be_read_is_still_one_person_with_them(
    make_ehr: MakeEHR, records: list[Resource], survivor: str | None
) -> None:
    """What they stopped under either of the two holds under both."""
    server = serving(replaced("old", "ana"), *records)

    (old,) = await read(make_ehr, server, "old")

    assert (old.active, old.survivor_id) == (False, survivor)


async def test_five_records_on_is_not_too_far(make_ehr: MakeEHR) -> None:
    server = serving(*CHAIN, ANA | {"id": "p6"})

    (patient,) = await read(make_ehr, server, "p1")

    assert patient.active
    assert patient.survivor_id == "p6"


async def test_a_merged_childs_guardians_are_the_survivors(make_ehr: MakeEHR) -> None:
    server = serving(replaced("old", "ben"), fixture("patient-minor"))
    server.on("GET RelatedPerson", said(bundle(fixture("related-person-mother"))))

    (old,) = await read(make_ehr, server, "old")

    assert [each.related_person_id for each in old.guardians] == ["ben-mother"]
    assert server.last("GET RelatedPerson").url.params["patient"] == "ben"


@pytest.mark.parametrize(
    ("link", "by"),
    [
        pytest.param({"other": {"reference": "Patient/x/_history/2"}}, "x", id="there"),
        pytest.param(
            {"other": {"reference": "RelatedPerson/x"}}, None, id="no-patient"
        ),
        pytest.param(
            {"other": {"reference": "https://x.example/Patient/x"}},
            None,
            id="elsewhere",
        ),
        pytest.param({}, None, id="nobody"),
    ],
)
def test_who_replaces_a_record(link: Resource, by: str | None) -> None:
    patient = {"link": [{"type": "replaced-by"} | link]}

    assert replaced_by(patient, BASE_URL) == by
    assert is_replaced(patient)


def test_who_replaces_another_is_not_replaced() -> None:
    patient = {"link": [{"type": "replaces", "other": {"reference": "Patient/old"}}]}

    assert replaced_by(patient, BASE_URL) is None
    assert not is_replaced(patient)


async def test_what_the_ehr_refuses_is_no_survivor_either(make_ehr: MakeEHR) -> None:
    server = PretendServer()
    server.on("GET Patient", said(bundle(replaced("old", "ana"))), said({}, 403))

    with pytest.raises(EHRRefused):
        await read(make_ehr, server, "old")
