"""Rulesets: drafts become versions, and what is published is never changed."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, event, insert, select, update

from reminder.model.offsets import HoursBefore
from reminder.model.people import Channel
from reminder.model.rulesets import (
    ORGANISATION,
    Caps,
    Rule,
    RulesetDocument,
    RulesetVersion,
    Step,
    VersionState,
)
from reminder.rules.documents import print_document
from reminder.store.database import Database, driver_url
from reminder.store.errors import CellUnreadable, StoreConflict
from reminder.store.rulesets import RulesetStore
from reminder.store.statements import table
from reminder.store.tables import RulesetRow
from tests.store.given import NOON

HOUR = timedelta(hours=1)
FILE = "reminder.toml"
RULESET = table(RulesetRow)


def document(hours: int = 24, owner: str = "elm") -> RulesetDocument:
    """One rule with one step, so many hours before."""
    step = Step("day", HoursBefore(hours), (Channel.EMAIL,))
    return RulesetDocument(owner=owner, rules=(Rule("visits", (step,)),))


@pytest.fixture
def rulesets(database: Database) -> RulesetStore:
    return RulesetStore(database)


@pytest.fixture
async def elsewhere(database_url: str) -> AsyncIterator[RulesetStore]:
    """The same rulesets, on another node."""
    opened = Database(database_url)
    yield RulesetStore(opened)
    await opened.aclose()


async def save(
    rulesets: RulesetStore,
    document: RulesetDocument,
    revision: int | None = None,
    by: str = "Ana",
) -> RulesetVersion:
    return await rulesets.save_draft(
        document, by=by, note="a note", now=NOON, revision=revision
    )


async def publish(
    rulesets: RulesetStore, owner: str = "elm", revision: int | None = None
) -> RulesetVersion:
    return await rulesets.publish(
        owner, by="Sam", note="why", now=NOON + HOUR, revision=revision
    )


async def published(
    rulesets: RulesetStore, document: RulesetDocument
) -> RulesetVersion:
    await save(rulesets, document)
    return await publish(rulesets, document.owner)


async def states(rulesets: RulesetStore, owner: str = "elm") -> list[str]:
    """Each version as '2 published', the newest first."""
    history = await rulesets.history(owner)
    return [f"{one.version} {one.state}" for one in history]


async def test_at_first_nobody_has_rules(rulesets: RulesetStore) -> None:
    assert await rulesets.in_force() == {}
    assert await rulesets.draft("elm") is None
    assert await rulesets.version("elm", 1) is None
    assert await rulesets.history("elm") == []


async def test_a_draft_is_kept_as_it_was_written_and_is_not_in_force(
    rulesets: RulesetStore,
) -> None:
    written = replace(document(), extends=True, caps=Caps(a_day=None))

    draft = await save(rulesets, written)

    assert draft == RulesetVersion(
        owner="elm",
        version=1,
        state=VersionState.DRAFT,
        document=written,
        changed_at=NOON,
        by="Ana",
        note="a note",
        revision=1,
    )
    assert await rulesets.draft("elm") == draft
    assert await rulesets.version("elm", 1) == draft
    assert await rulesets.in_force() == {}


async def test_a_draft_saved_again_stays_one_and_counts_its_changes(
    rulesets: RulesetStore,
) -> None:
    first = await save(rulesets, document())

    second = await save(rulesets, document(48), first.revision)

    assert (second.version, second.document) == (1, document(48))
    assert second.revision == first.revision + 1
    assert await states(rulesets) == ["1 draft"]


async def test_a_published_draft_is_in_force_from_that_moment(
    rulesets: RulesetStore,
) -> None:
    draft = await save(rulesets, document())

    version = await publish(rulesets, revision=draft.revision)

    assert version == replace(
        draft,
        state=VersionState.PUBLISHED,
        by="Sam",
        note="why",
        changed_at=NOON + HOUR,
        published_at=NOON + HOUR,
    )
    assert await rulesets.in_force() == {"elm": version}
    assert await rulesets.draft("elm") is None


async def test_versions_count_up_for_each_owner_and_the_one_before_is_superseded(
    rulesets: RulesetStore,
) -> None:
    first = await published(rulesets, document(24))
    await published(rulesets, document(24, ORGANISATION))
    second = await published(rulesets, document(48))
    await save(rulesets, document(72))

    assert await states(rulesets) == ["3 draft", "2 published", "1 superseded"]
    assert await states(rulesets, ORGANISATION) == ["1 published"]
    assert (await rulesets.in_force()).keys() == {"elm", ORGANISATION}
    assert (await rulesets.in_force())["elm"] == second
    assert await rulesets.version("elm", 1) == replace(
        first, state=VersionState.SUPERSEDED
    )


@pytest.mark.parametrize(
    ("there", "revision"),
    [
        pytest.param(False, 1, id="the-draft-was-published-or-never-was"),
        pytest.param(True, None, id="a-draft-nobody-looked-at-is-there"),
        pytest.param(True, 7, id="it-has-changed-since"),
    ],
)
async def test_a_draft_saved_over_anothers_change_is_refused(
    rulesets: RulesetStore, there: bool, revision: int | None
) -> None:
    if there:
        await save(rulesets, document(), by="Sam")
    before = await rulesets.history("elm")

    with pytest.raises(StoreConflict):
        await save(rulesets, document(48), revision)

    assert await rulesets.history("elm") == before


@pytest.mark.parametrize("has_draft", [True, False])
async def test_what_nobody_looked_at_is_not_published(
    rulesets: RulesetStore, has_draft: bool
) -> None:
    await published(rulesets, document(24))
    if has_draft:
        await save(rulesets, document(48))
    before = await rulesets.history("elm")

    with pytest.raises(StoreConflict):
        await publish(rulesets, revision=2)

    assert await rulesets.history("elm") == before


async def test_nothing_that_can_be_done_changes_what_was_published(
    rulesets: RulesetStore,
) -> None:
    first = await published(rulesets, document(24))

    with pytest.raises(StoreConflict):
        await save(rulesets, document(1), first.revision)
    with pytest.raises(StoreConflict):
        await publish(rulesets, revision=first.revision)
    draft = await save(rulesets, document(1))
    await save(rulesets, document(2), draft.revision)
    kept = await rulesets.version("elm", 1)
    await publish(rulesets)
    await rulesets.adopt(document(3), by="Sam", now=NOON + 2 * HOUR)

    assert kept == first
    assert await rulesets.version("elm", 1) == replace(
        first, state=VersionState.SUPERSEDED
    )


async def together(*work: Coroutine[Any, Any, object]) -> list[object]:
    """What came of doing all of it at once, the conflicts last."""
    came = await asyncio.gather(*work, return_exceptions=True)
    return sorted(came, key=lambda one: isinstance(one, Exception))


async def test_of_two_who_publish_at_once_one_is_told_and_nothing_is_half_done(
    rulesets: RulesetStore, elsewhere: RulesetStore
) -> None:
    await published(rulesets, document(24))
    draft = await save(rulesets, document(48))

    won, lost = await together(
        publish(rulesets, revision=draft.revision),
        publish(elsewhere, revision=draft.revision),
    )

    assert isinstance(won, RulesetVersion)
    assert isinstance(lost, StoreConflict)
    assert await states(rulesets) == ["2 published", "1 superseded"]


async def test_of_two_who_begin_a_draft_at_once_one_is_told(
    rulesets: RulesetStore, elsewhere: RulesetStore
) -> None:
    won, lost = await together(
        save(rulesets, document(24)), save(elsewhere, document(48))
    )

    assert isinstance(won, RulesetVersion)
    assert isinstance(lost, StoreConflict)
    assert await rulesets.history("elm") == [won]


async def test_of_two_who_save_one_draft_at_once_one_is_told(
    rulesets: RulesetStore, elsewhere: RulesetStore
) -> None:
    draft = await save(rulesets, document())

    won, lost = await together(
        save(rulesets, document(24), draft.revision),
        save(elsewhere, document(48), draft.revision),
    )

    assert isinstance(lost, StoreConflict)
    assert await rulesets.draft("elm") == won


async def test_what_a_file_says_is_in_force_once_and_again_only_when_it_changed(
    rulesets: RulesetStore,
) -> None:
    async def adopt(document: RulesetDocument) -> bool:
        return await rulesets.adopt(document, by=FILE, now=NOON)

    assert [await adopt(document(hours)) for hours in (24, 24, 48, 48)] == [
        True,
        False,
        True,
        False,
    ]
    assert await states(rulesets) == ["2 published", "1 superseded"]
    [version] = (await rulesets.in_force()).values()
    assert (version.by, version.published_at) == (FILE, NOON)


async def test_what_people_published_is_not_taken_back_by_a_file(
    rulesets: RulesetStore,
) -> None:
    await rulesets.adopt(document(24), by=FILE, now=NOON)
    theirs = await published(rulesets, document(48))

    assert not await rulesets.adopt(document(72), by=FILE, now=NOON)

    assert await rulesets.in_force() == {"elm": theirs}


async def test_a_file_leaves_a_draft_to_be_published_after_it(
    rulesets: RulesetStore,
) -> None:
    await rulesets.adopt(document(24), by=FILE, now=NOON)
    draft = await save(rulesets, document(48))

    assert await rulesets.adopt(document(72), by=FILE, now=NOON)

    assert await rulesets.draft("elm") == replace(draft, version=3)
    await publish(rulesets, revision=draft.revision)
    assert await states(rulesets) == ["3 published", "2 superseded", "1 superseded"]


async def test_of_two_nodes_that_start_with_one_file_one_adopts_it(
    rulesets: RulesetStore, elsewhere: RulesetStore
) -> None:
    await rulesets.adopt(document(24), by=FILE, now=NOON)

    adopted = await together(
        rulesets.adopt(document(48), by=FILE, now=NOON),
        elsewhere.adopt(document(48), by=FILE, now=NOON),
    )

    assert sorted(adopted, key=bool) == [False, True]
    assert await states(rulesets) == ["2 published", "1 superseded"]


async def test_two_nodes_that_are_the_first_ever_adopt_it_once(
    rulesets: RulesetStore, elsewhere: RulesetStore
) -> None:
    adopted = await together(
        rulesets.adopt(document(), by=FILE, now=NOON),
        elsewhere.adopt(document(), by=FILE, now=NOON),
    )

    assert sorted(adopted, key=bool) == [False, True]
    assert await states(rulesets) == ["1 published"]


@pytest.mark.postgres
async def test_what_another_node_published_meanwhile_is_not_superseded(
    postgres_url: str,
) -> None:
    """It comes between our look for what is in force and our writing."""
    database = Database(postgres_url)
    rulesets, other = (
        RulesetStore(database),
        create_engine(driver_url(postgres_url, asynchronous=False)),
    )
    theirs = asyncio.Event()

    def look(*call: object) -> None:
        if "FROM ruleset" in str(call[2]) and not theirs.is_set():
            theirs.set()
            with other.begin() as session:
                session.execute(insert(RULESET).values(published_row(document())))

    event.listen(Engine, "after_cursor_execute", look)
    try:
        adopted = await rulesets.adopt(document(), by=FILE, now=NOON)
    finally:
        event.remove(Engine, "after_cursor_execute", look)
        other.dispose()

    assert not adopted
    assert await states(rulesets) == ["1 published"]
    await database.aclose()


def published_row(document: RulesetDocument) -> dict[str, Any]:
    """The first version of a document, as a node publishes it."""
    return {
        "id": uuid4(),
        "owner": document.owner,
        "version": 1,
        "state": "published",
        "document": print_document(document),
        "by": FILE,
        "note": "",
        "revision": 1,
        "changed_at": NOON,
        "published_at": NOON,
    }


async def test_it_is_kept_as_text_a_person_can_read(
    rulesets: RulesetStore, database: Database
) -> None:
    await save(rulesets, document())

    async with database.read() as session:
        text = await session.scalar(select(RULESET.c.document))

    assert 'offset = "24 hours before"' in text


async def test_a_document_that_was_damaged_is_an_error_and_no_empty_ruleset(
    rulesets: RulesetStore, database: Database
) -> None:
    await published(rulesets, document())
    async with database.write() as session:
        await session.execute(update(RULESET).values(document="nonsense"))

    with pytest.raises(CellUnreadable, match=r"ruleset\.document"):
        await rulesets.in_force()
