"""Whose rules a command means, from where, and whether they may be published."""

from collections.abc import Sequence
from pathlib import Path

import typer

from reminder.app.wiring import THE_FILE, App
from reminder.cli import rules_output as output
from reminder.cli.errors import Exit, Stopped, Trouble
from reminder.flows.preview import CalendarEntry
from reminder.model.people import PatientKey
from reminder.model.remarks import Remark, Severity
from reminder.model.rulesets import (
    ORGANISATION,
    RulesetDocument,
    RulesetVersion,
    VersionState,
)
from reminder.rules.documents import DocumentError, parse_document


class Found(Exception):
    """Remarks of which one at least is an error, about a file or what is kept."""

    def __init__(self, remarks: Sequence[Remark], file: Path | None) -> None:
        super().__init__(f"{len(remarks)} remarks")
        self.remarks, self.file = tuple(remarks), file


def given_owner(clinic: str | None, *, organisation: bool) -> str | None:
    """The owner that was named, if any."""
    if clinic is not None and organisation:
        raise Stopped(
            Exit.WRONG_USE,
            Trouble("Say --clinic or --organisation, not both."),
        )
    return ORGANISATION if organisation else clinic


def owner_of(app: App, clinic: str | None, *, organisation: bool) -> str:
    """Whose rules are meant; the one clinic need not be named."""
    given = given_owner(clinic, organisation=organisation)
    known = [one.clinic_id for one in app.clinics().clinics]
    if given is None and len(known) == 1:
        return known[0]
    if given is None:
        raise Stopped(
            Exit.WRONG_USE,
            Trouble(
                "Whose rules?",
                why=f"There are several clinics: {', '.join(known)}.",
                do="Say --clinic and the id of one, or --organisation.",
            ),
        )
    if given not in (*known, ORGANISATION):
        raise Stopped(
            Exit.WRONG_USE,
            Trouble(
                f"There is no clinic {given}.",
                why=f"The settings have: {', '.join(known)}.",
            ),
        )
    return given


def read_file(file: Path, owner: str | None) -> RulesetDocument:
    """The ruleset in a file.

    Raises:
        Found: it cannot be read as one.
        Stopped: it cannot be read at all.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        if "\0" in text:  # UTF-16 of plain letters can be read as UTF-8.
            raise Stopped(Exit.WRONG_USE, _no_utf8(file))
        return parse_document(text, owner)
    except DocumentError as error:
        raise Found(error.remarks, file) from None
    except UnicodeDecodeError:
        raise Stopped(Exit.WRONG_USE, _no_utf8(file)) from None
    except OSError as error:
        trouble = Trouble("The file cannot be read.", str(file), error.strerror or "")
        raise Stopped(Exit.WRONG_USE, trouble) from None


def _no_utf8(file: Path) -> Trouble:
    what, why = "The file cannot be read.", "It is not text in UTF-8."
    return Trouble(what, str(file), why, do="Save it as UTF-8.")


async def document_of(
    app: App, file: Path | None, clinic: str | None, *, organisation: bool
) -> RulesetDocument:
    """That of a file, or the draft that is kept."""
    if file is not None:
        return read_file(file, given_owner(clinic, organisation=organisation))
    owner = owner_of(app, clinic, organisation=organisation)
    return (await draft_of(app, owner)).document


async def document_if_any(
    app: App, file: Path | None, clinic: str | None, *, organisation: bool
) -> RulesetDocument | None:
    """The same; None, and said so, where there is neither: the rules in force count."""
    if file is None:
        owner = owner_of(app, clinic, organisation=organisation)
        if await app.store.rulesets.draft(owner) is None:
            said = f"There is no draft of {owner}: this is by the rules in force."
            typer.echo(said, err=True)
            return None
    return await document_of(app, file, clinic, organisation=organisation)


async def draft_of(app: App, owner: str) -> RulesetVersion:
    """What the owner has not published yet."""
    draft = await app.store.rulesets.draft(owner)
    if draft is None:
        raise Stopped(Exit.FOUND_PROBLEMS, output.no_draft(owner))
    return draft


async def version_of(app: App, owner: str, number: int | None) -> RulesetVersion:
    """The version of that number, or the one in force, or what the settings say."""
    if number is None:
        found = (await app.store.rulesets.in_force()).get(owner)
        found = found or _of_the_file(app, owner)
    else:
        found = await app.store.rulesets.version(owner, number)
    if found is None:
        raise Stopped(Exit.FOUND_PROBLEMS, output.no_version(owner, number))
    return found


def _of_the_file(app: App, owner: str) -> RulesetVersion | None:
    """What the settings say before anything is published: version 0."""
    documents = {one.owner: one for one in app.loaded.settings.documents()}
    if owner not in documents:
        return None
    return RulesetVersion(
        owner=owner,
        version=0,
        state=VersionState.DRAFT,
        document=documents[owner],
        changed_at=app.clock(),
        by=THE_FILE,
    )


async def checked(
    app: App, document: RulesetDocument, file: Path | None
) -> list[Remark]:
    """What is odd about a ruleset.

    Raises:
        Found: something keeps it from being published.
    """
    remarks = await app.rulesets.check(document)
    if any(one.severity is Severity.ERROR for one in remarks):
        raise Found(remarks, file)
    return remarks


async def calendar_of(
    app: App, document: RulesetDocument | None, patient_id: str
) -> list[CalendarEntry]:
    """Every step of one patient, at whichever EHR of these clinics knows them.

    By the rules in force where no others are given.
    """
    for connection in dict.fromkeys(one.connection for one in app.clinics().clinics):
        key = PatientKey(connection, patient_id)
        entries = await app.rulesets.calendar(key, document)
        if entries is not None:
            return entries
    trouble = Trouble("No such patient is known.", do="Run: reminder sync --once")
    raise Stopped(Exit.FOUND_PROBLEMS, trouble)
