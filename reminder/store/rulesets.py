"""Keeps every owner's rulesets as versions: one draft, one in force, all that were."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.rulesets import RulesetDocument, RulesetVersion, VersionState
from reminder.rules.documents import DocumentError, parse_document, print_document
from reminder.store.database import Database
from reminder.store.errors import CellUnreadable, StoreConflict
from reminder.store.statements import among, table
from reminder.store.tables import RulesetRow

_RULESET = table(RulesetRow)


class RulesetConflict(StoreConflict):
    """Somebody else changed or published the draft meanwhile; nothing was written."""


class RulesetStore:
    """Versions of rulesets. What was published once is never written again.

    Versions of one owner count up from 1. A draft has the number it will be
    published as, and its `revision` counts how often it was saved.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def in_force(self) -> dict[str, RulesetVersion]:
        """The published version of every owner that has one, by owner."""
        published = among(_RULESET.c.state, VersionState.PUBLISHED)
        async with self._database.read() as session:
            rows = (await session.execute(select(_RULESET).where(published))).all()
        return {row.owner: _to_version(row) for row in rows}

    async def versions_in_force(self) -> dict[str, int]:
        """The number of every owner's published version; no document is read."""
        async with self._database.read() as session:
            return await published_versions(session)

    async def draft(self, owner: str) -> RulesetVersion | None:
        """What the owner has not published yet; None when there is no draft."""
        async with self._database.read() as session:
            row = await _one(session, owner, VersionState.DRAFT)
        return None if row is None else _to_version(row)

    async def version(self, owner: str, number: int) -> RulesetVersion | None:
        """One version, in whatever state; None when there is no such."""
        query = select(_RULESET).where(
            _RULESET.c.owner == owner, _RULESET.c.version == number
        )
        async with self._database.read() as session:
            row = (await session.execute(query)).first()
        return None if row is None else _to_version(row)

    async def history(self, owner: str) -> list[RulesetVersion]:
        """Every version of the owner, the newest first; a draft is among them."""
        query = (
            select(_RULESET)
            .where(_RULESET.c.owner == owner)
            .order_by(_RULESET.c.version.desc())
        )
        async with self._database.read() as session:
            return [_to_version(row) for row in await session.execute(query)]

    async def save_draft(
        self,
        document: RulesetDocument,
        *,
        by: str,
        note: str,
        now: datetime,
        revision: int | None,
    ) -> RulesetVersion:
        """Keep `document` as its owner's draft.

        `revision` is that of the draft the change was made to, None if there
        was no draft.

        Raises:
            StoreConflict: the draft is not the one the change was made to.
        """
        owner = document.owner
        values = {
            "document": print_document(document),
            "by": by,
            "note": note,
            "changed_at": now,
        }
        async with self._database.write() as session:
            draft = await _one(session, owner, VersionState.DRAFT, lock=True)
            _refuse_unless_at(revision, draft)
            if draft is None:
                row = await _add(session, owner, VersionState.DRAFT, values)
            else:
                values["revision"] = draft.revision + 1
                row = await _set(session, draft, values)
        return _to_version(row)

    async def publish(
        self, owner: str, *, by: str, note: str, now: datetime, revision: int | None
    ) -> RulesetVersion:
        """Put the draft in force in place of the version before, in one transaction.

        `revision` is that of the draft somebody looked at; None takes the
        draft as it is.

        Raises:
            StoreConflict: there is no draft (any more), or it is another by now.
        """
        values = {
            "state": VersionState.PUBLISHED.value,
            "by": by,
            "note": note,
            "changed_at": now,
            "published_at": now,
        }
        async with self._database.write() as session:
            draft = await _one(session, owner, VersionState.DRAFT, lock=True)
            if draft is None:
                raise RulesetConflict("no-draft", owner)
            _refuse_unless_at(draft.revision if revision is None else revision, draft)
            await _supersede(session, owner)
            row = await _set(session, draft, values)
        return _to_version(row)

    async def adopt(self, document: RulesetDocument, *, by: str, now: datetime) -> bool:
        """Put `document` in force at once if it changes what the same `by` published.

        False, and nothing is written, when it is in force already or somebody
        else has published since: what people publish is theirs. A draft stays
        a draft, and moves on to the next number.
        """
        try:
            return await self._adopt(document, by, now)
        except StoreConflict:
            # Another node reads the same file, and was faster.
            return await self._adopt(document, by, now)

    async def _adopt(self, document: RulesetDocument, by: str, now: datetime) -> bool:
        owner = document.owner
        values = {
            "document": print_document(document),
            "by": by,
            "changed_at": now,
            "published_at": now,
        }
        async with self._database.write() as session:
            before = await _one(session, owner, VersionState.PUBLISHED, lock=True)
            if before is not None:
                if before.by != by or _to_version(before).document == document:
                    return False
                # Only this one: what a node published since makes a conflict.
                await _set(session, before, {"state": VersionState.SUPERSEDED.value})
            draft = await _one(session, owner, VersionState.DRAFT, lock=True)
            if draft is None:
                await _add(session, owner, VersionState.PUBLISHED, values)
                return True
            await _set(session, draft, {"version": draft.version + 1})
            await _add(session, owner, VersionState.PUBLISHED, values, draft.version)
        return True


