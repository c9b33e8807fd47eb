"""A Patient who bears an identifier is not always the one an appointment means."""

import pytest

from reminder.ehr.reading.bearers import bearer
from reminder.ehr.reading.participants import Identifier, Sought
from reminder.model.appointments import ParticipationStatus

MRN, POLICY = "https://ehr.example.org/mrn", "https://insurer.example.org/policy"


def identifier(system: str, value: str, **more: str) -> dict[str, str]:
    return {"system": system, "value": value, **more}


SHARED = identifier(POLICY, "POL-1")


def sought(*identifiers: dict[str, str], born: str = "") -> Sought:
    named = tuple(Identifier(each["system"], each["value"]) for each in identifiers)
    return Sought(named, 0, ParticipationStatus.ACCEPTED, birth_date=born)


@pytest.mark.parametrize(
    ("theirs", "may_be"),
    [
        pytest.param([SHARED], True, id="a-policy-and-no-record-number"),
        pytest.param([SHARED, identifier(MRN, "M-1")], True, id="the-same-number"),
        pytest.param([SHARED, identifier(MRN, "M-2")], False, id="another-number"),
        pytest.param(
            [SHARED, identifier(MRN, "M-2"), identifier(MRN, "M-1")],
            True,
            id="two-numbers",
        ),
        pytest.param(
            [SHARED, identifier(MRN, "M-2", use="old")], True, id="once-another-number"
        ),
        pytest.param(
            [SHARED, identifier(MRN, "M-2"), identifier(MRN, "M-1", use="old")],
            True,
            id="once-the-same-number",
        ),
        pytest.param(
            [SHARED, identifier("urn:elsewhere", "M-2")], True, id="not-asked-about"
        ),
        pytest.param(
            [SHARED, {"system": MRN}, {"value": "M-2"}, {"system": 1, "value": 2}],
            True,
            id="half-an-identifier",
        ),
    ],
)
def test_who_has_another_number_is_somebody_else(
    theirs: list[dict[str, str]], may_be: bool
) -> None:
    asked = sought(SHARED, identifier(MRN, "M-1"))

    assert bearer({"identifier": theirs}).may_be(asked) is may_be


@pytest.mark.parametrize(
    ("asked", "theirs", "may_be"),
    [
        ("2019-01-01", "2019-01-01", True),
        ("2019-01-01", "1984-02-03", False),
        ("2019", "2019-01-01", True),
        ("2019-01-01", "2019-01", True),
        ("2019-02", "2019-01-01", False),
        ("", "1984-02-03", True),
        ("2019-01-01", None, True),
        ("2019-01-01", 2019, True),
    ],
)
def test_who_was_born_on_another_day_is_somebody_else(
    asked: str, theirs: object, may_be: bool
) -> None:
    known = bearer({"identifier": [SHARED], "birthDate": theirs})

    assert known.may_be(sought(SHARED, born=asked)) is may_be


def test_what_a_patient_is_known_by_is_never_shown() -> None:
    known = bearer({"identifier": [SHARED], "birthDate": "1984-02-03"})

    assert "POL" not in repr(known)
    assert "1984" not in repr(known)
