"""Rules, steps and limits are said in whole sentences, whatever they hold."""

import itertools
import re
from datetime import time, timedelta
from typing import get_args

import pytest

from reminder.model import offsets
from reminder.model.people import Channel
from reminder.model.rulesets import (
    Caps,
    Condition,
    Confidential,
    InsidePolicy,
    LatePolicy,
    Leads,
    Match,
    Mode,
    OnlyFirstOfTheDay,
    OnlyIfBookedAhead,
    OnlyIfConfirmed,
    OnlyIfUnconfirmed,
    QuietPolicy,
    Rule,
    Ruleset,
    Settling,
    Span,
    Step,
    Tier,
    Tiers,
    UnlessConfirmed,
    Visitor,
)
from reminder.rules.choices import choice_sentences
from reminder.rules.conditions import print_condition
from reminder.rules.match import Choice
from reminder.rules.offsets import parse_offset, print_offset
from reminder.rules.phrases import listed
from reminder.rules.sentences import (
    rule_sentence,
    ruleset_sentences,
    step_sentence,
)
from tests.rules.examples import DAY, WEEK, clinic

OFFSETS = (
    offsets.MinutesBefore(90),
    offsets.HoursBefore(24),
    offsets.DaysBefore(3, time(18, 30)),
    offsets.BusinessDaysBefore(5, time(10)),
    offsets.WeekdayBefore(4, time(15)),
    offsets.MinutesAfter(90),
    offsets.HoursAfter(2),
    offsets.DaysAfter(1, time(10)),
    offsets.WhenBooked(),
    offsets.WhenMoved(),
    offsets.WhenCancelled(),
    offsets.WhenMissed(),
)
CONDITIONS = (
    UnlessConfirmed(),
    OnlyIfUnconfirmed(),
    OnlyIfConfirmed(),
    OnlyIfBookedAhead(Span(7, "days")),
    OnlyFirstOfTheDay(),
)

STEPS = {
    "the usual": (
        Step(
            "week",
            parse_offset("5 business days before at 10:00"),
            (Channel.EMAIL, Channel.SMS),
            conditions=(UnlessConfirmed(),),
        ),
        "5 business days before at 10:00, by e-mail, then text message, saying"
        " 'reminder', unless confirmed; in quiet hours the nearest moment outside"
        " them; late: still sent until 30 minutes before; booked after that moment:"
        " skipped.",
    ),
    "all else": (
        Step(
            "day",
            parse_offset("24 hours before"),
            (Channel.VOICE,),
            "soon",
            conditions=(OnlyFirstOfTheDay(), OnlyIfBookedAhead(Span(2, "days"))),
            quiet=QuietPolicy.DROP,
            late=LatePolicy.SHORTEN,
            inside=InsidePolicy.AT_ONCE,
            useful=offsets.HoursBefore(2),
        ),
        "24 hours before, by call, saying 'soon', only first of the day, only if booked"
        " more than 2 days before; in quiet hours not at all; late: in fewer words"
        " ('soon-late') until 2 hours before; booked after that moment: sent at once.",
    ),
    "an event": (
        Step(
            "moved",
            parse_offset("when moved"),
            (Channel.SMS,),
            "moved",
            quiet=QuietPolicy.LATER,
            late=LatePolicy.DROP,
        ),
        "When moved, by text message, saying 'moved'; in quiet hours not before they"
        " end; late: not sent.",
    ),
    "an event of a visit ahead": (
        Step(
            "cancelled",
            parse_offset("when cancelled"),
            (Channel.SMS,),
            "cancelled",
            late=LatePolicy.SHORTEN,
            useful=offsets.HoursBefore(2),
        ),
        "When cancelled, by text message, saying 'cancelled'; in quiet hours not before"
        " they end; late: in fewer words ('cancelled-late'), of a visit ahead until 2"
        " hours before.",
    ),
    "an event of a visit that is over": (
        Step("missed", parse_offset("when missed"), (Channel.SMS,), "missed"),
        "When missed, by text message, saying 'missed'; in quiet hours not before they"
        " end; late: still sent.",
    ),
    "an event not told in quiet hours": (
        Step(
            "booked",
            parse_offset("when booked"),
            (Channel.SMS,),
            "booked",
            quiet=QuietPolicy.DROP,
        ),
        "When booked, by text message, saying 'booked'; in quiet hours not at all;"
        " late: still sent, of a visit ahead until 30 minutes before.",
    ),
    "afterwards": (
        Step(
            "thanks",
            parse_offset("2 hours after"),
            (Channel.EMAIL,),
            "thanks",
            quiet=QuietPolicy.EARLIER,
        ),
        "2 hours after, by e-mail, saying 'thanks'; in quiet hours not before they end;"
        " late: still sent.",
    ),
}


