"""Rulesets as TOML: what is written is what is read, and what is wrong is named."""

from datetime import time, timedelta

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from reminder.model.offsets import (
    BusinessDaysBefore,
    DaysBefore,
    HoursBefore,
    MinutesBefore,
    WhenMoved,
)
from reminder.model.people import Channel
from reminder.model.remarks import Remark, Severity
from reminder.model.rulesets import (
    Caps,
    Confidential,
    InsidePolicy,
    LatePolicy,
    Leads,
    Match,
    Mode,
    OnlyIfBookedAhead,
    QuietPolicy,
    Rule,
    RulesetDocument,
    Settling,
    Span,
    Step,
    Tier,
    Tiers,
    UnlessConfirmed,
    Visitor,
)
from reminder.rules.documents import DocumentError, parse_document, print_document
from tests.rules.examples import unhurried
from tests.rules.ruleset_strategies import documents, organisations

WHOLE = """\
owner = "harbor"
extends = true
without = ["walk-in"]
sensitive = ["http://snomed.info/sct|394587001", "psy"]

[caps]
a_day = 2
a_week = "any"
channels = ["sms"]

[leads]
shortest = "90 minutes"
longest = "3 days"
allowed = false

[tiers]
email = "full"
sms = "basic"
voice = "basic"

[confidential]
services = ["gyn"]
from_age = 14

[settling]
moves = "0 minutes"
rebooking = "1 hour"

[[rule]]
id = "standard"
name = "Jede Ärztin, 診察"

[rule.match]
appointment_types = ["checkup"]
specialties = ["394579002", "394587001"]
mode = "telehealth"
visitor = "new"
age_from = 0
age_below = 18
booked_ahead_at_least = "7 days"
booked_ahead_less_than = "1000 hours"

[[rule.steps]]
id = "week"
offset = "5 business days before at 10:00"
channels = ["email", "sms"]

[[rule.steps]]
id = "day"
offset = "1 day before at 18:30"
channels = ["sms"]
template = "soon"
conditions = ["unless confirmed", "only if booked more than 7 days before"]
quiet = "earlier"
late = "shorten"
inside = "at-once"
useful = "2 hours before"

[[rule.steps]]
id = "moved"
offset = "when moved"
channels = ["sms"]

[[rule]]
id = "tell-nothing"
steps = []

[rule.match]
tags = ["vip"]
"""

WHOLE_DOCUMENT = RulesetDocument(
    owner="harbor",
    extends=True,
    without=frozenset({"walk-in"}),
    sensitive=frozenset({"psy", "http://snomed.info/sct|394587001"}),
    caps=Caps(2, None, frozenset({Channel.SMS})),
    leads=Leads(timedelta(minutes=90), timedelta(days=3), allowed=False),
    tiers=Tiers(Tier.FULL, Tier.BASIC, Tier.BASIC),
    confidential=Confidential(frozenset({"gyn"}), 14),
    settling=Settling(timedelta(0), timedelta(hours=1)),
    rules=(
        Rule(
            "standard",
            (
                Step(
                    "week",
                    BusinessDaysBefore(5, time(10)),
                    (Channel.EMAIL, Channel.SMS),
                ),
                Step(
                    "day",
                    DaysBefore(1, time(18, 30)),
                    (Channel.SMS,),
                    "soon",
                    (UnlessConfirmed(), OnlyIfBookedAhead(Span(7, "days"))),
                    QuietPolicy.EARLIER,
                    LatePolicy.SHORTEN,
                    InsidePolicy.AT_ONCE,
                    HoursBefore(2),
                ),
                Step("moved", WhenMoved(), (Channel.SMS,), "moved"),
            ),
            Match(
                appointment_types=frozenset({"checkup"}),
                specialties=frozenset({"394579002", "394587001"}),
                mode=Mode.TELEHEALTH,
                visitor=Visitor.NEW,
                age_from=0,
                age_below=18,
                booked_ahead_at_least=Span(7, "days"),
                booked_ahead_less_than=Span(1000, "hours"),
            ),
            "Jede Ärztin, 診察",
        ),
        Rule("tell-nothing", match=Match(tags=frozenset({"vip"}))),
    ),
)


