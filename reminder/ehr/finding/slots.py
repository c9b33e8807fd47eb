"""Reads Slots: the times a patient may move to."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRRefused
from reminder.ehr.finding.bundles import search
from reminder.ehr.reading.instants import instant, instant_text
from reminder.ehr.reading.raw import Resource, as_resource, objects
from reminder.ehr.reading.references import Target, is_id, resolve
from reminder.ehr.reading.validate import r4_problem
from reminder.ehr.wire.client import FHIRClient, Params
from reminder.ehr.wire.http import Answer
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
    """Finds free Slots of one server, the way it once answered to."""

    def __init__(self, client: FHIRClient, config: EHRConfig) -> None:
        self._client = client
        self._config = config
        self._by_actor = False

    async def free(
        self, appointment: Appointment, start: datetime, end: datetime
    ) -> list[Slot]:
        """See `EHR.free_slots`."""
        own = await self._own(appointment.slot_ids)
        schedules = {slot.schedule_id for slot in own}
        found = await self._offered(appointment, schedules, start, end)
        fitting = [
            slot
            for slot in found
            if (slot.schedule_id in schedules or not schedules)
            and start <= slot.start_at < end
            and slot.end_at - slot.start_at >= _needed(appointment)
            and slot.slot_id not in appointment.slot_ids
        ]
        return sorted(fitting, key=lambda slot: (slot.start_at, slot.slot_id))

    async def _offered(
        self,
        appointment: Appointment,
        schedules: Collection[str],
        start: datetime,
        end: datetime,
    ) -> list[Slot]:
        """What the schedule offers, or its practitioner where only that is taken."""
        period = [
            ("start", f"ge{instant_text(start)}"),
            ("start", f"lt{instant_text(end)}"),
            ("_count", str(self._config.page_size)),
        ]
        if self._by_actor:
            return await self._of_actor(appointment, period)
        if not schedules:
            return []
        listed = ",".join(f"Schedule/{each}" for each in sorted(schedules))
        params = [("schedule", listed), ("status", FREE), *period]
        try:
            return await self._found(params, only_free=True)
        except EHRRefused:
            found = await self._of_actor(appointment, period)
            self._by_actor = True
            return found

    async def _of_actor(self, appointment: Appointment, period: Params) -> list[Slot]:
        """Oracle Health's way: `service-type` and `schedule.actor`, no schedule.

        Raises:
            EHRRefused: the appointment names no service or no practitioner.
        """
        about = "GET Appointment"
        url = self._client.url(f"Appointment/{appointment.key.appointment_id}")
        answer = await self._client.get(url, about=about)
        resource = as_resource(answer.parsed(), "Appointment") or {}
        services = ",".join(dict.fromkeys(_services(resource)))
        actors = ",".join(dict.fromkeys(_actors(resource, self._client.base_url)))
        if answer.status != 200 or not services or not actors:
            raise EHRRefused(f"{about}: names no service or no practitioner")
        params = [("service-type", services), ("schedule.actor", actors), *period]
        return await self._found(params, only_free=True)

    async def _own(self, slot_ids: Sequence[str]) -> list[Slot]:
        if not slot_ids:
            return []
        params = [("_id", ",".join(slot_ids)), ("_count", str(len(slot_ids)))]
        try:
            found = await self._found(params, only_free=False)
        except EHRRefused:
            found = []
        own = [slot for slot in found if slot.slot_id in slot_ids]
        # Some searches bring free Slots only, and these are not.
        return own or await self._read_own(slot_ids)

    async def _read_own(self, slot_ids: Sequence[str]) -> list[Slot]:
        resources: list[Resource] = []
        for slot_id in slot_ids:
            url = self._client.url(f"{_TYPE}/{slot_id}")
            answer = await self._client.get(url, about=f"GET {_TYPE}")
            resource = as_resource(answer.parsed(), _TYPE) if _is_ok(answer) else None
            if resource is not None:
                resources.append(resource)
        return _read(resources, self._client.base_url)

    async def _found(self, params: Params, *, only_free: bool) -> list[Slot]:
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


def _is_ok(answer: Answer) -> bool:
    return answer.status == 200


def _services(appointment: Resource) -> Iterator[str]:
    """Its services as tokens, to the letter: codes are not the same in capitals."""
    for service in objects(appointment.get("serviceType")):
        for coding in objects(service.get("coding")):
            system, code = coding.get("system"), coding.get("code")
            if isinstance(code, str) and not {",", "|"} & set(code):
                yield f"{system}|{code}" if isinstance(system, str) else code


def _actors(appointment: Resource, base_url: str) -> Iterator[str]:
    for participant in objects(appointment.get("participant")):
        target = resolve(participant.get("actor"), base_url)
        if isinstance(target, Target) and target.resource_type == "Practitioner":
            yield f"Practitioner/{target.resource_id}"


def _read(resources: Sequence[Resource], base_url: str) -> list[Slot]:
    slots = (read_slot(each, base_url) for each in resources)
    # Offset paging may show one Slot on two pages.
    return list({slot.slot_id: slot for slot in slots if slot is not None}.values())


def _needed(appointment: Appointment) -> timedelta:
    if appointment.end_at is None:
        return timedelta(0)
    return appointment.end_at - appointment.start_at
