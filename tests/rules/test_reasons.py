"""Every reason and every note is given by something, and we know by what."""

import ast
from functools import cache
from pathlib import Path

import pytest

import reminder.rules
from reminder.model.reasons import Note, Reason

GIVEN_ELSEWHERE = {
    Reason.EHR_UNAVAILABLE: "the queue, holding what could not be read again",
}
"""Reasons the rules never give, and who does."""

GIVEN_BY_THE_STORE_TOO = {
    Reason.GONE: "withdrawing what was planned for an appointment that is gone",
    Reason.MOVED: "withdrawing what was planned for the old start",
    Reason.NO_LONGER_A_STEP: "withdrawing what the plan no longer decides",
    Reason.NO_LONGER_USEFUL: "expiring what could not be sent in time",
    Reason.QUIET_HOURS: "the queue, holding what waits for the morning",
    Reason.ADDRESS_OPTED_OUT: "a report that the far side takes nothing more",
}
"""Reasons the rules give, and the store as well."""

GIVEN_WITHOUT_ITS_NAME = {
    Reason.NOT_DELIVERED: "NextRoute and GiveUp, told nothing else",
}
"""Reasons that come from the default of a value the rules make."""

SAYS_ONLY = {"explain.py"}
"""Rules that name reasons to say them, and give none."""


@cache
def named_by_the_rules(kind: type) -> set[str]:
    """Every `Reason.X` or `Note.X` that a rule names in its code."""
    folder = Path(reminder.rules.__file__).parent
    paths = [path for path in folder.glob("*.py") if path.name not in SAYS_ONLY]
    trees = [ast.parse(path.read_text("utf-8")) for path in paths]
    return {
        node.attr
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == kind.__name__
    }


def given_by_the_rules() -> set[Reason]:
    named = {Reason[name] for name in named_by_the_rules(Reason)}
    return named | set(GIVEN_WITHOUT_ITS_NAME)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_given_by_something(reason):
    assert reason in given_by_the_rules() or reason in GIVEN_ELSEWHERE


@pytest.mark.parametrize("note", Note)
def test_every_note_is_given_by_a_rule(note):
    assert note.name in named_by_the_rules(Note)


def test_what_is_said_to_be_given_elsewhere_is_not_given_by_the_rules():
    assert given_by_the_rules().isdisjoint(GIVEN_ELSEWHERE)
    assert given_by_the_rules().issuperset(GIVEN_BY_THE_STORE_TOO)