@pytest.mark.parametrize(("step", "said"), STEPS.values(), ids=STEPS)
def test_a_step_is_said_in_one_sentence(step, said):
    assert step_sentence(step) == said


def test_every_kind_of_offset_and_condition_is_tried_here():
    assert {type(one) for one in OFFSETS} == set(get_args(offsets.Offset))
    assert {type(one) for one in CONDITIONS} == set(get_args(Condition))


@pytest.mark.parametrize("offset", OFFSETS, ids=print_offset)
@pytest.mark.parametrize("quiet", QuietPolicy)
def test_every_offset_condition_and_policy_is_said(offset, quiet):
    said = set()
    for late, inside in itertools.product(LatePolicy, InsidePolicy):
        step = Step(
            "x",
            offset,
            tuple(Channel),
            conditions=CONDITIONS,
            quiet=quiet,
            late=late,
            inside=inside,
        )
        sentence = step_sentence(step)
        said.add(sentence)
        assert re.fullmatch(r"[A-Z0-9][^.]*\.", sentence)
        assert print_offset(offset)[1:] in sentence
        assert all(print_condition(one) in sentence for one in CONDITIONS)

    is_before = isinstance(offset, offsets.Before)
    assert len(said) == len(LatePolicy) * (len(InsidePolicy) if is_before else 1)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        pytest.param(
            Rule("standard", (WEEK, DAY), name="Standard"),
            "Standard: every visit; 2 steps.",
            id="every visit",
        ),
        pytest.param(
            Rule(
                "new-video",
                (DAY,),
                Match(mode=Mode.TELEHEALTH, visitor=Visitor.NEW, age_below=18),
            ),
            "new-video: only telehealth, new patient, age below 18; 1 step.",
            id="some, without a name",
        ),
        pytest.param(
            Rule("walk-in", (), Match(tags=frozenset({"walk-in"})), "Walk-ins"),
            "Walk-ins: only tag walk-in; nothing is told.",
            id="nothing told",
        ),
    ],
)
def test_a_rule_says_which_visits_it_is_for(rule, said):
    assert rule_sentence(rule) == said


def test_the_limits_are_said_one_by_one():
    assert ruleset_sentences(Ruleset()) == (
        "At most 1 a day and 3 a week to one person by text message and call.",
        "Patients may choose to be told 2 hours to 7 days before a visit, instead of by"
        " the steps before it.",
        "At most is said: date, time, phone, first name, clinic and address by e-mail"
        " and text message; date, time and phone by call.",
        "A change is told once it has stood for 5 minutes; what is cancelled and booked"
        " anew within 10 minutes is told as a move.",
    )


def test_other_limits_are_said_otherwise():
    ruleset = Ruleset(
        caps=Caps(a_day=None, a_week=5, channels=frozenset({Channel.SMS})),
        leads=Leads(allowed=False),
        tiers=Tiers(Tier.FULL, Tier.BASIC, Tier.BASIC),
        sensitive=frozenset({"psychiatry", "394582007"}),
        confidential=Confidential(frozenset({"sti"}), 14),
        settling=Settling(timedelta(minutes=90), timedelta(0)),
    )

    assert ruleset_sentences(ruleset) == (
        "At most 5 a week to one person by text message.",
        "Patients cannot choose how long before a visit they are told.",
        "At most is said: all of a visit, with practitioner and instructions by e-mail;"
        " date, time and phone by text message and call.",
        "About 394582007 or psychiatry no message says more than date, time and phone.",
        "About sti no guardian is told by us from the age of 14 on.",
        "A change is told once it has stood for 90 minutes; what is cancelled and"
        " booked anew within 0 minutes is told as a move.",
    )


@pytest.mark.parametrize(
    "caps", [Caps(None, None), Caps(channels=frozenset())], ids=["counts", "channels"]
)
def test_without_a_cap_it_is_said_that_there_is_none(caps):
    said = ruleset_sentences(Ruleset(caps=caps))[0]

    assert said == "No limit to the number of messages one person gets."


def test_lists_are_said_as_people_do():
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], "or")] == [
        "a",
        "a and b",
        "a, b or c",
    ]


def test_the_rule_a_visit_follows_is_said_with_why_and_before_which():
    video = Rule("video", (DAY,), Match(mode=Mode.TELEHEALTH), "Telehealth")
    standard = Rule("standard", (DAY,), name="Standard")
    harbor = clinic(rules=[video, standard, Rule("plain", (DAY,))])

    def said(choice):
        return choice_sentences(choice, harbor)

    assert said(Choice(video, ("telehealth",), ("standard", "plain"))) == (
        "The rule 'Telehealth' is used: telehealth."
        " Also fitting, but broader or later: 'Standard' and 'plain'."
    )
    assert said(Choice(standard, (), ())) == (
        "The rule 'Standard' is used: it is for every visit."
    )
    assert said(None) == "No rule of the clinic is for a visit of this kind."
