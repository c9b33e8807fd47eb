"""Reads certain appointments again, by their ids, and keeps what the EHR says."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, assert_never

import structlog

from reminder.ehr.errors import EHRRefused
from reminder.model.clock import Clock
from reminder.model.readings import Gone, Reading, Unreadable

log = structlog.get_logger()

_TOO_MANY = 10
"""Where so many are closed to us and none was open, we may be shut out."""

_PROBES = 3


class AsksByID(Protocol):
    """The EHR as this chapter needs it."""

    async def appointments(
        self, ids: Sequence[str], known: Mapping[str, str] | None = None
    ) -> list[Reading | Unreadable | Gone]:
        """Each by its id; no answer for one that is as it is known."""


class KeepsBookings(Protocol):
    """Where readings are kept."""

    async def fingerprints_of(
        self, connection: str, appointment_ids: Collection[str]
    ) -> dict[str, str]:
        """What is known of certain appointments."""

    async def keep(
        self,
        connection: str,
        readings: Sequence[Reading],
        *,
        unchanged: Collection[str] = (),
        unreadable: Sequence[Unreadable] = (),
        seen_at: datetime,
        covered_until: datetime | None = None,
    ) -> int:
        """Keep what was read; the unknown that starts before `covered_until` is new."""

    async def mark_gone(
        self, connection: str, appointment_ids: Collection[str], *, at: datetime
    ) -> int:
        """The EHR has them no more."""


@dataclass(slots=True)
class Answers:
    """What an EHR said of the appointments it was asked for, at an instant (UTC).

    `refused` are those it would not show us: nothing is known of them. It
    `is_answered` once it showed us any, be it to say that it has it no more.
    """

    asked_at: datetime
    readings: list[Reading] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    unchanged: set[str] = field(default_factory=set)
    gone: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    is_answered: bool = False

    def add(
        self, said: Sequence[Reading | Unreadable | Gone], silent: Collection[str]
    ) -> None:
        """Some answers; of the `silent` ids there may be none: those are unchanged."""
        self.is_answered = True
        self.unchanged |= {*silent}
        for answer in said:
            match answer:
                case Reading():
                    self.readings.append(answer)
                    self.unchanged.discard(answer.appointment_id)
                case Unreadable():
                    self.unreadable.append(answer)
                    self.unchanged.discard(answer.resource_id or "")
                case Gone():
                    self.gone.append(answer.appointment_id)
                    self.unchanged.discard(answer.appointment_id)
                case _:
                    assert_never(answer)


class ByID:
    """Asks one EHR. An appointment that is closed to us keeps back no other."""

    def __init__(
        self, connection: str, ehr: AsksByID, bookings: KeepsBookings, clock: Clock
    ) -> None:
        self._connection = connection
        self._ehr = ehr
        self._bookings = bookings
        self._clock = clock

    async def read(
        self, ids: Sequence[str], covered_until: datetime | None = None
    ) -> Answers:
        """Keep what the EHR says of these; what is gone is not yet forgotten.

        Raises:
            EHRUnavailable: it cannot be asked now; nothing was kept.
            EHRRefused: it shows us none of them, or none of those we tried.
        """
        answers = await self._ask(ids)
        await self._bookings.keep(
            self._connection,
            answers.readings,
            unchanged=answers.unchanged,
            unreadable=answers.unreadable,
            seen_at=answers.asked_at,
            covered_until=covered_until,
        )
        return answers

    async def forget(self, answers: Answers) -> None:
        """What the EHR said it has no more is gone."""
        if answers.gone:
            await self._bookings.mark_gone(
                self._connection, answers.gone, at=answers.asked_at
            )

    async def _ask(self, ids: Sequence[str]) -> Answers:
        """Ask for all at once; the few that are refused are found by halves."""
        known = await self._bookings.fingerprints_of(self._connection, ids)
        answers, parts = Answers(self._clock()), [list(ids)] if ids else []
        while parts:
            part = parts.pop()
            try:
                said = await self._ehr.appointments(part, known)
            except EHRRefused:
                if middle := len(part) // 2:
                    parts += [part[middle:], part[:middle]]
                    continue
                answers.refused += part
                if len(answers.refused) == len(ids):
                    raise
                if len(answers.refused) == _TOO_MANY and not answers.is_answered:
                    await self._shows_some([one[-1] for one in parts[:_PROBES]])
            else:
                answers.add(said, known.keys() & {*part})
        if answers.refused:
            n = len(answers.refused)
            log.warning("appointments_refused", connection=self._connection, n=n)
        return answers

    async def _shows_some(self, ids: Sequence[str]) -> None:
        """Return if any of these is open to us.

        Raises:
            EHRRefused: what it said of the last.
        """
        *first, last = ids
        for one in first:
            with suppress(EHRRefused):
                await self._ehr.appointments([one])
                return
        await self._ehr.appointments([last])
