"""Makes a wish so: reads, decides, writes, reads again; once more where that helps.

Every write may be repeated: what is already so is not written again. What was
changed by somebody else in between is a conflict, unless that left the visit
itself alone; then it is read once more and tried again.
"""

from typing import Protocol

import orjson

from reminder.ehr.errors import (
    EHRConflict,
    EHRNotOffered,
    EHRRefused,
    EHRUnavailable,
)
from reminder.ehr.reading.raw import Stored, written
from reminder.ehr.wire.outcomes import Missing
from reminder.ehr.writing.decide import Decider, Edits
from reminder.ehr.writing.edits import Edit, Visit
from reminder.ehr.writing.exchange import Exchange
from reminder.ehr.writing.occupants import LostRace
from reminder.ehr.writing.races import Races
from reminder.ehr.writing.wishes import Wish
from reminder.model.answers import WriteBackKind
from reminder.model.readings import Written

_ATTEMPTS = 3


class Style(Protocol):
    """One way to write what was decided."""

    @property
    def decider(self) -> Decider:
        """What decides for it."""

    async def send(self, wish: Wish, now: Visit, edits: Edits) -> None:
        """Write all of it, or none of it."""

    async def tidy(self, wish: Wish, now: Visit) -> Visit:
        """It is so; finish what an earlier try may have left undone."""

    async def give_up(self, wish: Wish) -> None:
        """It cannot be so; take back what an earlier try may have left."""


class Attempts:
    """Carries out wishes in one style."""

    def __init__(self, exchange: Exchange, style: Style, races: Races) -> None:
        self._exchange = exchange
        self._style = style
        self._races = races

    async def write(self, wish: Wish) -> Written:
        """Make it so.

        Raises:
            EHRConflict: what the patient decided about is no longer so.
            EHRNotOffered: not in this style.
        """
        try:
            return await self._write(wish)
        except Missing as error:
            await self._exchange.visit(wish.key)
            # It is there, so what is missing is the interaction.
            raise EHRNotOffered(str(error)) from None

    async def _write(self, wish: Wish) -> Written:
        before: Visit | None = None
        for _ in range(_ATTEMPTS):
            now, edits = await self._decided(wish, before)
            if edits is None:
                now = await self._tidied(wish, now)
                return Written((await self._exchange.finished(now),))
            try:
                await self._style.send(wish, now, edits)
            except (Missing, LostRace):
                raise
            except EHRConflict:
                before = now
            else:
                return await self._written(wish, edits.appointment)
        raise EHRConflict("Appointment: changed again and again")

    async def _tidied(self, wish: Wish, now: Visit) -> Visit:
        await self._races.expect_won(wish, now, self._style)
        tidied = await self._style.tidy(wish, now)
        if tidied is not now:
            # Moved only now: at its former time nobody would have found it.
            await self._races.expect_won(wish, tidied, self._style)
        return tidied

    async def _decided(
        self, wish: Wish, before: Visit | None
    ) -> tuple[Visit, Edits | None]:
        try:
            now = await self._exchange.visit(wish.key)
            _expect_the_same(now, before)
            return now, await self._style.decider.edits(wish, now)
        except (EHRConflict, EHRRefused):
            await self._style.give_up(wish)
            raise

    async def _written(self, wish: Wish, edit: Edit) -> Written:
        """The appointment read again, since a server may not do what it says."""
        body = written(edit.resource, about=edit.stored.about)
        as_sent = Stored(edit.stored.about, orjson.loads(body), body, None)
        meant = await self._exchange.seen(wish.key, as_sent)
        try:
            found = await self._exchange.visit(wish.key)
        except (EHRUnavailable, EHRRefused):
            # It was written; only the version it became is unknown.
            found = meant
        except EHRConflict:
            # Some take a patient out who cancelled, or the whole appointment.
            if wish.kind is not WriteBackKind.CANCEL:
                raise
            found = meant
        if not await self._is_so(wish, found, meant):
            raise EHRConflict("Appointment: changed at once by another")
        return Written((await self._exchange.finished(found),))

    async def _is_so(self, wish: Wish, found: Visit, meant: Visit) -> bool:
        """Whether the wish is fulfilled, whatever else the server made of it."""
        if found.gist == meant.gist:
            return True
        if found.booking.start_at != meant.booking.start_at:
            return False
        return await self._style.decider.needed(wish, found) is None


def _expect_the_same(now: Visit, before: Visit | None) -> None:
    if before is not None and now.essence != before.essence:
        raise EHRConflict("Appointment: changed meanwhile")
