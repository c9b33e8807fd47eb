"""Writes what a patient decided, in the style that suits this EHR.

What the EHR turns out not to offer becomes a request: it is never lost.
"""

from reminder.ehr.capabilities import CapabilityCache
from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRNotOffered
from reminder.ehr.finding.search import AppointmentSearch
from reminder.ehr.wire.client import FHIRClient
from reminder.ehr.writing.attempts import Attempts
from reminder.ehr.writing.decide import Decider
from reminder.ehr.writing.exchange import Exchange
from reminder.ehr.writing.occupants import Occupants
from reminder.ehr.writing.patches import Patches
from reminder.ehr.writing.races import Races
from reminder.ehr.writing.rebook import Rebooking
from reminder.ehr.writing.requests import Requests
from reminder.ehr.writing.styles import style_of, writing
from reminder.ehr.writing.transactions import Transactions
from reminder.ehr.writing.undo import Undo
from reminder.ehr.writing.updates import Updates
from reminder.ehr.writing.wishes import Wish
from reminder.model.capabilities import Capabilities, WriteStyle, Writing
from reminder.model.clock import Clock
from reminder.model.readings import Written


class AppointmentWriter:
    """Writes Appointments and their Slots of one server."""

    def __init__(
        self,
        client: FHIRClient,
        search: AppointmentSearch,
        capabilities: CapabilityCache,
        config: EHRConfig,
        *,
        clock: Clock,
    ) -> None:
        self._capabilities = capabilities
        self._config = config
        exchange = Exchange(client, search, config)
        undo, occupants = Undo(exchange), Occupants(exchange, capabilities)
        plain = Decider(exchange, clock)
        freeing = Decider(exchange, clock, occupants)
        marking = Decider(exchange, clock, occupants, marks=True)
        updates = Updates(exchange, marking, undo, occupants)
        patches = Patches(exchange, plain, occupants)
        transactions = Transactions(exchange, freeing, undo, occupants)
        races = Races(exchange, occupants, clock)
        self._attempts = {
            WriteStyle.TRANSACTION: Attempts(exchange, transactions, races),
            WriteStyle.UPDATE: Attempts(exchange, updates, races),
            WriteStyle.PATCH: Attempts(exchange, patches, races),
        }
        self._rebooking = Rebooking(exchange, marking, updates)
        self._requests = Requests(exchange, plain, clock)

    async def writing(self) -> Writing:
        """See `EHR.writing`."""
        config = self._config
        if config.confirm_by and config.cancel_by and config.move_by:
            # Where nothing is left to choose, the EHR need not be asked.
            return writing(config, Capabilities())
        return writing(config, await self._capabilities.get())

    async def write(self, wish: Wish) -> Written:
        """Make the wish so, or have somebody asked to.

        Raises:
            EHRConflict: what the patient decided about is no longer so.
        """
        style = style_of(await self.writing(), wish.kind)
        try:
            return await self._written(wish, style)
        except EHRNotOffered:
            return await self._requests.ours(wish)

    async def _written(self, wish: Wish, style: WriteStyle) -> Written:
        match style:
            case WriteStyle.REQUEST:
                return await self._requests.ours(wish)
            case WriteStyle.RESPONSE | WriteStyle.TASK:
                return await self._requests.write(wish, style)
            case WriteStyle.REBOOK:
                can = await self._capabilities.get()
                return await self._rebooking.write(wish, can)
            case _:
                return await self._attempts[style].write(wish)
