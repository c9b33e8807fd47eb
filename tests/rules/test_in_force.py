from datetime import timedelta

from reminder.model.people import Channel
from reminder.model.rulesets import (
    ORGANISATION,
    Caps,
    Rule,
    Ruleset,
    RulesetDocument,
    RulesetVersion,
    Step,
    VersionState,
)
from reminder.rules.in_force import with_rules_in_force
from reminder.rules.offsets import parse_offset
from tests.rules.examples import clinic, directory, utc

NOW = utc("2027-03-01 15:00")


def rule(rule_id):
    return Rule(
        rule_id, (Step(rule_id, parse_offset("24 hours before"), (Channel.EMAIL,)),)
    )


def version(owner, *rules, extends=False, number=3, published_at=NOW, **policies):
    return RulesetVersion(
        owner=owner,
        version=number,
        state=VersionState.PUBLISHED,
        document=RulesetDocument(owner=owner, extends=extends, rules=rules, **policies),
        changed_at=NOW,
        published_at=published_at,
    )


def ruleset(*versions, of=None):
    clinics = directory(of or clinic())
    found = with_rules_in_force(clinics, {one.owner: one for one in versions})
    return found.by_id("harbor").ruleset


def names(found):
    return [one.rule_id for one in found.rules]


def test_without_any_version_a_clinic_keeps_what_its_settings_say():
    assert ruleset() == clinic().ruleset


def test_its_own_version_takes_the_place_of_that():
    found = ruleset(version("harbor", rule("own")))

    assert (names(found), found.version, found.published_at) == (["own"], 3, NOW)


def test_a_clinic_that_never_published_follows_the_organisation():
    found = ruleset(version(ORGANISATION, rule("shared"), caps=Caps(a_day=2)))

    assert names(found) == ["shared"]
    assert found.caps == Caps(a_day=2)
    assert found.published_at == NOW


def test_one_that_extends_the_organisation_has_both_its_own_first():
    found = ruleset(
        version(ORGANISATION, rule("shared")),
        version("harbor", rule("own"), extends=True),
    )

    assert names(found) == ["own", "shared"]


def test_one_that_does_not_is_left_alone_by_it():
    later = NOW + timedelta(days=1)

    found = ruleset(
        version(ORGANISATION, rule("shared"), published_at=later),
        version("harbor", rule("own")),
    )

    assert (names(found), found.published_at) == (["own"], NOW)


def test_what_is_news_counts_from_the_later_of_the_two():
    later = NOW + timedelta(days=1)

    found = ruleset(
        version(ORGANISATION, rule("shared"), published_at=later),
        version("harbor", rule("own"), extends=True),
    )

    assert found.published_at == later


def test_another_clinics_version_changes_nothing():
    assert ruleset(version("prairie", rule("own"))) == clinic().ruleset


def test_a_clinic_may_publish_that_it_tells_nothing():
    assert ruleset(version("harbor")) == Ruleset(version=3, published_at=NOW)
