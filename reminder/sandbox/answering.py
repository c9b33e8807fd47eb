"""Three patients follow their links: one confirms, one moves, one cancels."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from reminder.sandbox.clinics import Resource
from reminder.sandbox.errors import SandboxError
from reminder.sandbox.generator import Practice
from reminder.sandbox.visitor import Visitor
from reminder.sandbox.world import World

_LINK = re.compile(r"http://\S+/r/[\w-]+")
_NOT_SOON = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class _Chance:
    """A message somebody could answer: its link, and the visit it must be about."""

    link: str = field(repr=False)
    birth_date: date = field(repr=False)
    visit: Resource = field(repr=False)


async def answer_links(world: World, practice: Practice, now: datetime) -> list[str]:
    """Confirm from an e-mail, move and cancel from a text; what became of each.

    Raises:
        SandboxError: no message fits, a page did not say that it was done, or
            the EHR does not agree.
    """
    visits = _only_visits(practice, now)
    emails = _emails(world, visits)
    texts = _texts(world, visits)
    return [
        await _confirm(_next(emails)),
        await _move(_next(texts), world),
        await _cancel(_next(texts), world),
    ]


async def _confirm(chance: _Chance) -> str:
    async with Visitor(chance.link) as visitor:
        await visitor.enter(chance.birth_date)
        await visitor.confirm()
        _expect(visitor, "confirmed")
    return f"{chance.visit['id']} confirmed from an e-mail"


async def _move(chance: _Chance, world: World) -> str:
    async with Visitor(chance.link) as visitor:
        await visitor.enter(chance.birth_date)
        await visitor.move()
        _expect(visitor, "moved")
    old, new = chance.visit, await world.ehr.read(f"Appointment/{chance.visit['id']}")
    await _expect_slot(world, old, "free")
    await _expect_slot(world, new, "busy")
    return f"{old['id']} moved from a text: its old Slot is free, its new one busy"


async def _cancel(chance: _Chance, world: World) -> str:
    async with Visitor(chance.link) as visitor:
        await visitor.enter(chance.birth_date)
        await visitor.cancel()
        _expect(visitor, "cancelled")
    now = await world.ehr.read(f"Appointment/{chance.visit['id']}")
    if now["status"] != "cancelled":
        raise SandboxError(f"{now['id']} is {now['status']} in the EHR")
    await _expect_slot(world, now, "free")
    return f"{now['id']} cancelled from a text: its Slot is free"


def _expect(visitor: Visitor, news: str) -> None:
    if visitor.news != news:
        raise SandboxError(f"the page said {visitor.news or 'nothing'!r}, not {news!r}")


async def _expect_slot(world: World, visit: Resource, status: str) -> None:
    slot = await world.ehr.read(visit["slot"][0]["reference"])
    if slot["status"] != status:
        raise SandboxError(f"Slot {slot['id']} is {slot['status']} in the EHR")


def _only_visits(practice: Practice, now: datetime) -> dict[str, Resource]:
    """The ordinary visits that are not soon, by their only patient."""
    ordinary = set(practice.notable["ordinary"])
    return {
        visit["participant"][0]["actor"]["reference"].removeprefix("Patient/"): visit
        for visit in practice.of_type("Appointment")
        if visit["id"] in ordinary
        and datetime.fromisoformat(visit["start"]) > now + _NOT_SOON
    }


def _emails(world: World, visits: dict[str, Resource]) -> Iterator[_Chance]:
    for mail in reversed(world.mail.mailbox.mails):
        yield from _chances(world, visits, mail.rcpt_to[0], mail.text)


def _texts(world: World, visits: dict[str, Resource]) -> Iterator[_Chance]:
    for text in reversed(world.phones.messages):
        yield from _chances(world, visits, text.to, text.body)


def _chances(
    world: World, visits: dict[str, Resource], to: str, words: str
) -> Iterator[_Chance]:
    for one in world.residents.behind(to):
        if one.patient_id in visits and one.birth_date:
            born = date.fromisoformat(one.birth_date)
            for link in _LINK.findall(words):
                yield _Chance(link, born, visits[one.patient_id])


def _next(chances: Iterator[_Chance]) -> _Chance:
    chance = next(chances, None)
    if chance is None:
        raise SandboxError("nobody has a message to answer")
    return chance
