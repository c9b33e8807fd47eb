from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.ehr.reading.patients import Former, Reader, read_guardian, read_patient
from reminder.model.people import Channel, ContactPoint, Guardian, Patient
from reminder.model.readings import Unreadable
from tests.ehr.pretend import BASE_URL, Resource, fixture

NOW = datetime(2027, 2, 20, 15, tzinfo=UTC)
OPT_OUT = "https://ehr.example.org/StructureDefinition/no-reminders"
READER = Reader("north", BASE_URL, "US", OPT_OUT)


def patient(name: str = "patient-adult", /, **changes: object) -> Patient:
    read = read_patient(fixture(name, **changes), READER, now=NOW)
    assert isinstance(read, Patient), read
    return read


def guardian(name: str = "related-person-mother", /, **changes: object) -> Any:
    return read_guardian(fixture(name, **changes), READER, now=NOW)


def test_a_patient_is_read_whole() -> None:
    ana = patient()

    assert ana.key == ("north", "ana")
    assert (ana.given, ana.family, ana.birth_date) == ("Ana", "Ruiz", "1980-05-17")
    assert ana.language == "es"
    assert ana.contact_points[0] == ContactPoint(Channel.SMS, "+12125550103")
    assert (ana.active, ana.deceased, ana.opted_out) == (True, False, False)


def test_a_child_is_read_with_contacts_languages_and_zone() -> None:
    cleo = patient("patient-minor-with-contacts")

    assert [each.related_person_id for each in cleo.guardians] == [
        "contact-2",
        "contact-5",
    ]
    assert (cleo.language, cleo.further_languages) == ("hmn", ("es", "en"))
    assert cleo.zone == "America/Chicago"


def spoken(*languages: object) -> list[Resource]:
    return [
        {"language": {"coding": [{"code": code} for code in codes]}, **more}
        for codes, more in languages
    ]


YES = {"preferred": True}


@pytest.mark.parametrize(
    ("communication", "language", "further"),
    [
        pytest.param([], None, (), id="none"),
        pytest.param(spoken((["es"], {})), "es", (), id="one"),
        pytest.param(
            spoken((["en"], {}), (["es"], {})), "en", ("es",), id="none-preferred"
        ),
        pytest.param(
            spoken((["en"], {}), (["fr"], {}), (["es"], YES)),
            "es",
            ("en", "fr"),
            id="the-preferred-first-then-in-order",
        ),
        pytest.param(
            spoken((["en-US"], {}), (["EN-us"], {}), (["en"], {})),
            "en-US",
            ("en",),
            id="each-once-whatever-the-case",
        ),
        pytest.param(
            spoken((["spa", "es"], {})), "es", (), id="two-letters-before-three"
        ),
        pytest.param(spoken((["hmn"], {})), "hmn", (), id="three-where-there-are-none"),
        pytest.param(
            spoken((["Spanish!"], YES), (["en"], {})), "en", (), id="no-tag-at-all"
        ),
        pytest.param(
            spoken(*(([f"a{chr(97 + n)}"], {}) for n in range(26))),
            "aa",
            tuple(f"a{chr(97 + n)}" for n in range(1, 10)),
            id="no-more-than-ten",
        ),
    ],
)
def test_the_languages_and_their_order(
    communication: list[Resource], language: str | None, further: tuple[str, ...]
) -> None:
    read = patient(communication=communication or None)

    assert (read.language, read.further_languages) == (language, further)


@pytest.mark.parametrize(
    ("name", "changes", "flags"),
    [
        pytest.param(
            "patient-adult", {"active": False}, (False, False, False), id="off"
        ),
        pytest.param("patient-replaced", {}, (False, False, False), id="replaced"),
        pytest.param("patient-deceased", {}, (True, True, False), id="died-some-day"),
        pytest.param(
            "patient-adult", {"deceasedBoolean": True}, (True, True, False), id="died"
        ),
        pytest.param(
            "patient-adult",
            {"deceasedBoolean": False},
            (True, False, False),
            id="lives",
        ),
        pytest.param(
            "patient-adult",
            {"extension": [{"url": OPT_OUT, "valueBoolean": True}]},
            (True, False, True),
            id="opted-out",
        ),
        pytest.param(
            "patient-adult",
            {"extension": [{"url": "https://x.example", "valueBoolean": True}]},
            (True, False, False),
            id="another-extension",
        ),
    ],
)
def test_whether_a_patient_may_be_told(
    name: str, changes: Resource, flags: tuple[bool, bool, bool]
) -> None:
    read = patient(name, **changes)

    assert (read.active, read.deceased, read.opted_out) == flags


