"""Whose patients a ruleset concerns, and whether it fits with the others in force."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reminder.model.clinics import Clinic, ClinicDirectory
from reminder.model.remarks import Remark, Severity
from reminder.model.rulesets import ORGANISATION, Ruleset, RulesetDocument
from reminder.rules.inheritance import dangling, effective

Documents = Mapping[str, RulesetDocument]
"""The rulesets in force, by owner."""


def ruleset_of(clinic: Clinic, documents: Documents) -> Ruleset:
    """What holds for a clinic; one without its own follows the organisation's."""
    own = _document(clinic.clinic_id, documents)
    return effective(own, documents.get(ORGANISATION)).ruleset


def concerned_clinics(
    owner: str, clinics: ClinicDirectory, documents: Documents
) -> list[Clinic]:
    """The clinics whose patients are told by the ruleset of this owner."""
    return [
        one
        for one in clinics.clinics
        if owner == one.clinic_id
        or (owner == ORGANISATION and _document(one.clinic_id, documents).extends)
    ]


def owner_remarks(
    document: RulesetDocument, clinics: ClinicDirectory, in_force: Documents
) -> Iterator[Remark]:
    """What is wrong with whose ruleset it is, with what it inherits and hands down."""
    known = [*(one.clinic_id for one in clinics.clinics), ORGANISATION]
    if document.owner not in known:
        yield Remark(
            Severity.ERROR,
            f"owner {document.owner}",
            "there is no such clinic",
            f"Owners are: {', '.join(known)}.",
        )
    if document.owner != ORGANISATION:
        yield from dangling(document, in_force.get(ORGANISATION))
        return
    heirs = concerned_clinics(ORGANISATION, clinics, in_force)
    if not heirs:
        yield Remark(
            Severity.WARNING,
            "organisation",
            "no clinic follows the organisation's ruleset",
            "Write extends = true into the rulesets of those that shall.",
        )
    for clinic in heirs:
        for remark in dangling(_document(clinic.clinic_id, in_force), document):
            # Nothing inherited is left out: harmless, and for the clinic to mend.
            place = f"clinic {clinic.clinic_id}, {remark.place}"
            yield replace(remark, severity=Severity.WARNING, place=place)


def _document(clinic_id: str, documents: Documents) -> RulesetDocument:
    nothing = RulesetDocument(owner=clinic_id, extends=True)
    return documents.get(clinic_id, nothing)
