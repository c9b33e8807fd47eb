"""The free times a patient may move to, by day and part of the day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

from reminder.ehr.errors import EHRError, EHRRefused
from reminder.flows.respond.pages import Day
from reminder.flows.respond.waiting import within
from reminder.model.appointments import Appointment, Slot

log = structlog.get_logger()

AHEAD = timedelta(days=30)
_NOON = time(12)
_EVENING = time(17)


class OffersSlots(Protocol):
    """The EHR as this chapter needs it."""

    async def free_slots(
        self, appointment: Appointment, start: datetime, end: datetime
    ) -> list[Slot]:
        """The free Slots of the appointment's schedule, the earliest first."""


@dataclass(frozen=True, slots=True)
class Parts:
    """One day's Slots, as the clinic's clock parts the day."""

    morning: tuple[Slot, ...] = ()
    afternoon: tuple[Slot, ...] = ()
    evening: tuple[Slot, ...] = ()


class Openings:
    """Asks the EHR what is free while the patient waits."""

    def __init__(self, ehrs: Mapping[str, OffersSlots], wait_limit: timedelta) -> None:
        self._ehrs = ehrs
        self._wait_limit = wait_limit

    async def free(self, appointment: Appointment, now: datetime) -> list[Slot] | None:
        """What is free in the next 30 days; None when the EHR did not answer."""
        ehr = self._ehrs.get(appointment.key.connection)
        if ehr is None:
            return []
        try:
            call = ehr.free_slots(appointment, now, now + AHEAD)
            return await within(self._wait_limit, call)
        except EHRRefused:
            return []
        except EHRError as error:
            log.warning("no_free_slots_read", error=str(error))
            return None


def by_day(slots: Iterable[Slot], zone: ZoneInfo) -> list[Day]:
    """The days with openings, in order, each with their number and the earliest."""
    days: dict[date, list[Slot]] = {}
    for slot in slots:
        days.setdefault(slot.start_at.astimezone(zone).date(), []).append(slot)
    return [
        Day(day, len(some), min(slot.start_at for slot in some))
        for day, some in sorted(days.items())
    ]


def of_day(slots: Sequence[Slot], day: date, zone: ZoneInfo) -> Parts:
    """That day's openings, parted at noon and at five in the afternoon."""
    local = [
        (slot.start_at.astimezone(zone), slot)
        for slot in sorted(slots, key=lambda slot: slot.start_at)
    ]
    today = [(start.time(), slot) for start, slot in local if start.date() == day]
    return Parts(
        tuple(slot for at, slot in today if at < _NOON),
        tuple(slot for at, slot in today if _NOON <= at < _EVENING),
        tuple(slot for at, slot in today if at >= _EVENING),
    )
