"""The rules that stand in reminder.toml: as before, and with all that rules can say."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from reminder.model.offsets import WhenMoved
from reminder.model.rulesets import (
    ORGANISATION,
    Caps,
    Leads,
    Match,
    QuietPolicy,
    RulesetDocument,
    Tier,
    Visitor,
)
from reminder.resources import bundled
from reminder.rules.documents import parse_document, print_document
from reminder.settings.load import from_text
from reminder.settings.problems import SettingsError
from reminder.settings.tree import Settings

SAMPLE = (bundled("templates") / "settings" / "reminder.toml").read_text("utf-8")

ORGANISATIONS = """
[organisation.caps]
a_day = 2

[[organisation.rule]]
id = "every-visit"
steps = [{ id = "theirs", offset = "3 days before at 10:00", channels = ["email"] }]

[[organisation.rule]]
name = "New patients"
match = { visitor = "new" }
steps = [{ id = "hello", offset = "when booked", channels = ["email"] }]
"""

LAKE = """
[[clinic]]
id = "lake"
connection = "ehr"
name = "Lake"
short_name = "Lake"
zone = "America/New_York"
"""


def settings_of(text: str) -> Settings:
    return from_text(text, "reminder.toml", Path("/nowhere")).settings


def problems_of(text: str) -> list[tuple[str, int | None, str]]:
    with pytest.raises(SettingsError) as caught:
        settings_of(text)
    return [(one.setting, one.line, one.sentence) for one in caught.value.problems]


def in_the_clinic(text: str) -> str:
    """The sample with more said of its clinic."""
    return SAMPLE.replace('country = "US"\n', f'country = "US"\n{text}\n')


def in_the_rules(text: str) -> str:
    """The sample with more tables after its rule."""
    return SAMPLE.replace("# The mail relay", f"{text}\n\n# The mail relay")


def line_with(text: str, words: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if words in line)


def test_a_rule_of_the_file_is_known_by_its_name_in_small_letters() -> None:
    [document] = settings_of(SAMPLE).documents()

    assert document.owner == "main"
    assert not document.extends
    assert [rule.rule_id for rule in document.rules] == ["every-visit"]
    assert [step.step_id for step in document.rules[0].steps] == [
        "week",
        "day",
        "moved",
        "cancelled",
    ]
    assert document.caps is None


def test_the_file_can_say_all_that_a_ruleset_can() -> None:
    text = in_the_rules("""
  [[clinic.rule]]
  id = "new"
  [clinic.rule.match]
  visitor = "new"
  [[clinic.rule.steps]]
  id = "news"
  offset = "when moved"
  channels = ["email"]
  quiet = "later"

  [clinic.caps]
  a_week = "any"
  [clinic.leads]
  longest = "3 days"
  [clinic.tiers]
  email = "full"
