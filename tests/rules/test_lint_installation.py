import pytest

from reminder.model.people import Channel
from reminder.model.remarks import Severity
from reminder.model.rulesets import Rule, Ruleset, Step
from reminder.rules.lint_installation import Installation, installation_remarks
from reminder.rules.offsets import parse_offset
from tests.rules.examples import clinic

HERE = Installation((Channel.EMAIL, Channel.SMS), 14)


def remarks(offset, *channels, installation=HERE):
    step = Step("told", parse_offset(offset), channels or (Channel.EMAIL,))
    ruleset = Ruleset(rules=(Rule("all", (step,)),))
    return list(installation_remarks(ruleset, clinic(), installation))


@pytest.mark.parametrize(
    ("offset", "beyond"),
    [
        ("14 days before at 10:00", False),
        ("15 days before at 10:00", True),
        ("400 hours before", True),
        ("5 business days before at 10:00", False),
        ("10 business days before at 10:00", True),
        ("the Friday before at 15:00", False),
        ("when booked", False),
        ("30 days after at 10:00", False),
    ],
)
def test_a_step_must_not_be_due_before_its_visit_is_read(offset, beyond):
    found = [one.place for one in remarks(offset)]

    assert found == ["rule all, step told, offset"] * beyond


def test_every_channel_of_a_step_must_be_set_up():
    [found] = remarks("24 hours before", Channel.VOICE, Channel.EMAIL)

    assert found.place == "rule all, step told, channels"
    assert "'voice'" in found.advice
    assert found.severity is Severity.ERROR
