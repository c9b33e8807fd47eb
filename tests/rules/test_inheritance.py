"""What a clinic takes of the organisation's rules, and what is shown of it."""

from dataclasses import replace

import pytest
from hypothesis import given

from reminder.model.rulesets import (
    ORGANISATION,
    Caps,
    Match,
    Rule,
    Ruleset,
    RulesetDocument,
    Tier,
    Tiers,
    Visitor,
)
from reminder.rules.inheritance import LIMITS, Override, dangling, effective
from tests.rules.examples import DAY, HOURS, WEEK, unhurried, utc
from tests.rules.ruleset_strategies import documents, organisations

STANDARD = Rule("standard", (WEEK, DAY))
NEW_PATIENTS = Rule("new", (HOURS,), Match(visitor=Visitor.NEW))
WALK_IN = Rule("walk-in", match=Match(tags=frozenset({"walk-in"})))
THEIRS = RulesetDocument(
    owner=ORGANISATION,
    rules=(STANDARD, NEW_PATIENTS, WALK_IN),
    caps=Caps(2, 5),
    sensitive=frozenset({"psy"}),
)
OWN_STANDARD = Rule("standard", (DAY,))
TEENAGERS = Rule("teenagers", (), Match(age_from=12, age_below=18))


def clinics(*rules: Rule, **changes) -> RulesetDocument:
    return RulesetDocument(
        **{"owner": "harbor", "extends": True, "rules": rules} | changes
    )


def overrides(document: RulesetDocument) -> list[str]:
    found = effective(document, THEIRS).overridden
    return [f"{one.what} {one.name} {one.kind}".replace("  ", " ") for one in found]


def test_what_extends_nothing_is_in_force_as_it_is() -> None:
    found = effective(clinics(OWN_STANDARD, extends=False), THEIRS)

    assert found.ruleset == Ruleset(rules=(OWN_STANDARD,))
    assert found.overridden == ()


def test_what_adds_nothing_is_the_organisations() -> None:
    found = effective(clinics(), THEIRS)

    assert found.ruleset.rules == THEIRS.rules
    assert found.ruleset.caps == THEIRS.caps
    assert found.ruleset.sensitive == THEIRS.sensitive
    assert found.ruleset.tiers == Tiers()
    assert found.overridden == ()


def test_a_clinics_rules_come_first_and_take_the_place_of_those_of_the_same_id() -> (
    None
):
    document = clinics(TEENAGERS, OWN_STANDARD)

    assert effective(document, THEIRS).ruleset.rules == (
        TEENAGERS,
        OWN_STANDARD,
        NEW_PATIENTS,
        WALK_IN,
    )
    assert overrides(document) == ["rule teenagers added", "rule standard replaced"]


def test_what_a_clinic_leaves_out_does_not_count_and_is_shown() -> None:
    document = clinics(TEENAGERS, without=frozenset({"walk-in", "standard"}))

    assert effective(document, THEIRS).ruleset.rules == (TEENAGERS, NEW_PATIENTS)
    assert overrides(document) == [
        "rule teenagers added",
        "rule standard left out",
        "rule walk-in left out",
    ]


def test_what_is_left_out_and_written_anew_is_replaced() -> None:
    document = clinics(OWN_STANDARD, without=frozenset({"standard"}))

    assert OWN_STANDARD in effective(document, THEIRS).ruleset.rules
    assert overrides(document) == ["rule standard replaced"]


def test_a_limit_of_its_own_takes_the_place_of_the_organisations_as_a_whole() -> None:
    document = clinics(
        caps=Caps(a_day=1), tiers=Tiers(email=Tier.FULL), sensitive=frozenset()
    )

    found = effective(document, THEIRS).ruleset

    assert (found.caps.a_day, found.caps.a_week) == (1, 3)
    assert found.tiers.email is Tier.FULL
    assert found.sensitive == frozenset()
    assert overrides(document) == ["caps replaced", "tiers added", "sensitive replaced"]


def test_without_an_organisation_a_clinics_own_rules_are_all() -> None:
    found = effective(clinics(OWN_STANDARD), None)

    assert found.ruleset == Ruleset(rules=(OWN_STANDARD,))
    assert found.overridden == ()


def test_the_version_in_force_is_the_clinics() -> None:
    at = utc("2027-03-02 12:00")

    found = effective(clinics(), THEIRS, version=7, published_at=at).ruleset

    assert (found.version, found.published_at) == (7, at)


@pytest.mark.parametrize(
    ("document", "organisation", "expected"),
    [
        pytest.param(clinics(), THEIRS, [], id="nothing"),
        pytest.param(
            clinics(without=frozenset({"walk-in"})), THEIRS, [], id="known-rule"
        ),
        pytest.param(
            clinics(without=frozenset({"walkin"})),
            THEIRS,
            [
                "without, walkin: the organisation has no such rule;"
                " it has standard, new, walk-in"
            ],
            id="slip-of-the-pen",
        ),
        pytest.param(
            clinics(without=frozenset({"standard"})),
            replace(THEIRS, rules=()),
            [
                "without, standard: the organisation has no such rule;"
                " it has none at all"
            ],
            id="no-rules-at-all",
        ),
        pytest.param(
            clinics(extends=False, without=frozenset({"standard"})),
            THEIRS,
            ["without, standard: nothing is inherited; write extends = true"],
            id="extends-nothing",
        ),
        pytest.param(
            clinics(),
            None,
            [
                "extends: the organisation has no rules;"
                " publish the organisation's rules, or leave extends out"
            ],
            id="no-organisation",
        ),
        pytest.param(clinics(extends=False), None, [], id="no-need-of-one"),
    ],
)
def test_what_comes_to_nothing_is_said(
    document: RulesetDocument,
    organisation: RulesetDocument | None,
    expected: list[str],
) -> None:
    found = dangling(document, organisation)

    assert [f"{one.place}: {one.problem}; {one.advice}" for one in found] == expected


@unhurried
@given(documents(), organisations())
def test_every_difference_to_the_organisation_is_shown(
    document: RulesetDocument, organisation: RulesetDocument
) -> None:
    document = replace(document, extends=True)
    plain = effective(replace(organisation, owner="harbor"), None).ruleset

    found = effective(document, organisation)

    named = {(one.what, one.name) for one in found.overridden}
    before = {rule.rule_id: rule for rule in plain.rules}
    after = {rule.rule_id: rule for rule in found.ruleset.rules}
    assert len(after) == len(found.ruleset.rules)
    for rule_id in before | after:
        if before.get(rule_id) != after.get(rule_id):
            assert ("rule", rule_id) in named
    for name in LIMITS:
        if getattr(plain, name) != getattr(found.ruleset, name):
            assert (name, "") in named


@unhurried
@given(documents(), organisations())
def test_nothing_is_shown_that_is_the_organisations(
    document: RulesetDocument, organisation: RulesetDocument
) -> None:
    for one in effective(document, organisation).overridden:
        assert isinstance(one, Override)
        assert document.extends
        assert (
            one.name in document.without
            or one.name in {rule.rule_id for rule in document.rules}
            or getattr(document, one.what, None) is not None
        )