""")

    [document] = settings_of(text).documents()

    assert document.rules[1].match == Match(visitor=Visitor.NEW)
    [step] = document.rules[1].steps
    assert (step.offset, step.template) == (WhenMoved(), "moved")
    assert step.quiet is QuietPolicy.LATER
    assert document.caps == Caps(1, None)
    assert document.leads == Leads(longest=timedelta(days=3))
    assert document.tiers is not None
    assert document.tiers.email is Tier.FULL
    assert parse_document(print_document(document)) == document


def test_open_days_and_business_weekdays_are_written_by_name_and_date() -> None:
    text = in_the_clinic(
        'open_days = [2027-03-06]\nbusiness_weekdays = ["tuesday", "sunday"]'
    ).replace("horizon_days = 14", "horizon_days = 40")

    [clinic] = settings_of(text).directory().clinics

    assert clinic.open_days == {date(2027, 3, 6)}
    assert clinic.business_weekdays == {1, 6}
    [usual] = settings_of(SAMPLE).directory().clinics
    assert usual.business_weekdays == {0, 1, 2, 3, 4}


def test_a_clinic_that_extends_the_organisation_has_its_rules_as_well() -> None:
    text = in_the_clinic("extends_organisation = true") + ORGANISATIONS

    settings = settings_of(text)

    assert [one.owner for one in settings.documents()] == [ORGANISATION, "main"]
    [clinic] = settings.directory().clinics
    assert [rule.rule_id for rule in clinic.ruleset.rules] == [
        "every-visit",
        "new-patients",
    ]
    assert [step.step_id for step in clinic.ruleset.rules[0].steps] == [
        "week",
        "day",
        "moved",
        "cancelled",
    ]
    assert clinic.ruleset.caps == Caps(2)


def test_a_clinic_with_rules_of_its_own_is_not_made_to_extend_others() -> None:
    [clinic] = settings_of(SAMPLE + ORGANISATIONS).directory().clinics

    assert [rule.rule_id for rule in clinic.ruleset.rules] == ["every-visit"]
    assert clinic.ruleset.caps == Caps()


def test_a_clinic_of_which_nothing_is_written_has_the_organisations_rules() -> None:
    settings = settings_of(SAMPLE + ORGANISATIONS + LAKE)

    assert [one.owner for one in settings.documents()] == [ORGANISATION, "main"]
    lake = settings.directory().by_id("lake")
    assert [step.step_id for rule in lake.ruleset.rules for step in rule.steps] == [
        "theirs",
        "hello",
    ]


def test_what_the_store_may_have_is_extended_unasked() -> None:
    text = in_the_clinic('extends_organisation = true\nwithout = ["walk-in"]')

    [document] = settings_of(text).documents()

    assert (document.extends, document.without) == (True, {"walk-in"})


def test_a_clinic_that_only_leaves_something_out_has_a_ruleset() -> None:
    lake = LAKE + 'extends_organisation = true\nwithout = ["new-patients"]\n'

    *_, document = settings_of(SAMPLE + ORGANISATIONS + lake).documents()

    assert document == RulesetDocument(
        owner="lake", extends=True, without=frozenset({"new-patients"})
    )


def test_a_limit_of_the_organisation_may_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REMINDER_ORGANISATION__CAPS__A_DAY", "4")
    monkeypatch.setenv("REMINDER_ORGANISATION__CAPS__A_WEEK", "any")

    [organisation, _] = settings_of(SAMPLE + ORGANISATIONS).documents()

    assert organisation.caps == Caps(4, None)


@pytest.mark.parametrize(
    ("text", "setting", "words", "sentence"),
    [
        pytest.param(
            in_the_rules('  [[clinic.rule]]\n  name = "every  visit!"\n  steps = []'),
            "clinic.0.rule.1.name",
            "every  visit!",
            "two rules have the id 'every-visit'",
            id="two-names-that-make-one-id",
        ),
        pytest.param(
            SAMPLE.replace('id = "day"', 'id = "week"'),
            "clinic.0.rule.0.steps.1.id",
            '"24 hours before"',
            "two steps have the id 'week'",
            id="two-steps-of-one-id",
        ),
        pytest.param(
            in_the_rules('  [[clinic.rule]]\n  name = "診察"\n  steps = []'),
            "clinic.0.rule.1",
            "[[clinic.rule]]",
            "give it an id, such as id = 'every-visit'",
            id="a-name-that-makes-no-id",
        ),
        pytest.param(
            in_the_rules('  [[clinic.rule]]\n  name = "Nothing"'),
            "clinic.0.rule.1.steps",
            "[[clinic.rule]]",
            "is missing",
            id="a-rule-whose-steps-were-forgotten",
        ),
        pytest.param(
            in_the_clinic('business_weekdays = ["mon"]'),
            "clinic.0.business_weekdays.0",
            '"mon"',
            "write 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'"
            " or 'sunday'",
            id="no-weekday",
        ),
        pytest.param(
            in_the_clinic("business_weekdays = []"),
            "clinic.0.business_weekdays",
            "business_weekdays",
            "is empty",
            id="never-open",
        ),
        pytest.param(
            SAMPLE.replace('id = "main"', 'id = "organisation"').replace(
                'default_clinic = "main"', 'default_clinic = "organisation"'
            ),
            "clinic.0.id",
            'id = "organisation"',
            "this id stands for the rules that clinics share",
            id="a-clinic-named-as-the-organisation",
        ),
        pytest.param(
            in_the_clinic('extends_organisation = true\nwithout = ["new"]')
            + ORGANISATIONS,
            "clinic.0.without",
            "without =",
            "new: the organisation has no such rule; it has every-visit, new-patients",
            id="leaving-out-what-is-not-there",
        ),
        pytest.param(
            in_the_clinic('without = ["new"]'),
            "clinic.0.without",
            "without =",
            "new: nothing is inherited; write extends = true",
            id="leaving-out-without-extending",
        ),
        pytest.param(
            SAMPLE + ORGANISATIONS.replace('["email"] }]', '["voice"] }]', 1),
            "organisation.rule.0.steps.0.channels",
            '["voice"] }]',
            "no [transport.…] is set up for voice",
            id="the-organisations-channel-without-transport",
        ),
        pytest.param(
            SAMPLE + ORGANISATIONS.replace("3 days", "30 days") + LAKE,
            "work.horizon_days",
            "horizon_days = 14",
            "step 'theirs' is due 30 days before at 10:00: read at least 30 days ahead",
            id="an-inherited-step-beyond-the-horizon",
        ),
        pytest.param(
            in_the_clinic('business_weekdays = ["monday"]'),
            "work.horizon_days",
            "horizon_days = 14",
            "step 'week' is due 5 business days before at 10:00:"
            " read at least 55 days ahead",
            id="a-clinic-that-opens-once-a-week-needs-a-longer-horizon",
        ),
    ],
)
def test_a_mistake_in_a_rule_of_the_file_is_named_with_its_line(
    text: str, setting: str, words: str, sentence: str
) -> None:
    [found] = problems_of(text)

    lines = [n for n, line in enumerate(text.splitlines(), 1) if words in line]
    assert found == (setting, lines[-1], sentence)


def test_what_follows_visits_needs_no_horizon() -> None:
    text = in_the_rules("""
  [[clinic.rule]]
  id = "after"
  match = { tags = ["review"] }
  steps = [
    { id = "thanks", offset = "30 days after at 10:00", channels = ["email"] },
  ]
""")

    assert len(settings_of(text).documents()[0].rules) == 2
