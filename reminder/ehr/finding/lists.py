"""Reads by lists of ids: one that the server refuses keeps no other away."""

from collections.abc import Awaitable, Callable, Sequence

from reminder.ehr.errors import EHRRefused
from reminder.ehr.finding.bundles import id_lists
from reminder.ehr.finding.pages import Page

_TOO_MANY = 10
"""Where so many are closed to us one by one, and none is open, all may be."""


class Lists:
    """Asks one question about many ids, at most so many at a time."""

    def __init__(
        self, ask: Callable[[Sequence[str]], Awaitable[Page]], *, at_most: int
    ) -> None:
        self._ask = ask
        self._at_most = at_most
        self._open: str | None = None

    async def read(self, ids: Sequence[str]) -> list[Page]:
        """What the server says of those ids that are not closed to us.

        Raises:
            EHRRefused: all of them are, and so is one that was open before.
        """
        found: list[Page] = []
        closed: list[tuple[Sequence[str], EHRRefused]] = []
        for whole in id_lists(ids, self._at_most):
            closed += await self._refused(whole, found)
        alone = 0
        while closed:
            part, refusal = closed.pop()
            if len(part) > 1:
                # Every second one: those side by side may be closed together.
                for half in (part[1::2], part[::2]):
                    closed += await self._refused(half, found)
                continue
            alone += 1
            if not found and (alone == _TOO_MANY or not closed):
                found.append(await self._opened_before(refusal))
        return found

    async def _refused(
        self, ids: Sequence[str], found: list[Page]
    ) -> list[tuple[Sequence[str], EHRRefused]]:
        try:
            found.append(await self._ask(ids))
        except EHRRefused as refusal:
            return [(ids, refusal)]
        self._open = ids[0]
        return []

    async def _opened_before(self, refusal: EHRRefused) -> Page:
        if self._open is None:
            raise refusal
        return await self._ask([self._open])