def test_every_key_is_read() -> None:
    assert parse_document(WHOLE) == WHOLE_DOCUMENT


def test_a_document_is_written_as_a_person_would_write_it() -> None:
    assert print_document(WHOLE_DOCUMENT) == WHOLE


def test_what_is_the_default_is_not_written() -> None:
    step = Step("day", HoursBefore(24), (Channel.SMS,), useful=MinutesBefore(30))
    document = RulesetDocument(owner="harbor", rules=(Rule("all", (step,)),))

    assert print_document(document) == (
        'owner = "harbor"\n\n[[rule]]\nid = "all"\n\n[[rule.steps]]\n'
        'id = "day"\noffset = "24 hours before"\nchannels = ["sms"]\n'
    )


def test_a_limit_that_is_given_is_written_whole_even_if_usual() -> None:
    text = print_document(RulesetDocument(owner="harbor", caps=Caps()))

    assert "a_day = 1\na_week = 3" in text
    assert parse_document(text).caps == Caps()
    assert parse_document(text).leads is None


def test_nothing_is_sensitive_is_not_the_same_as_what_the_organisation_says() -> None:
    assert parse_document('owner = "harbor"\nsensitive = []').sensitive == frozenset()
    assert parse_document('owner = "harbor"').sensitive is None


@unhurried
@given(documents() | organisations())
def test_what_is_written_is_read_the_same(document: RulesetDocument) -> None:
    text = print_document(document)

    assert parse_document(text) == document
    assert print_document(parse_document(text)) == text


@unhurried
@given(documents(), st.data())
def test_a_text_cut_off_anywhere_is_read_or_refused_and_nothing_else(
    document: RulesetDocument, data: st.DataObject
) -> None:
    text = print_document(document)
    cut = text[: data.draw(st.integers(0, len(text)))]

    try:
        parse_document(cut)
    except DocumentError as error:
        assert error.remarks  # noqa: PT017 - either is right


keys = st.sampled_from(
    [
        *("owner", "rule", "id", "name", "match", "steps", "offset", "channels"),
        *("useful", "conditions", "caps", "a_day", "leads", "longest", "tiers"),
        *("sms", "sensitive", "settling", "age_from"),
    ]
)
leaves = (
    st.text(max_size=5)
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.dates()
    | st.sampled_from(["harbor", "24 hours before", "7 days", "sms", "{said}"])
)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner),
    max_leaves=20,
)


@unhurried
@given(st.dictionaries(keys, trees, max_size=5))
def test_whatever_toml_can_hold_is_read_or_refused_in_whole_sentences(
    tree: dict[str, object],
) -> None:
    try:
        parse_document(tomlkit.dumps(tree), "harbor")
    except DocumentError as error:
        for one in error.remarks:
            assert one.place, one
            assert one.problem, one
            assert one.advice, one


def test_a_length_of_time_that_cannot_be_written_is_refused() -> None:
    document = RulesetDocument(
        owner="harbor", settling=Settling(moves=timedelta(seconds=90))
    )

    with pytest.raises(ValueError, match="whole minutes"):
        print_document(document)


def wrong(text: str, owner: str | None = None) -> list[Remark]:
    with pytest.raises(DocumentError) as caught:
        parse_document(text, owner)
    assert all(one.severity is Severity.ERROR for one in caught.value.remarks)
    assert all(one.advice for one in caught.value.remarks)
    return list(caught.value.remarks)


STEP = 'offset = "1 day before at 18:30"'


