import json

import pytest

from tests.cli.outside import Clinic


def decisions(clinic: Clinic) -> dict[str, tuple[str, str | None]]:
    """What is decided for each step of the visit, and why."""
    printed = clinic.types("plan", "--appointment", "visit", "--json").stdout
    return {
        step["step"]: (step["decision"], step["reason"])
        for step in json.loads(printed)["steps"]
    }


def out(clinic: Clinic) -> list[str]:
    """The appointments that are out."""
    printed = clinic.types("exclude", "--json").stdout
    return [one["appointment"] for one in json.loads(printed)]


def test_one_that_is_taken_out_is_told_nothing_of_until_it_is_back_in(
    clinic: Clinic,
) -> None:
    clinic.read_an_hour_ago()
    before = decisions(clinic)

    taken = clinic.types("exclude", "visit")
    without = decisions(clinic)
    listed = out(clinic)
    back = clinic.types("exclude", "visit", "--undo")

    assert (taken.exit_code, back.exit_code) == (0, 0)
    assert taken.stdout.splitlines() == [
        "1 booking of visit taken out: nothing more is told of it.",
        "To undo it: reminder exclude visit --undo",
    ]
    assert before["day"] == ("planned", None)
    assert without["day"][1] == "excluded"
    assert listed == ["visit"]
    assert out(clinic) == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(
            ["visit"], 5, "visit was taken out before; nothing was changed.", id="again"
        ),
        pytest.param(
            ["stray", "--undo"],
            5,
            "stray was not taken out; nothing was changed.",
            id="undone-though-it-was-not-out",
        ),
        pytest.param(["nobody"], 1, "No such booking is known.", id="unknown"),
        pytest.param(
            ["visit", "--patient", "eve"], 1, "No such booking is known.", id="not-hers"
        ),
        pytest.param(
            ["visit", "--connection", "other"],
            1,
            "No such booking is known.",
            id="not-of-that-ehr",
        ),
    ],
)
def test_what_cannot_be_done_says_so_and_changes_nothing(
    clinic: Clinic, words: list[str], code: int, said: str
) -> None:
    clinic.read_an_hour_ago()
    clinic.types("exclude", "visit")

    result = clinic.types("exclude", *words)
    script = clinic.types("exclude", *words, "--json")

    assert (result.exit_code, script.exit_code) == (code, code)
    assert result.stderr.splitlines()[0] == said
    assert json.loads(script.stderr)["error"] == said
    assert out(clinic) == ["visit"]


def test_only_one_patients_booking_of_a_group_is_taken_out(clinic: Clinic) -> None:
    clinic.read_an_hour_ago()

    printed = clinic.types("exclude", "visit", "--patient", "ana", "--json").stdout

    assert json.loads(printed) == {
        "changed": [
            {"connection": "sandbox", "appointment": "visit", "patient": "ana"}
        ],
        "out": True,
    }


def test_what_is_out_is_listed_one_a_line(clinic: Clinic) -> None:
    clinic.read_an_hour_ago()
    clinic.types("exclude", "visit")

    head, line = clinic.types("exclude").stdout.splitlines()

    assert head.split("\t") == ["since", "connection", "appointment", "patient"]
    assert line.split("\t")[1:] == ["sandbox", "visit", "ana"]
