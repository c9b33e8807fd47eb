"""What a clinic manager may paste from docs/clinics.md is right as it stands."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reminder.model.offsets import After, Event
from reminder.model.remarks import Severity
from reminder.rules.conditions import parse_condition
from reminder.rules.documents import parse_document, print_document
from reminder.rules.due import due, wanted_at
from reminder.rules.inheritance import effective
from reminder.rules.lint import lint
from reminder.rules.offsets import parse_offset
from tests.rules.examples import NEW_YORK, clinic, reading

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "clinics.md").read_text("utf-8")
BLOCK = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(PAGE)


def rows(heading: str) -> list[str]:
    """What stands in backticks in the first column of the table under a heading."""
    section = PAGE.partition(f"\n## {heading}")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    return [code for cell in cells for code in re.findall("`([^`]+)`", cell)]


@pytest.mark.parametrize("text", BLOCKS, ids=lambda text: text.splitlines()[1])
def test_every_ruleset_of_the_page_is_read_and_written_the_same(text):
    document = parse_document(text, "lakeside")

    assert parse_document(print_document(document)) == document


@pytest.mark.parametrize("text", BLOCKS, ids=lambda text: text.splitlines()[1])
def test_every_ruleset_of_the_page_that_has_rules_is_sound(text):
    document = parse_document(text, "lakeside")
    ruleset = effective(replace(document, extends=False), None).ruleset

    remarks = lint(ruleset, clinic())

    assert [one for one in remarks if one.severity is Severity.ERROR] == []
    warned = {one.problem for one in remarks}
    assert not document.rules or warned == set()


def test_the_rules_of_the_readme_are_read_too():
    readme = (ROOT / "README.md").read_text("utf-8")
    [text] = [one for one in BLOCK.findall(readme) if "[[clinic.rule]]" in one]

    [rule] = parse_document(text.replace("[[clinic.", "[["), "lakeside").rules

    assert len(rule.steps) == 2


def test_every_offset_of_the_page_is_one():
    offsets = [parse_offset(text) for text in rows("When: offsets")]

    assert len(offsets) >= 10
    assert {type(one) for one in offsets} >= set(Event.__args__)
    assert any(isinstance(one, After) for one in offsets)


def test_every_condition_of_the_page_is_one():
    assert len([parse_condition(text) for text in rows("Only if: conditions")]) == 5


def due_on_the_page(rule_id: str, step_id: str, start: str) -> str:
    """When a step of the page is due in New York, for a visit there at that time."""
    documents = [parse_document(text, "lakeside") for text in BLOCKS]
    [step] = [
        step
        for document in documents
        for rule in document.rules
        for step in rule.steps
        if (rule.rule_id, step.step_id) == (rule_id, step_id)
    ]
    here = clinic(NEW_YORK, country="US", subdivision="NY")
    start_at = datetime.fromisoformat(start).replace(tzinfo=here.zone).astimezone(UTC)
    found = due(
        here,
        here.zone,
        step,
        wanted_at(here, step.offset, start_at, None),
        latest=start_at - timedelta(minutes=30),
        visit_at=start_at,
    )
    assert found is not None
    return reading(found.at, NEW_YORK)


WORKED = {
    "last business day before a holiday": (
        ("monday-clinic", "last-working-day", "2026-05-26T09:00"),
        "Fri 22 May 10:00 EDT",
    ),
    "the Friday before a holiday": (
        ("monday-clinic", "friday", "2026-05-26T09:00"),
        "Fri 22 May 15:00 EDT",
    ),
    "out of quiet hours, earlier": (
        ("careful", "day", "2026-06-09T07:00"),
        "Sun 07 Jun 19:45 EDT",
    ),
    "a day of the calendar when the clocks go forward": (
        ("video-new", "video-day", "2026-03-08T09:30"),
        "Sat 07 Mar 10:00 EST",
    ),
}


@pytest.mark.parametrize(("example", "due_at"), WORKED.values(), ids=WORKED)
def test_what_the_page_works_out_is_so(example, due_at):
    assert due_on_the_page(*example) == due_at


def test_24_hours_before_a_visit_after_the_clocks_went_forward():
    here = clinic(NEW_YORK)
    start_at = datetime(2026, 3, 8, 9, 30, tzinfo=here.zone).astimezone(UTC)

    at = wanted_at(here, parse_offset("24 hours before"), start_at, None)

    assert reading(at, NEW_YORK) == "Sat 07 Mar 08:30 EST"


def test_the_page_has_examples():
    assert len(BLOCKS) >= 10