@pytest.mark.parametrize("birth_date", ["1974", "1974-12"])
def test_a_birth_date_may_be_known_in_part(birth_date: str) -> None:
    assert patient(birthDate=birth_date).birth_date == birth_date


@pytest.mark.parametrize(
    "given",
    [
        '<script src="https://evil.example/x.js"></script>',
        "Ana\r\nBcc: eve@example.org",
        "=?utf-8?q?Ana=0aBcc:_eve@example.org?=",
        "https://evil.example/pay",
        "\u202eanA\u202c",
        "A" * 1_000_000,
    ],
)
def test_a_hostile_name_comes_in_harmless(given: str) -> None:
    read = patient(name=[{"use": "official", "family": given, "given": [given]}])

    for name in (read.given, read.family):
        assert 0 < len(name) <= 80
        assert not set(name) & set("<>=?/:@\"'\r\n\u202e\u202c")
        assert ".e" not in name


@pytest.mark.parametrize(
    ("names", "given"),
    [
        pytest.param([{"use": "old", "given": ["Old"]}], "", id="only-old"),
        pytest.param(
            [{"use": "usual", "given": ["U"]}, {"given": ["X"]}], "U", id="usual"
        ),
        pytest.param([{"text": "Ana Ruiz"}], "", id="text-only"),
        pytest.param(None, "", id="none"),
        pytest.param([{"given": [None], "_given": [{"id": "x"}]}], "", id="absent"),
    ],
)
def test_the_given_name_is_the_first_of_the_best(names: object, given: str) -> None:
    assert patient(name=names).given == given


@pytest.mark.parametrize("code", ["English please", "e", "en\r\nX: y", 7])
def test_a_language_that_is_no_tag_is_none(code: object) -> None:
    read = read_patient(
        fixture(
            "patient-adult", communication=[{"language": {"coding": [{"code": code}]}}]
        ),
        READER,
        now=NOW,
    )

    assert isinstance(read, Unreadable) or read.language is None


def test_a_malformed_patient_is_named_without_content() -> None:
    read = read_patient(
        fixture("patient-adult", birthDate="17 May 1980"), READER, now=NOW
    )

    assert isinstance(read, Unreadable)
    assert (read.resource_id, read.path) == ("ana", "Patient.birthDate")
    assert "1980" not in repr(read)


def test_a_mother_may_be_told() -> None:
    point = ContactPoint(Channel.SMS, "+12125550103")

    assert guardian() == ("ben", Guardian("ben-mother", (point,), "es"))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        pytest.param("related-person-employer", {}, id="emergency-contact"),
        pytest.param("related-person-mother", {"active": False}, id="inactive"),
        pytest.param("related-person-mother", {"period": {"end": "2026"}}, id="ended"),
        pytest.param("related-person-mother", {"relationship": [{}]}, id="unnamed"),
    ],
)
def test_these_may_not_be_told(name: str, changes: Resource) -> None:
    assert not isinstance(guardian(name, **changes), tuple)


@pytest.mark.parametrize(
    "changes",
    [{"active": False}, {"period": {"end": "2026"}}],
    ids=["inactive", "ended"],
)
def test_who_was_a_guardian_is_known_by_their_addresses(changes: Resource) -> None:
    point = ContactPoint(Channel.SMS, "+12125550103")

    assert guardian(**changes) == Former("ben", (point,))


@pytest.mark.parametrize(
    "relationship",
    [None, [{"text": "Legal guardian"}], [{"coding": [{"code": "GUARD"}]}]],
)
def test_guardians_are_known_by_code_or_word_or_not_contradicted(
    relationship: object,
) -> None:
    assert isinstance(guardian(relationship=relationship), tuple)


def test_a_guardian_of_nobody_is_unreadable() -> None:
    read = guardian(patient={"reference": "#ben"})

    assert isinstance(read, Unreadable)
    assert (read.path, read.problem) == ("RelatedPerson.patient", "contained-reference")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)


NAMES = ("patient-adult", "patient-minor-with-contacts")


@given(
    st.sampled_from([(name, key) for name in NAMES for key in sorted(fixture(name))]),
    JSON,
)
def test_no_json_makes_the_reader_fall(where: tuple[str, str], value: object) -> None:
    name, element = where
    read = read_patient(fixture(name, **{element: value}), READER, now=NOW)

    assert isinstance(read, Patient | Unreadable)


def test_a_name_that_is_not_taken_apart_is_a_name() -> None:
    read = patient(name=[{"use": "official", "text": "Ana Mar\u00eda Ruiz (Oncology)"}])

    assert (read.given, read.family) == ("", "Ana Mar\u00eda Ruiz")
