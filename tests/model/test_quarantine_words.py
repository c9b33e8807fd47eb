"""Every problem the EHR room can find has a sentence that says what to do."""

import ast
import re
from datetime import UTC, datetime

import pytest

from reminder import ehr
from reminder.model.quarantine import QuarantineEntry
from reminder.model.quarantine_words import WHAT_TO_DO, what_to_do

READERS = (
    *("reading/appointments", "reading/drafts", "reading/entries"),
    *("reading/guardians", "reading/instants", "reading/participants"),
    *("reading/patients", "reading/references", "reading/repairs"),
    *("reading/validate", "finding/bundles", "finding/pages", "finding/people"),
)
"""The modules that find something wrong with a resource."""

_CODE = re.compile(r"[a-z]+(-[a-z0-9]+)+|missing|invalid")


def codes(module: str) -> set[str]:
    """Every word of a module that looks like a problem."""
    [folder] = ehr.__path__
    with open(f"{folder}/{module}.py") as source:
        nodes = ast.walk(ast.parse(source.read()))
    words = (node.value for node in nodes if isinstance(node, ast.Constant))
    return {one for one in words if isinstance(one, str) and _CODE.fullmatch(one)}


@pytest.mark.parametrize("module", READERS)
def test_every_problem_a_reader_names_has_a_sentence(module: str) -> None:
    assert codes(module) - WHAT_TO_DO.keys() == set()


def test_every_sentence_is_about_a_problem_there_is() -> None:
    found = set[str]().union(*map(codes, READERS))

    assert WHAT_TO_DO.keys() - found == set()


def entry(problem: str, *, repaired: bool = False) -> QuarantineEntry:
    at = datetime(2027, 3, 1, tzinfo=UTC)
    return QuarantineEntry(
        connection="main",
        resource_type="Appointment",
        resource_id="a1",
        path="Appointment.start",
        problem=problem,
        first_seen_at=at,
        last_seen_at=at,
        repaired=repaired,
    )


@pytest.mark.parametrize("sentence", WHAT_TO_DO.values())
def test_a_sentence_is_short_and_whole(sentence: str) -> None:
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert len(sentence) < 90


def test_what_was_repaired_says_so() -> None:
    said = what_to_do(entry("instant-without-zone-repaired", repaired=True))

    assert said.startswith("Read after a repair: ")


def test_whoever_was_left_out_of_a_visit_is_said_to_hear_nothing() -> None:
    said = what_to_do(entry("identifier-of-no-patient", repaired=True))

    assert said.startswith("Read without this patient, who hears nothing: ")


def test_a_problem_of_another_version_still_has_a_sentence() -> None:
    assert what_to_do(entry("never-heard-of")).startswith("It cannot be read.")