async def published_versions(session: AsyncSession) -> dict[str, int]:
    """The version of each owner's ruleset that is in force."""
    published = among(_RULESET.c.state, VersionState.PUBLISHED)
    query = select(_RULESET.c.owner, _RULESET.c.version).where(published)
    return {row.owner: row.version for row in await session.execute(query)}


async def _one(
    session: AsyncSession, owner: str, state: VersionState, *, lock: bool = False
) -> Row[Any] | None:
    query = select(_RULESET).where(
        _RULESET.c.owner == owner, among(_RULESET.c.state, state)
    )
    if lock:
        query = query.with_for_update()
    return (await session.execute(query)).first()


async def _supersede(session: AsyncSession, owner: str) -> None:
    await session.execute(
        update(_RULESET)
        .where(
            _RULESET.c.owner == owner, among(_RULESET.c.state, VersionState.PUBLISHED)
        )
        .values(state=VersionState.SUPERSEDED.value)
    )


async def _add(
    session: AsyncSession,
    owner: str,
    state: VersionState,
    values: dict[str, Any],
    number: int | None = None,
) -> Row[Any]:
    if number is None:
        last = select(func.max(_RULESET.c.version)).where(_RULESET.c.owner == owner)
        number = (await session.scalar(last) or 0) + 1
    row = {
        "id": uuid4(),
        "owner": owner,
        "version": number,
        "state": state.value,
        "note": "",
        "revision": 1,
    }
    added = insert(_RULESET).values(row | values).returning(_RULESET)
    made: Row[Any] = (await session.execute(added)).one()
    return made


async def _set(
    session: AsyncSession, draft: Row[Any], values: dict[str, Any]
) -> Row[Any]:
    changed = update(_RULESET).where(_RULESET.c.id == draft.id).values(values)
    made: Row[Any] = (await session.execute(changed.returning(_RULESET))).one()
    return made


def _refuse_unless_at(revision: int | None, draft: Row[Any] | None) -> None:
    if revision != (None if draft is None else draft.revision):
        owner = "" if draft is None else draft.owner
        raise RulesetConflict("draft-changed", owner)


def _to_version(row: Row[Any]) -> RulesetVersion:
    try:
        document = parse_document(row.document, owner=row.owner)
    except DocumentError:
        raise CellUnreadable("ruleset", "document", row.id) from None
    return RulesetVersion(
        owner=row.owner,
        version=row.version,
        state=VersionState(row.state),
        document=document,
        changed_at=row.changed_at,
        by=row.by,
        note=row.note,
        published_at=row.published_at,
        revision=row.revision,
    )
