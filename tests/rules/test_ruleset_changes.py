"""What a version changed in the one before, in sentences."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from reminder.model.offsets import DaysBefore, HoursBefore, MinutesBefore
from reminder.model.people import Channel
from reminder.model.rulesets import (
    Caps,
    InsidePolicy,
    LatePolicy,
    Leads,
    Match,
    Mode,
    QuietPolicy,
    Rule,
    Ruleset,
    RulesetDocument,
    Step,
    UnlessConfirmed,
)
from reminder.rules.ruleset_changes import ruleset_changes
from reminder.rules.sentences import rule_sentence, ruleset_sentences

EMAIL, SMS = Channel.EMAIL, Channel.SMS
WEEK = Step("week", DaysBefore(7, time(10)), (EMAIL,))
DAY = Step("day", HoursBefore(24), (EMAIL, SMS))
VISITS = Rule("visits", (WEEK, DAY), name="Visits")
QUIET = Rule("quiet", match=Match(tags=frozenset({"x"})))
VIDEO = Rule("video", (DAY,), Match(mode=Mode.TELEHEALTH))
BEFORE = RulesetDocument(owner="elm", rules=(VISITS, VIDEO), without=frozenset({"old"}))


def with_rules(*rules: Rule) -> RulesetDocument:
    return replace(BEFORE, rules=rules)


def with_day(**changes: object) -> RulesetDocument:
    steps = (WEEK, replace(DAY, **changes))
    return with_rules(replace(VISITS, steps=steps), VIDEO)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        pytest.param(BEFORE, [], id="nothing"),
        pytest.param(with_rules(VIDEO), ["Rule 'Visits' is gone."], id="a-rule-less"),
        pytest.param(
            with_rules(VISITS, VIDEO, QUIET),
            [f"New rule: {rule_sentence(QUIET)}"],
            id="a-rule-more-without-steps",
        ),
        pytest.param(
            with_rules(VIDEO, VISITS),
            ["The order of the rules changed: of two that fit alike the first wins."],
            id="rules-in-another-order",
        ),
        pytest.param(
            with_rules(replace(VISITS, name="All visits"), VIDEO),
            ["Rule 'Visits' is called 'All visits'."],
            id="a-rule-with-another-name",
        ),
        pytest.param(
            with_rules(VISITS, replace(VIDEO, match=Match())),
            ["Rule 'video' is for other visits: every visit."],
            id="a-rule-for-more-visits",
        ),
        pytest.param(
            with_rules(replace(VISITS, steps=(WEEK,)), VIDEO),
            ["Rule 'Visits', step 'day' is gone."],
            id="a-step-less",
        ),
        pytest.param(
            with_rules(replace(VISITS, steps=(DAY, WEEK)), VIDEO),
            ["Rule 'Visits': the order of its steps changed."],
            id="steps-in-another-order",
        ),
        pytest.param(
            with_day(offset=HoursBefore(48)),
            ["Rule 'Visits', step 'day': 24 hours before becomes 48 hours before."],
            id="a-step-at-another-time",
        ),
        pytest.param(
            with_day(channels=(SMS,), template="short"),
            [
                "Rule 'Visits', step 'day': by e-mail, then by text message becomes"
                " by text message; the words 'reminder' becomes the words 'short'."
            ],
            id="a-step-by-another-channel-in-other-words",
        ),
        pytest.param(
            with_day(conditions=(UnlessConfirmed(),)),
            ["Rule 'Visits', step 'day': without condition becomes unless confirmed."],
            id="a-step-with-a-condition",
        ),
        pytest.param(
            with_day(quiet=QuietPolicy.DROP),
            [
                "Rule 'Visits', step 'day':"
                " in quiet hours 'nearest' becomes in quiet hours 'drop'."
            ],
            id="a-step-with-another-quiet-policy",
        ),
        pytest.param(
            with_day(late=LatePolicy.DROP),
            ["Rule 'Visits', step 'day': when late 'send' becomes when late 'drop'."],
            id="a-step-with-another-late-policy",
        ),
        pytest.param(
            with_day(inside=InsidePolicy.AT_ONCE),
            [
                "Rule 'Visits', step 'day': when booked after its moment 'skip'"
                " becomes when booked after its moment 'at-once'."
            ],
            id="a-step-with-another-policy-inside-its-window",
        ),
        pytest.param(
            with_day(useful=MinutesBefore(60)),
            [
                "Rule 'Visits', step 'day': of use until 30 minutes before"
                " becomes of use until 60 minutes before."
            ],
            id="a-step-of-use-less-long",
        ),
        pytest.param(
            replace(BEFORE, extends=True, without=frozenset({"new"})),
            [
                "The organisation's rules hold as well.",
                "The organisation's rule 'new' is left out.",
                "The organisation's rule 'old' is no longer left out.",
            ],
            id="other-rules-of-the-organisation",
        ),
        pytest.param(
            replace(BEFORE, caps=Caps(a_day=2)),
            [
                "How many messages one person gets:"
                f" {ruleset_sentences(Ruleset(caps=Caps(a_day=2)))[0]}"
            ],
            id="its-own-caps",
        ),
        pytest.param(
            replace(BEFORE, caps=Caps()),
            ["How many messages one person gets: as by default."],
            id="the-default-written-down",
        ),
        pytest.param(
            replace(BEFORE, leads=Leads(longest=timedelta(days=3))),
            [
                "What patients may choose: Patients may choose to be told 2 hours to"
                " 3 days before a visit, instead of by the steps before it."
            ],
            id="its-own-leads",
        ),
        pytest.param(
            replace(BEFORE, sensitive=frozenset({"394579002"})),
            [
                "Sensitive services: About 394579002 no message says more than date,"
                " time and phone."
            ],
            id="sensitive-services",
        ),
    ],
)
def test_each_difference_is_one_sentence(
    after: RulesetDocument, said: list[str]
) -> None:
    assert list(ruleset_changes(BEFORE, after)) == said


def test_what_is_taken_away_again_is_said_to_be_inherited() -> None:
    own = replace(BEFORE, caps=Caps(a_day=2), extends=True)

    assert ruleset_changes(own, BEFORE) == (
        "The organisation's rules no longer hold.",
        "How many messages one person gets: inherited, or the default.",
    )


def test_of_a_first_version_everything_is_new() -> None:
    [rule, step] = ruleset_changes(None, RulesetDocument(owner="elm", rules=(VIDEO,)))

    assert rule == f"New rule: {rule_sentence(VIDEO)}"
    assert step.startswith("Rule 'video', new step 'day': 24 hours before, by e-mail")
