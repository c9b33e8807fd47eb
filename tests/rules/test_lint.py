"""What a look at a ruleset finds, and that a good one is left in peace."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from reminder.model.clinics import Clinic, QuietHours
from reminder.model.people import Channel
from reminder.model.remarks import Remark, Severity
from reminder.model.rulesets import (
    Caps,
    InsidePolicy,
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
    Span,
    Step,
    UnlessConfirmed,
    Visitor,
)
from reminder.rules.lint import lint
from reminder.rules.offsets import parse_offset
from tests.rules.examples import clinic

BOTH = (Channel.EMAIL, Channel.SMS)
TEXT = (Channel.SMS, Channel.EMAIL)


def step(offset: str, channels=BOTH, step_id: str = "one", **changes) -> Step:
    return Step(step_id, parse_offset(offset), channels, **changes)


def rule(*steps: Step, rule_id: str = "standard", **match) -> Rule:
    return Rule(rule_id, steps, Match(**match))


def found(ruleset: Ruleset, where: Clinic | None = None) -> list[Remark]:
    return lint(ruleset, where or clinic())


def said(*rules: Rule, where: Clinic | None = None, **changes) -> list[str]:
    """Severity, place and problem of each remark, in one line."""
    remarks = found(Ruleset(rules=rules, **changes), where)
    return [f"{one.severity}: {one.place}: {one.problem}" for one in remarks]


DAY = step("24 hours before")

STANDARD = rule(
    step("when booked", step_id="booked"),
    step("5 business days before at 10:00", step_id="week"),
    step("3 days before at 18:30", TEXT, "days"),
    step("24 hours before", TEXT, "day", conditions=(UnlessConfirmed(),)),
    step("when moved", TEXT, "moved"),
    step("2 hours after", step_id="thanks", conditions=(OnlyIfConfirmed(),)),
    step("when missed", step_id="missed"),
)
CHILDREN = rule(DAY, rule_id="children", age_below=18)


def test_a_sensible_ruleset_is_left_in_peace():
    assert said(CHILDREN, STANDARD, rule(rule_id="not-these", tags={"walk-in"})) == []


NEVER = {
    "ages that exclude each other": (
        rule(DAY, age_from=18, age_below=18),
        "error: rule standard: nobody is 18 or older and younger than 18",
    ),
    "leads that exclude each other": (
        rule(
            DAY,
            booked_ahead_at_least=Span(3, "days"),
            booked_ahead_less_than=Span(3, "days"),
        ),
        "error: rule standard: no visit is booked at least so long ahead and less"
        " than that",
    ),
    "leads in hours that exclude each other": (
        rule(
            DAY,
            booked_ahead_at_least=Span(48, "hours"),
            booked_ahead_less_than=Span(48, "hours"),
        ),
        "error: rule standard: no visit is booked at least so long ahead and less"
        " than that",
    ),
    "leads in days and hours that exclude each other": (
        rule(
            DAY,
            booked_ahead_at_least=Span(4, "days"),
            booked_ahead_less_than=Span(48, "hours"),
        ),
        "error: rule standard: no visit is booked at least so long ahead and less"
        " than that",
    ),
    "confirmed and not": (
        rule(
            replace(DAY, conditions=(UnlessConfirmed(), OnlyIfConfirmed())),
        ),
        "error: rule standard, step one: it asks that the patient has confirmed, and"
        " that they have not",
    ),
    "confirmed and not answered": (
        rule(replace(DAY, conditions=(OnlyIfConfirmed(), OnlyIfUnconfirmed()))),
        "error: rule standard, step one: it asks that the patient has confirmed, and"
        " that they have not",
    ),
    "a condition its rule excludes": (
        rule(
            replace(DAY, conditions=(OnlyIfBookedAhead(Span(6, "days")),)),
            booked_ahead_less_than=Span(7, "days"),
        ),
        "error: rule standard, step one: 'only if booked more than 6 days before', but"
        " the rule is for visits booked less than 7 days ahead",
    ),
    "of no use when due": (
        rule(replace(DAY, offset=parse_offset("2 hours before"), useful=DAY.offset)),
        "error: rule standard, step one: it is due 2 hours before and of use only"
        " until 24 hours before",
    ),
    "of no use the evening before": (
        rule(
            step("1 day before at 18:30", useful=parse_offset("31 hours before")),
        ),
        "error: rule standard, step one: it is due 1 day before at 18:30 and of use"
        " only until 31 hours before",
    ),
    "earlier than anyone books, in days": (
        rule(
            step("2 days before at 10:00"),
            booked_ahead_less_than=Span(2, "days"),
        ),
        "warning: rule standard, step one: its moment is over for every visit booked"
        " less than 2 days ahead, so it is always skipped",
    ),
    "earlier than anyone books, in hours": (
        rule(DAY, booked_ahead_less_than=Span(24, "hours")),
        "warning: rule standard, step one: its moment is over for every visit booked"
        " less than 24 hours ahead, so it is always skipped",
    ),
    "earlier than anyone books, on the Friday": (
        rule(
            step("the Friday before at 15:00"),
            booked_ahead_less_than=Span(1, "days"),
        ),
        "warning: rule standard, step one: its moment is over for every visit booked"
        " less than 1 day ahead, so it is always skipped",
    ),
    "earlier than anyone books, days and hours": (
        rule(
            step("3 business days before at 10:00"),
            booked_ahead_less_than=Span(48, "hours"),
        ),
        "warning: rule standard, step one: its moment is over for every visit booked"
        " less than 48 hours ahead, so it is always skipped",
    ),
    "earlier than anyone books, hours and days": (
        rule(step("49 hours before"), booked_ahead_less_than=Span(2, "days")),
        "warning: rule standard, step one: its moment is over for every visit booked"
        " less than 2 days ahead, so it is always skipped",
    ),
    "at the moment of another": (
        rule(DAY, step("24 hours before", TEXT, "again")),
        "warning: rule standard, step again: it is due at the same moment as step one:"
        " only one of them is sent",
    ),
    "at the business day of another": (
        rule(
            step("1 business day before at 10:00"),
            step("1 business day before at 10:00", step_id="again"),
        ),
        "warning: rule standard, step again: it is due at the same moment as step one:"
        " only one of them is sent",
    ),
    "dropped every night": (
        rule(step("1 day before at 21:00", quiet=QuietPolicy.DROP)),
        "warning: rule standard, step one: it is due in quiet hours for every usual"
        " visit, and so never sent",
    ),
    "moved every night": (
        rule(step("12 hours before")),
        "warning: rule standard, step one: it is due in quiet hours for every usual"
        " visit, and so always moved",
    ),
    "one channel": (
        rule(step("24 hours before", (Channel.SMS,))),
        "warning: rule standard: its steps go by text message only: who has none"
        " hears nothing",
    ),
}


@pytest.mark.parametrize(("bad", "problem"), NEVER.values(), ids=NEVER)
def test_what_cannot_be_meant_is_found(bad, problem):
    assert said(bad) == [problem]


FINE = {
    "leads that leave a day": rule(
        DAY,
        booked_ahead_at_least=Span(3, "days"),
        booked_ahead_less_than=Span(4, "days"),
    ),
    "leads that may just meet": rule(
        DAY,
        booked_ahead_at_least=Span(3, "days"),
        booked_ahead_less_than=Span(48, "hours"),
    ),
    "a lead condition its rule leaves room for": rule(
        replace(DAY, conditions=(OnlyIfBookedAhead(Span(5, "days")),)),
        booked_ahead_less_than=Span(7, "days"),
    ),
    "of use for one minute": rule(
        step("2 hours before", useful=parse_offset("119 minutes before"))
    ),
    "of use on some evenings": rule(
        step("1 day before at 18:30", useful=parse_offset("30 hours before"))
    ),
    "a day ahead of visits booked the day before": rule(
        step("1 day before at 10:00"), booked_ahead_less_than=Span(2, "days")
    ),
    "for early birds of a long day, when the clocks go back": rule(
        step("48 hours before"), booked_ahead_less_than=Span(2, "days")
    ),
    "sent at once": rule(
        replace(DAY, inside=InsidePolicy.AT_ONCE),
        booked_ahead_less_than=Span(24, "hours"),
    ),
    "two moments alike for different patients": rule(
        replace(DAY, conditions=(UnlessConfirmed(),)),
        step("24 hours before", TEXT, "again", conditions=(OnlyIfConfirmed(),)),
    ),
    "two events alike": rule(
        step("when moved"), step("when moved", (Channel.SMS,), "again")
    ),
    "in quiet hours for early visits only": rule(step("2 hours before")),
    "two channels over two steps": rule(
        step("3 days before at 10:00", (Channel.SMS,)),
        step("1 day before at 10:00", (Channel.EMAIL,), "two"),
    ),
    "nothing told": rule(rule_id="none", tags={"walk-in"}),
}


@pytest.mark.parametrize("good", FINE.values(), ids=FINE)
def test_what_may_be_meant_is_left_in_peace(good):
    assert said(good, rule(DAY, rule_id="other", tags={"other"})) == []


def test_a_ruleset_without_a_step_tells_nobody():
    nothing = "warning: rules: no rule has a step: nobody is told anything"

    assert said() == [nothing]
    assert said(rule()) == [nothing]


SHADOWED = {
    "every visit, twice": ({}, {}),
    "fewer values": ({"tags": {"a", "b"}}, {"tags": {"b"}}),
    "capitals": ({"tags": {"A"}}, {"tags": {"a"}}),
    "the code with its system": (
        {"specialties": {"394579002"}},
        {"specialties": {"http://snomed.info/sct|394579002"}},
    ),
    "as young": ({"age_below": 18}, {"age_below": 18}),
    "booked as early": (
        {"booked_ahead_at_least": Span(2, "days")},
        {"booked_ahead_at_least": Span(2, "days")},
    ),
    "younger": ({"age_below": 18}, {"age_below": 12}),
    "booked earlier": (
        {"booked_ahead_at_least": Span(2, "days")},
        {"booked_ahead_at_least": Span(3, "days")},
    ),
    "in minutes": (
        {"booked_ahead_less_than": Span(72, "hours")},
        {"booked_ahead_less_than": Span(3000, "minutes")},
    ),
    "the language, with a region": ({"languages": {"es"}}, {"languages": {"es-MX"}}),
}

NOT_SHADOWED = {
    "a criterion more": ({}, {"mode": Mode.TELEHEALTH}),
    "other values": ({"tags": {"a"}}, {"tags": {"a", "b"}}),
    "the code of another system": (
        {"specialties": {"http://snomed.info/sct|1"}},
        {"specialties": {"1"}},
    ),
    "another criterion": ({"mode": Mode.TELEHEALTH}, {"visitor": Visitor.NEW}),
    "older": ({"age_below": 12}, {"age_below": 18}),
    "from the other side": ({"age_below": 18}, {"age_from": 18}),
    "hours and days": (
        {"booked_ahead_at_least": Span(24, "hours")},
        {"booked_ahead_at_least": Span(3, "days")},
    ),
}


@pytest.mark.parametrize(("first", "second"), SHADOWED.values(), ids=SHADOWED)
def test_a_rule_that_an_earlier_one_takes_all_visits_of_is_never_used(first, second):
    rules = rule(DAY, rule_id="first", **first), rule(DAY, rule_id="last", **second)

    assert said(*rules) == [
        "warning: rule last: never used: rule first comes first and takes all its"
        " visits"
    ]


@pytest.mark.parametrize(("first", "second"), NOT_SHADOWED.values(), ids=NOT_SHADOWED)
def test_a_rule_that_is_left_some_visits_is_used(first, second):
    rules = rule(DAY, rule_id="first", **first), rule(DAY, rule_id="last", **second)

    assert said(*rules) == []


def test_two_texts_on_one_day_are_more_than_the_cap():
    twice = rule(
        step("1 day before at 10:00", TEXT, "morning"),
        step("1 day before at 18:30", TEXT, "evening"),
    )

    assert said(twice) == [
        "warning: rule standard: 2 messages in one day by text message for a visit on"
        " Monday at 08:00 (steps morning and evening), but the cap is 1"
    ]
    assert said(twice, caps=Caps(a_day=2)) == []
    assert said(twice, caps=Caps(a_day=None)) == []
    assert said(twice, caps=Caps(channels=frozenset({Channel.VOICE}))) == []


def test_two_steps_that_meet_on_one_day_only_for_some_visits_are_found():
    near = rule(step("24 hours before", TEXT, "day"), step("30 hours before", TEXT))

    [one] = said(near)

    assert "2 messages in one day" in one


def test_a_business_day_that_falls_on_a_calendar_day_is_found():
    meet = rule(
        step("1 business day before at 18:30", TEXT, "business"),
        step("3 days before at 10:00", TEXT, "days"),
    )

    [one] = said(meet)

    assert "for a visit on Monday" in one
    assert "(steps days and business)" in one


def test_a_weekday_that_is_the_day_before_for_some_visits_is_found():
    meet = rule(
        step("the Tuesday before at 18:30", TEXT, "tuesday"),
        step("1 day before at 10:00", TEXT, "day"),
    )

    [one] = said(meet)

    assert "for a visit on Wednesday at 08:00 (steps day and tuesday)" in one


def test_thanks_that_wait_for_the_morning_count_on_that_day():
    late = rule(
        step("4 hours after", TEXT, "thanks"),
        step("1 day after at 10:00", TEXT, "review"),
    )

    [one] = said(late)

    assert "for a visit on Monday at 17:00 (steps thanks and review)" in one


def test_four_texts_in_seven_days_are_more_than_the_cap():
    often = rule(
        *(step(f"{n} days before at 10:00", TEXT, f"day-{n}") for n in (7, 5, 3)),
        step("2 hours before", TEXT, "hours"),
    )
    spread = rule(
        *(step(f"{n} days before at 10:00", TEXT, f"day-{n}") for n in (8, 5, 3)),
        step("1 day before at 10:00", TEXT, "day"),
    )

    assert said(often) == [
        "warning: rule standard: 4 messages in seven days by text message for a visit"
        " on Monday at 08:00 (steps day-7, day-5, day-3 and hours), but the cap is 3"
    ]
    assert said(spread) == []
    assert said(often, caps=Caps(a_week=None)) == []


def test_a_patient_gets_either_what_the_confirmed_get_or_the_others():
    either = rule(
        step("1 day before at 10:00", TEXT, "ask", conditions=(UnlessConfirmed(),)),
        step("1 day before at 18:30", TEXT, "tell", conditions=(OnlyIfConfirmed(),)),
    )
    both = rule(
        either.steps[0],
        step("1 day before at 18:30", TEXT, "tell", conditions=(OnlyFirstOfTheDay(),)),
    )

    assert said(either) == []
    assert len(said(both)) == 1


def test_the_clinics_holidays_do_not_count_in_a_usual_week():
    closed = clinic(closures=frozenset({date(2026, 6, 8)}))

    assert said(STANDARD, where=closed) == []


def test_a_clinic_without_quiet_hours_has_no_trouble_with_them():
    open_all_night = clinic(quiet_hours=QuietHours(time(0), time(0)))

    assert said(rule(step("1 day before at 21:00")), where=open_all_night) == []


def test_a_clinic_without_business_days_is_not_walked_through():
    assert said(STANDARD, where=clinic(business_weekdays=frozenset())) == []


LEADS = {
    "the wrong way round": (
        Leads(timedelta(days=3), timedelta(days=2)),
        "error: leads: the shortest lead is longer than the longest",
    ),
    "half an hour": (
        Leads(timedelta(minutes=30)),
        "warning: leads: a patient may choose a lead at which a reminder is of little"
        " use",
    ),
    "a year": (
        Leads(longest=timedelta(days=365)),
        "warning: leads: a patient may choose a lead at which a reminder is of little"
        " use",
    ),
}


@pytest.mark.parametrize(("leads", "problem"), LEADS.values(), ids=LEADS)
def test_leads_that_make_no_sense_are_found(leads, problem):
    assert said(STANDARD, leads=leads) == [problem]
    assert said(STANDARD, leads=replace(leads, allowed=False)) == []


def test_a_weeks_cap_under_the_days_is_found():
    assert said(STANDARD, caps=Caps(a_day=4, a_week=3)) == [
        "warning: caps: 4 a day are never reached with 3 a week"
    ]


def test_every_remark_says_what_would_be_right():
    bad = [one for one, _ in NEVER.values()]

    for one in bad:
        for remark in found(Ruleset(rules=(one,))):
            assert remark.advice.endswith(".")
            assert remark.advice[0].isupper()
            assert not remark.problem.endswith(".")


def test_only_errors_keep_a_ruleset_from_being_published():
    severities = {problem.split(":")[0] for _, problem in NEVER.values()}

    assert severities == {Severity.ERROR, Severity.WARNING}


@pytest.mark.parametrize("offset", ["when moved", "when missed", "2 hours after"])
def test_what_has_happened_cannot_be_told_before_it_has(offset):
    before, after = step("24 hours before", step_id="day"), step(offset, step_id="x")
    earlier = [replace(one, quiet=QuietPolicy.EARLIER) for one in (before, after)]

    assert said(rule(before, after)) == []
    assert said(rule(*earlier)) == [
        "warning: rule standard, step x: quiet = 'earlier' means later here: it is told"
        " after something has happened"
    ]
