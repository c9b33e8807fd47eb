"""Keeps which of several visits we asked about: one open question for each number."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.appointments import AppointmentKey
from reminder.model.inbound import OpenQuestion, Wish
from reminder.model.people import ContactPoint
from reminder.model.replies import Asking
from reminder.store.addresses import address_index
from reminder.store.keyring import KeyRing
from reminder.store.sealing import Sealer
from reminder.store.statements import insert, table
from reminder.store.tables import OpenQuestionRow

_QUESTION = table(OpenQuestionRow)


async def ask(session: AsyncSession, ring: KeyRing, asking: Asking) -> None:
    """Keep the question; it takes the place of an earlier one."""
    question, row_id = asking.question, uuid4()
    await forget(session, ring, question.at)
    options = [
        [*key, start.isoformat()]
        for key, start in zip(question.options, asking.starts, strict=True)
    ]
    row = {
        "id": row_id,
        "channel": question.at.channel.value,
        "address_index": address_index(ring, question.at),
        "wish": question.wish.value,
        "expires_at": question.expires_at,
        "sealed": Sealer(ring, "open_question").seal(row_id, {"options": options}),
    }
    # Another node may have asked the same number at this moment.
    await session.execute(
        insert(session, OpenQuestionRow).on_conflict_do_nothing(), row
    )


async def asked(
    session: AsyncSession, ring: KeyRing, at: ContactPoint, now: datetime
) -> Asking | None:
    """What is open there; None when nothing is, or not any more."""
    query = select(_QUESTION).where(_at(ring, at), _QUESTION.c.expires_at > now)
    row = (await session.execute(query)).first()
    if row is None:
        return None
    options = Sealer(ring, "open_question").open(row.id, row.sealed)["options"]
    question = OpenQuestion(
        at=at,
        wish=Wish(row.wish),
        options=tuple(AppointmentKey(*option[:3]) for option in options),
        expires_at=row.expires_at,
    )
    return Asking(
        question=question,
        starts=tuple(datetime.fromisoformat(option[3]) for option in options),
    )


async def forget(session: AsyncSession, ring: KeyRing, at: ContactPoint) -> None:
    """Nothing is open there any more."""
    await session.execute(delete(_QUESTION).where(_at(ring, at)))


def _at(ring: KeyRing, at: ContactPoint) -> ColumnElement[bool]:
    return (_QUESTION.c.channel == at.channel.value) & (
        _QUESTION.c.address_index == address_index(ring, at)
    )
