"""Says which appointments sit in a Slot, and which of them was there first."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from reminder.ehr.capabilities import CapabilityCache
from reminder.ehr.errors import EHRConflict, EHRRefused
from reminder.ehr.reading.appointments import slot_ids
from reminder.ehr.reading.instants import instant, instant_text
from reminder.ehr.reading.raw import Resource, Stored, as_object
from reminder.ehr.writing.exchange import Exchange
from reminder.model.appointments import AppointmentStatus

_NOT_THERE = frozenset(
    {
        AppointmentStatus.PROPOSED,
        AppointmentStatus.WAITLIST,
        AppointmentStatus.CANCELLED,
        AppointmentStatus.NOSHOW,
        AppointmentStatus.ENTERED_IN_ERROR,
    }
)
_LATEST = datetime.max.replace(tzinfo=UTC)
_A_SECOND = timedelta(seconds=1)
_COUNT = ("_count", "50")

_Params = list[tuple[str, str]]
_Search = Callable[[Stored], _Params]


class LostRace(EHRConflict):
    """Another booking was in the Slot first."""


class Occupants:
    """Looks up who holds a Slot."""

    def __init__(self, exchange: Exchange, capabilities: CapabilityCache) -> None:
        self._exchange = exchange
        self._capabilities = capabilities

    async def of(
        self, slot: Stored, *, knowing: str, at: Stored | None = None
    ) -> list[Resource] | None:
        """The appointments that take place in the Slot; None when nobody can tell.

        `knowing` is an appointment that names the Slot `at` (this one, if no
        other is given), whatever its status: a search that does not find that
        one finds nothing that can be believed.
        """
        for search in await self._searches():
            named = await self._named(search, at or slot)
            if knowing not in (each.get("id") for each in named):
                continue
            if at is not None:
                named = await self._named(search, slot)
            return [each for each in named if each.get("status") not in _NOT_THERE]
        return None

    async def naming(self, slot_ids: Sequence[str]) -> list[Resource]:
        """The appointments that name one of the Slots, as far as they are found."""
        searches = await self._searches()
        slots = [each for each in await self._exchange.slots(slot_ids) if each]
        named = [await self._named(search, s) for s in slots for search in searches]
        return [each for found in named for each in found]

    async def expect_first(self, appointment_id: str, taken: Sequence[str]) -> None:
        """Read the Slots again: nobody else may sit in one.

        A server that heeds no versions, or a clinic that books without them,
        may have let two in; whoever came first stays.

        Raises:
            LostRace: somebody else was there first.
        """
        for slot in await self._exchange.slots(taken):
            if slot is None:
                continue
            found = await self.of(slot, knowing=appointment_id)
            own = [each for each in found or () if each.get("id") == appointment_id]
            others = [each for each in found or () if each not in own]
            if others and not (own and _is_first(own[0], others)):
                raise LostRace("Slot: taken by another at the same time")

    async def _named(self, search: _Search, slot: Stored) -> list[Resource]:
        """The appointments that name the Slot; none where that cannot be asked."""
        slot_id, base_url = slot.resource["id"], self._exchange.base_url
        try:
            found = await self._exchange.found("Appointment", search(slot))
        except EHRRefused:
            return []
        return [each for each in found if slot_id in slot_ids(each, base_url)]

    async def _searches(self) -> list[_Search]:
        listed = (await self._capabilities.get()).search_parameters
        return [_by_date] if listed and "slot" not in listed else [_by_slot, _by_date]


def _by_slot(slot: Stored) -> _Params:
    return [("slot", f"Slot/{slot.resource['id']}"), _COUNT]


def _by_date(slot: Stored) -> _Params:
    start_at = instant(slot.resource.get("start")) or _LATEST - _A_SECOND
    begins = ("date", f"ge{instant_text(start_at)}")
    return [begins, ("date", f"lt{instant_text(start_at + _A_SECOND)}"), _COUNT]


def _is_first(own: Resource, others: Sequence[Resource]) -> bool:
    """Whether our booking was there before every other, by the server's clock.

    Of two that were changed in the same instant neither was: the other one may
    have looked before ours was there, and then believes itself alone.
    """
    return all(_changed_at(own) < _changed_at(other) for other in others)


def _changed_at(appointment: Resource) -> datetime:
    return instant(as_object(appointment.get("meta")).get("lastUpdated")) or _LATEST
