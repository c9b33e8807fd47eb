"""Has people planned again: their revision moves on, the plan's lags behind."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.store.batches import batches
from reminder.store.statements import one_of, table
from reminder.store.tables import PersonRow

_PERSON = table(PersonRow)


async def replan(
    session: AsyncSession, connection: str, patient_ids: Collection[str]
) -> None:
    """Raise the revision of these patients of one connection."""
    for some in batches(sorted(patient_ids)):
        theirs = select(_PERSON.c.id).where(
            _PERSON.c.connection == connection,
            one_of(session, _PERSON.c.patient_id, some),
        )
        await raise_revisions(session, theirs)


async def raise_revisions(session: AsyncSession, people: Select[Any]) -> None:
    """Raise the revision of everyone in `people`, a select of ids of `person`.

    Rows are locked in the order of their ids, so that two transactions that
    raise the same people wait for each other instead of for ever.
    """
    locked = people.order_by(_PERSON.c.id).with_for_update().cte("people")
    raised = (
        update(_PERSON)
        .where(_PERSON.c.id == locked.c.id)
        .values(revision=_PERSON.c.revision + 1)
    )
    await session.execute(raised)
