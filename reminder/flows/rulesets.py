"""Takes a ruleset from a draft over checks and preview to being in force, and back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest
from typing import Protocol

import structlog

from reminder.flows.preview import CalendarEntry, Preview, Progress
from reminder.messages.lint import lint_templates
from reminder.messages.render import Renderer
from reminder.model.clinics import ClinicDirectory, Clinics
from reminder.model.clock import Clock
from reminder.model.people import PatientKey
from reminder.model.remarks import Remark, Severity
from reminder.model.rulesets import (
    Ruleset,
    RulesetDocument,
    RulesetVersion,
    VersionState,
)
from reminder.rules.in_force import with_rules_in_force
from reminder.rules.lateness import templates_of
from reminder.rules.lint import lint
from reminder.rules.lint_installation import Installation, installation_remarks
from reminder.rules.plan_comparison import PreviewReport
from reminder.rules.ruleset_changes import ruleset_changes
from reminder.rules.ruleset_owners import (
    Documents,
    concerned_clinics,
    owner_remarks,
    ruleset_of,
)

log = structlog.get_logger()


class Versions(Protocol):
    """Where rulesets are kept, by owner."""

    async def in_force(self) -> dict[str, RulesetVersion]:
        """The published version of every owner that has one."""

    async def draft(self, owner: str) -> RulesetVersion | None:
        """What the owner has not published yet."""

    async def version(self, owner: str, number: int) -> RulesetVersion | None:
        """One version, in whatever state."""

    async def history(self, owner: str) -> list[RulesetVersion]:
        """Every version, the newest first."""

    async def save_draft(
        self,
        document: RulesetDocument,
        *,
        by: str,
        note: str,
        now: datetime,
        revision: int | None,
    ) -> RulesetVersion:
        """Keep the draft, if it still has this revision."""

    async def publish(
        self, owner: str, *, by: str, note: str, now: datetime, revision: int | None
    ) -> RulesetVersion:
        """Put the draft in force, if it still has this revision."""


class RulesetRefused(Exception):
    """A ruleset cannot be published as it is; `remarks` say why, errors first."""

    def __init__(self, remarks: Sequence[Remark]) -> None:
        super().__init__(f"{len(remarks)} remarks")
        self.remarks = tuple(remarks)


class NoSuchVersion(LookupError):
    """The owner has no draft, or no version of that number."""


@dataclass(frozen=True, slots=True)
class VersionChanges:
    """One version, and in sentences what it changed in the one before."""

    version: RulesetVersion
    changes: tuple[str, ...]


class RulesetsFlow:
    """What a manager does with rules. Nothing is sent by any of it.

    A publish is one transaction; who plans is to plan everyone anew after it.
    """

    def __init__(
        self,
        versions: Versions,
        preview: Preview,
        clinics: Clinics,
        renderer: Renderer,
        installation: Installation,
        clock: Clock,
    ) -> None:
        self._versions = versions
        self._preview = preview
        self._clinics = clinics
        self._renderer = renderer
        self._installation = installation
        self._clock = clock

    async def check(self, document: RulesetDocument) -> list[Remark]:
        """What is wrong or odd about a ruleset, as it would be in force; errors first.

        One of the organisation is looked at in every clinic that follows it.
        """
        versions = await self._versions.in_force()
        documents = {owner: one.document for owner, one in versions.items()}
        remarks = [
            *owner_remarks(document, self._clinics(), documents),
            *self._look(document, {**documents, document.owner: document}),
        ]
        once = dict.fromkeys(remarks)
        return sorted(once, key=lambda one: one.severity is not Severity.ERROR)

    async def save(
        self, document: RulesetDocument, *, by: str, note: str, revision: int | None
    ) -> RulesetVersion:
        """Keep it as its owner's draft; `revision` as `Versions.save_draft` has it.

        Raises:
            StoreConflict: somebody else saved the draft meanwhile.
        """
        return await self._versions.save_draft(
            document, by=by, note=note, now=self._clock(), revision=revision
        )

    async def restore(
        self, owner: str, number: int, *, by: str, note: str, revision: int | None
    ) -> RulesetVersion:
        """Make an old version the draft again, to be looked at and published.

        Raises:
            NoSuchVersion: there is none of that number.
            StoreConflict: there is a draft of another revision.
        """
        version = await self._versions.version(owner, number)
        if version is None:
            raise NoSuchVersion(owner, number)
        return await self.save(version.document, by=by, note=note, revision=revision)

    async def preview(
        self,
        document: RulesetDocument,
        *,
        limit: int | None = None,
        progress: Progress | None = None,
    ) -> PreviewReport:
        """What it would send, beside what is sent now, to everyone it concerns."""
        versions = await self._versions.in_force()
        return await self._preview.compare(
            with_rules_in_force(self._clinics(), versions),
            self._with(document, versions),
            limit=limit,
            progress=progress,
        )

    async def calendar(
        self, patient: PatientKey, document: RulesetDocument | None = None
    ) -> list[CalendarEntry] | None:
        """Every step of every visit of one patient, if this ruleset were in force.

        Without one it is by the rules as they are.
        """
        versions = await self._versions.in_force()
        clinics = (
            with_rules_in_force(self._clinics(), versions)
            if document is None
            else self._with(document, versions)
        )
        return await self._preview.calendar(patient, clinics)

    async def publish(
        self, owner: str, *, by: str, note: str, revision: int | None = None
    ) -> RulesetVersion:
        """Put the draft in force, if nothing is wrong with it.

        Raises:
            NoSuchVersion: there is no draft.
            RulesetRefused: there are errors in it; it stays a draft.
            StoreConflict: it is not the draft of this revision any more.
        """
        draft = await self._versions.draft(owner)
        if draft is None:
            raise NoSuchVersion(owner)
        remarks = await self.check(draft.document)
        if any(one.severity is Severity.ERROR for one in remarks):
            raise RulesetRefused(remarks)
        looked_at = draft.revision if revision is None else revision
        published = await self._versions.publish(
            owner, by=by, note=note, now=self._clock(), revision=looked_at
        )
        log.info("published_ruleset", owner=owner, version=published.version)
        return published

    async def history(self, owner: str) -> list[VersionChanges]:
        """Every version with what it changed in the one before, the newest first."""
        versions = await self._versions.history(owner)
        documents = [one.document for one in versions]
        return [
            VersionChanges(version, ruleset_changes(before, version.document))
            for version, before in zip_longest(versions, documents[1:])
        ]

    def _with(
        self, document: RulesetDocument, versions: Mapping[str, RulesetVersion]
    ) -> ClinicDirectory:
        """The clinics as if this ruleset were published now."""
        now, owner = self._clock(), document.owner
        last = versions[owner].version if owner in versions else 0
        candidate = RulesetVersion(
            owner=owner,
            version=last + 1,
            state=VersionState.PUBLISHED,
            document=document,
            changed_at=now,
            published_at=now,
        )
        return with_rules_in_force(self._clinics(), {**versions, owner: candidate})

    def _look(
        self, document: RulesetDocument, documents: Documents
    ) -> Iterator[Remark]:
        concerned = concerned_clinics(document.owner, self._clinics(), documents)
        for one in concerned:
            ruleset = ruleset_of(one, documents)
            clinic = replace(one, ruleset=ruleset)
            yield from lint(ruleset, clinic)
            yield from installation_remarks(ruleset, clinic, self._installation)
            yield from lint_templates(
                self._renderer, _templates(ruleset), clinic.languages, clinic
            )


def _templates(ruleset: Ruleset) -> list[str]:
    """Every template a ruleset may need, in the order of its steps."""
    steps = (step for rule in ruleset.rules for step in rule.steps)
    return list(dict.fromkeys(name for step in steps for name in templates_of(step)))