@pytest.mark.parametrize(
    ("before", "after", "place", "problem", "advice"),
    [
        pytest.param(
            "extends = true",
            "extend = true",
            "extend",
            "there is no such key",
            "write extends",
            id="unknown-key",
        ),
        pytest.param(
            "a_day = 2",
            "a_month = 2",
            "caps, a_month",
            "there is no such key",
            "the keys here are a_day, a_week, channels",
            id="unknown-key-like-no-other",
        ),
        pytest.param(
            STEP,
            'offset = "1 dya before at 18:30"',
            "rule standard, step day, offset",
            "offset '1 dya before at 18:30': 'dya' does not fit, say 'minutes', "
            "'hours', 'days' or 'business days'",
            "When it is due:",
            id="offset-points-at-the-word",
        ),
        pytest.param(
            STEP,
            "offset = 24",
            "rule standard, step day, offset",
            "24 cannot stand here",
            "write it as text, such as '24 hours before'",
            id="offset-as-a-number",
        ),
        pytest.param(
            STEP,
            "",
            "rule standard, step day, offset",
            "is missing",
            "When it is due:",
            id="no-offset",
        ),
        pytest.param(
            'channels = ["email", "sms"]',
            "channels = []",
            "rule standard, step week, channels",
            "is empty",
            "The channels in order",
            id="no-channel",
        ),
        pytest.param(
            'channels = ["email", "sms"]',
            'channels = ["email", "fax"]',
            "rule standard, step week, channels",
            "'fax' cannot stand here",
            "write 'email', 'sms' or 'voice'",
            id="unknown-channel",
        ),
        pytest.param(
            'channels = ["email", "sms"]',
            'channels = ["sms", "sms"]',
            "rule standard, step week, channels",
            "a channel is named twice",
            "The channels in order",
            id="one-channel-twice",
        ),
        pytest.param(
            'quiet = "earlier"',
            'quiet = "never"',
            "rule standard, step day, quiet",
            "'never' cannot stand here",
            "write 'nearest', 'later', 'earlier' or 'drop'",
            id="quiet",
        ),
        pytest.param(
            'late = "shorten"',
            'late = "short"',
            "rule standard, step day, late",
            "'short' cannot stand here",
            "write 'send', 'shorten' or 'drop'",
            id="late",
        ),
        pytest.param(
            'inside = "at-once"',
            "inside = true",
            "rule standard, step day, inside",
            "true cannot stand here",
            "write 'skip' or 'at-once'",
            id="inside",
        ),
        pytest.param(
            'useful = "2 hours before"',
            'useful = "1 day before at 10:00"',
            "rule standard, step day, useful",
            "'1 day before at 10:00' cannot stand here",
            "write minutes or hours before the visit: '2 hours before'",
            id="useful-on-a-day",
        ),
        pytest.param(
            'conditions = ["unless confirmed", ',
            'conditions = ["unless confirmd", ',
            "rule standard, step day, conditions",
            "condition 'unless confirmd'",
            "'unless confirmed'",
            id="condition",
        ),
        pytest.param(
            'id = "day"',
            'id = "week"',
            "rule standard, step week, id",
            "two steps have the id 'week'",
            "give the newer one an id of its own",
            id="a-step-twice-in-one-rule",
        ),
        pytest.param(
            "steps = []",
            'steps = [{ id = "day", offset = "when booked", channels = ["sms"] }]',
            "rule tell-nothing, step day, id",
            "two steps have the id 'day'",
            "give the newer one an id of its own",
            id="a-step-twice-in-two-rules",
        ),
        pytest.param(
            'id = "tell-nothing"',
            'id = "standard"',
            "rule standard, id",
            "two rules have the id 'standard'",
            "give the newer one an id of its own",
            id="a-rule-twice",
        ),
        pytest.param(
            'id = "day"',
            'id = "own-lead"',
            "rule standard, step own-lead, id",
            "this id stands for the patient's own choice; take another",
            "A short name that stays",
            id="the-id-of-a-patients-own-choice",
        ),
        pytest.param(
            'id = "tell-nothing"\nsteps = []',
            'id = "tell-nothing"',
            "rule tell-nothing, steps",
            "is missing",
            "`steps = []` tells nothing",
            id="steps-forgotten",
        ),
        pytest.param(
            'id = "tell-nothing"',
            'name = "Tell nothing"',
            "rule Tell nothing, id",
            "is missing",
            "stays with this rule through every version",
            id="a-rule-without-id",
        ),
        pytest.param(
            'id = "tell-nothing"',
            "",
            "rule number 2, id",
            "is missing",
            "A short name",
            id="a-rule-without-anything",
        ),
        pytest.param(
            "age_from = 0",
            "age_from = 18",
            "rule standard, match",
            "nobody is at least 18 and not yet 18 years old",
            "Which appointments it is for",
            id="nobody-is-so-old",
        ),
        pytest.param(
            'tags = ["vip"]',
            "tags = []",
            "rule tell-nothing, match, tags",
            "is empty",
            "With one of these tags",
            id="an-empty-criterion",
        ),
        pytest.param(
            'booked_ahead_at_least = "7 days"',
            'booked_ahead_at_least = "7"',
            "rule standard, match, booked_ahead_at_least",
            "length of time '7' ends too early",
            "'7 days'",
            id="span",
        ),
        pytest.param(
            "a_day = 2",
            "a_day = 0",
            "caps, a_day",
            "0 cannot stand here",
            "write a whole number from 1, or 'any'",
            id="a-cap-of-nothing",
        ),
        pytest.param(
            "a_day = 2",
            "a_day = true",
            "caps, a_day",
            "true cannot stand here",
            "write a whole number from 1, or 'any'",
            id="a-cap-that-is-no-number",
        ),
        pytest.param(
            'email = "full"',
            'email = "everything"',
            "tiers, email",
            "'everything' cannot stand here",
            "write 'basic', 'standard' or 'full'",
            id="tier",
        ),
        pytest.param(
            'shortest = "90 minutes"',
            'shortest = "4 days"',
            "leads",
            "the shortest lead is longer than the longest",
            "What patients may choose",
            id="leads-the-wrong-way-round",
        ),
        pytest.param(
            'owner = "harbor"',
            'owner = "Harbor Clinic"',
            "owner",
            "'Harbor Clinic' cannot stand here",
            "write small letters, digits and dashes",
            id="owner",
        ),
        pytest.param(
            'owner = "harbor"',
            'owner = "organisation"',
            "extends",
            "the organisation's rules build on no others",
            "leave out extends and without",
            id="the-organisation-extends-nobody",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place_its_line_and_what_would_be_right(
    before: str, after: str, place: str, problem: str, advice: str
) -> None:
    text = WHOLE.replace(before, after, 1)

    [found] = wrong(text)

    assert text != WHOLE
    assert found.place == place
    assert found.problem.startswith(problem)
    assert advice in found.advice
    where = text.splitlines()[(found.line or 0) - 1]
    assert where in _HEADERS.get(place, "") or after.startswith(where[: len(after)])


_HEADERS = {
    "rule standard, step day, offset": "[[rule.steps]]",
    "rule standard, match": "[rule.match]",
    "rule tell-nothing, steps": "[[rule]]",
    "rule Tell nothing, id": "[[rule]]",
    "rule number 2, id": "[[rule]]",
    "leads": "[leads]",
    "extends": "extends = true",
}
"""What is missing has no line of its own: its table's is told."""


def test_all_that_is_wrong_is_named_at_once_in_the_order_of_the_text() -> None:
    text = (
        WHOLE.replace("a_day = 2", "a_day = -1")
        .replace('id = "day"', 'id = "week"')
        .replace('quiet = "earlier"', 'quiet = "never"')
        .replace('tags = ["vip"]', "tags = 3")
    )

    found = wrong(text)

    assert [one.place for one in found] == [
        "caps, a_day",
        "rule standard, step week, id",
        "rule standard, step week, quiet",
        "rule tell-nothing, match, tags",
    ]
    assert [one.line for one in found] == sorted(one.line for one in found)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        pytest.param('owner = "harbor"\n[caps\n', 2, "Expected ']'", id="header"),
        pytest.param(
            'owner = "harbor"\n\nextends = yes', 3, "Invalid value", id="value"
        ),
        pytest.param('owner = "a"\nowner = "b"', 2, "Cannot overwrite", id="key-twice"),
        pytest.param('\n\nowner = "', 3, "Unterminated string", id="cut-off"),
    ],
)
def test_what_is_no_toml_is_named_with_its_line(
    text: str, line: int, problem: str
) -> None:
    [found] = wrong(text)

    assert (found.place, found.line) == ("TOML", line)
    assert found.problem.startswith(problem)


def test_a_document_without_owner_is_whose_it_is_read_as() -> None:
    assert parse_document("extends = true", owner="harbor").owner == "harbor"
    assert wrong("extends = true")[0].place == "owner"


def test_another_owners_document_is_not_taken_by_mistake() -> None:
    [found] = wrong(WHOLE, owner="lake")

    assert (found.place, found.line) == ("owner", 1)
    assert found.problem == "these are the rules of 'harbor'"
    assert "'lake'" in found.advice


def test_another_owner_is_named_beside_whatever_else_is_wrong() -> None:
    found = wrong(WHOLE.replace("a_day = 2", "a_day = 0"), owner="lake")

    assert [one.place for one in found] == ["owner", "caps, a_day"]


def test_a_table_where_a_list_of_them_belongs_is_told_its_brackets() -> None:
    text = WHOLE[: WHOLE.index("[[rule]]")] + '[rule]\nid = "all"\nsteps = []\n'
    [rule] = wrong(text)
    [steps] = wrong(text.replace("[rule]", "[[rule]]").replace("steps = []", STEPS))

    assert (rule.place, rule.advice) == ("rule", "write [[rule]]")
    assert (steps.place, steps.advice) == ("rule all, steps", "write [[rule.steps]]")


STEPS = '[rule.steps]\nid = "day"\n'


@pytest.mark.parametrize("useful", ["3 days before", "2 hourz before", "when booked"])
def test_until_when_it_is_of_use_is_said_in_minutes_or_hours(useful: str) -> None:
    [found] = wrong(WHOLE.replace('useful = "2 hours', f'useful = "{useful}" # "'))

    assert found.problem == f"{useful!r} cannot stand here"
    assert found.advice == "write minutes or hours before the visit: '2 hours before'"


LONG = "a" * 3000


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(STEP, f'offset = "{LONG}"', id="offset"),
        pytest.param(STEP, f'offset = "1 {LONG}"', id="unit"),
        pytest.param('"unless confirmed"', f'"{LONG}"', id="condition"),
        pytest.param('"1 hour"', f'"{LONG}"', id="span"),
        pytest.param('quiet = "earlier"', f'quiet = "{LONG}"', id="choice"),
        pytest.param('id = "week"', f'id = "{LONG}"', id="id"),
        pytest.param("extends", LONG, id="key"),
    ],
)
def test_what_is_very_long_is_not_said_whole(before: str, after: str) -> None:
    for found in wrong(WHOLE.replace(before, after)):
        assert "aaaaaaaaaa" in found.place + found.problem
        assert len(found.place + found.problem) < 300


@pytest.mark.parametrize("sign", ["\x1b", "\x9b", "\u202e", "\u2066", "\x07"])
def test_no_sign_in_a_name_reaches_a_terminal_that_would_obey_it(sign: str) -> None:
    written = f"\\u{ord(sign):04x}"
    text = WHOLE.replace('id = "week"', f'id = "we{written}ek"').replace(
        "extends", f'"ex{written}tends"'
    )

    remarks = wrong(text)

    assert len(remarks) == 2
    for one in remarks:
        assert sign not in one.place + one.problem + one.advice
        assert repr(sign)[1:-1] in one.place


@pytest.mark.parametrize("name", ["\\u202Ereversed", "a\\u001B[2Jb", "two\\nlines"])
def test_a_name_that_would_play_with_the_terminal_is_refused(name):
    text = f'owner = "harbor"\n[[rule]]\nid = "r"\nname = "{name}"\nsteps = []\n'

    with pytest.raises(DocumentError) as caught:
        parse_document(text)

    [remark] = caught.value.remarks
    assert remark.place == "rule r, name"
    assert "cannot be seen" in remark.problem
