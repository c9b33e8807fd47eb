"""Puts the rulesets that are in force into the clinics they are for."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from reminder.model.clinics import Clinic, ClinicDirectory
from reminder.model.rulesets import ORGANISATION, RulesetDocument, RulesetVersion
from reminder.rules.inheritance import effective


def with_rules_in_force(
    clinics: ClinicDirectory, versions: Mapping[str, RulesetVersion]
) -> ClinicDirectory:
    """The same clinics, each with the ruleset that is in force for it.

    A clinic that never published one follows the organisation's.
    """
    return replace(
        clinics,
        clinics=tuple(_with_rules(clinic, versions) for clinic in clinics.clinics),
    )


def _with_rules(clinic: Clinic, versions: Mapping[str, RulesetVersion]) -> Clinic:
    own, shared = versions.get(clinic.clinic_id), versions.get(ORGANISATION)
    if own is None and shared is None:
        return clinic
    document = (
        own.document if own else RulesetDocument(owner=clinic.clinic_id, extends=True)
    )
    followed = shared if document.extends else None
    found = effective(
        document,
        followed.document if followed else None,
        version=own.version if own else 0,
        published_at=_latest(own, followed),
    )
    return replace(clinic, ruleset=found.ruleset)


def _latest(*versions: RulesetVersion | None) -> datetime | None:
    instants = [one.published_at for one in versions if one and one.published_at]
    return max(instants, default=None)
