"""Reads Slots: the times a patient may move to."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from reminder.ehr.bundles import search
from reminder.ehr.client import FHIRClient
from reminder.ehr.config import EHRConfig
from reminder.ehr.instants import instant, instant_text
from reminder.ehr.raw import Resource
from reminder.ehr.references import Target, is_id, resolve
from reminder.ehr.validate import r4_problem
from reminder.model.appointments import Appointment, Slot

_TYPE = "Slot"
FREE = "free"


def read_slot(resource: Resource, base_url: str) -> Slot | None:
    """The Slot, whatever its status; None when it cannot be read."""
    resource_id = resource.get("id")
    if not is_id(resource_id) or r4_problem(resource, _TYPE) is not None:
        return None
    schedule = resolve(resource.get("schedule"), base_url)
    start_at, end_at = instant(resource.get("start")), instant(resource.get("end"))
    if not isinstance(schedule, Target) or start_at is None or end_at is None:
        return None
    return Slot(
        slot_id=str(resource_id),
        schedule_id=schedule.resource_id,
        start_at=start_at,
        end_at=end_at,
    )


class SlotSearch:
    """Finds free Slots of one server."""

    def __init__(self, client: FHIRClient, config: EHRConfig) -> None:
        self._client = client
        self._config = config

    async def free(
        self, appointment: Appointment, start: datetime, end: datetime
    ) -> list[Slot]:
        """See `EHR.free_slots`."""
        own = await self._by_ids(appointment.slot_ids)
        schedules = sorted({slot.schedule_id for slot in own})
        if not schedules:
            return []
        params = [
            ("schedule", ",".join(f"Schedule/{each}" for each in schedules)),
            ("status", FREE),
            ("start", f"ge{instant_text(start)}"),
            ("start", f"lt{instant_text(end)}"),
            ("_count", str(self._config.page_size)),
        ]
        found = await self._found(params, only_free=True)
        fitting = [
            slot
            for slot in found
            if slot.schedule_id in schedules
            and start <= slot.start_at < end
            and slot.end_at - slot.start_at >= _needed(appointment)
            and slot.slot_id not in appointment.slot_ids
        ]
        return sorted(fitting, key=lambda slot: (slot.start_at, slot.slot_id))

    async def _by_ids(self, slot_ids: Sequence[str]) -> list[Slot]:
        if not slot_ids:
            return []
        params = [("_id", ",".join(slot_ids)), ("_count", str(len(slot_ids)))]
        found = await self._found(params, only_free=False)
        return [slot for slot in found if slot.slot_id in slot_ids]

    async def _found(
        self, params: Sequence[tuple[str, str]], *, only_free: bool
    ) -> list[Slot]:
        found = await search(
            self._client, _TYPE, params, max_pages=self._config.max_pages
        )
        resources = [
            each
            for each in found.matches
            if not only_free or each.get("status") == FREE
        ]
        # A month of Slots takes a tenth of a second that others would wait for.
        return await asyncio.to_thread(_read, resources, self._client.base_url)


def _read(resources: Sequence[Resource], base_url: str) -> list[Slot]:
    slots = (read_slot(each, base_url) for each in resources)
    # Offset paging may show one Slot on two pages.
    return list({slot.slot_id: slot for slot in slots if slot is not None}.values())


def _needed(appointment: Appointment) -> timedelta:
    if appointment.end_at is None:
        return timedelta(0)
    return appointment.end_at - appointment.start_at
