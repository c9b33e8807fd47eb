"""Finds out what became of appointments that are no longer where they were."""

from collections.abc import Sequence

import structlog

from reminder.ehr.errors import EHRRefused
from reminder.flows.by_id import ByID
from reminder.flows.entries import ClosableEntries
from reminder.model.clock import Clock
from reminder.model.worklist import WorklistEntry, WorklistKind

log = structlog.get_logger()

_FEW = 10
_MOST = 50
_FIFTH = 5
_TWENTIETH = 20


def is_exodus(absent: int, known: int) -> bool:
    """Whether so many are absent that nobody cancelled them.

    That is a filter or an authorisation that changed.
    """
    most = max(_MOST, known // _TWENTIETH)
    return absent > most or (absent >= _FEW and absent * _FIFTH > known)


class Absent:
    """Asks for each absent appointment by its id: absence alone withdraws nothing."""

    def __init__(
        self, connection: str, by_id: ByID, worklist: ClosableEntries, clock: Clock
    ) -> None:
        self._connection = connection
        self._by_id = by_id
        self._worklist = worklist
        self._clock = clock

    async def look_for(self, absent: Sequence[str], known: int) -> int | None:
        """Keep what the EHR says of each; how many of them it has no more.

        Where too many of the `known` are absent at once, nothing is asked and
        nothing is withdrawn: the worklist says so, and the answer is None.
        """
        if is_exodus(len(absent), known):
            await self._report(len(absent), known)
            return None
        if not absent:
            return 0
        try:
            answers = await self._by_id.read(absent)
        except EHRRefused as error:
            # It shows us everything but these: they may be there.
            log.warning("absent_refused", connection=self._connection, error=str(error))
            return 0
        await self._by_id.forget(answers)
        return len(answers.gone)

    async def all_are_there(self) -> None:
        """No exodus: what was reported of an earlier one is over."""
        await self._worklist.resolve(
            WorklistKind.VANISHED_EN_MASSE, self._connection, at=self._clock()
        )

    async def _report(self, absent: int, known: int) -> None:
        log.error("vanished_en_masse", connection=self._connection, n=absent)
        await self._worklist.add(
            WorklistEntry(
                kind=WorklistKind.VANISHED_EN_MASSE,
                subject=self._connection,
                at=self._clock(),
                details=(f"{absent} of {known}",),
            )
        )
