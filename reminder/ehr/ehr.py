"""One EHR: everything the flows may ask of it, in values of `model`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx

from reminder.ehr.capabilities import CapabilityCache
from reminder.ehr.config import EHRConfig
from reminder.ehr.finding.directory import Directory
from reminder.ehr.finding.people import PeopleSearch
from reminder.ehr.finding.plans import plan_name
from reminder.ehr.finding.search import AppointmentSearch
from reminder.ehr.finding.slots import SlotSearch
from reminder.ehr.reading.drafts import Source
from reminder.ehr.reading.patients import Reader
from reminder.ehr.wire.client import FHIRClient
from reminder.ehr.writing.communications import CommunicationWriter
from reminder.ehr.writing.wishes import wish
from reminder.ehr.writing.write import AppointmentWriter
from reminder.model.answers import Communication, WriteBackKind
from reminder.model.appointments import Appointment, AppointmentKey, Slot
from reminder.model.capabilities import Capabilities, SearchPlan, Writing
from reminder.model.clock import Clock
from reminder.model.readings import (
    Gone,
    PatientReadings,
    Reading,
    Unreadable,
    Window,
    WindowEnd,
    WindowPage,
    Written,
)


class EHR:
    """A FHIR R4 server. `name` is the connection its resources are known under.

    Every method raises `EHRUnavailable` when the server cannot be asked now
    and `EHRRefused` when it will not do this; the writes raise `EHRConflict`
    when what the patient decided about is no longer so.
    """

    def __init__(
        self,
        name: str,
        config: EHRConfig,
        *,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self._config = config
        client = FHIRClient(config, clock=clock, transport=transport)
        base_url = client.base_url
        self._client = client
        self._capabilities = CapabilityCache(client, clock=clock)
        self._appointments = AppointmentSearch(
            client,
            config,
            Source(
                name,
                base_url,
                config.join_url_extensions,
                accepted_is_confirmed=config.accepted_is_confirmed,
                site_zone=ZoneInfo(config.site_zone) if config.site_zone else None,
            ),
            Directory(client, config, clock=clock),
            self._capabilities,
        )
        self._people = PeopleSearch(
            client,
            config,
            Reader(name, base_url, config.default_country, config.opt_out_extension),
            self._capabilities,
            clock=clock,
        )
        self._slots = SlotSearch(client, config)
        self._writer = AppointmentWriter(
            client, self._appointments, self._capabilities, config, clock=clock
        )
        self._communications = CommunicationWriter(client, config, self._capabilities)

    async def capabilities(self) -> Capabilities:
        """What the server can do; asked again after an hour."""
        return await self._capabilities.get()

    @property
    def search_plan(self) -> SearchPlan:
        """How appointments are found here."""
        return self._config.search_plan

    @property
    def plan_name(self) -> str:
        """Changes whenever the windows of a stretch would be other ones."""
        return plan_name(self._config)

    @property
    def paused_until(self) -> datetime | None:
        """Until when the server is left alone (UTC); None when it may be asked."""
        return self._client.paused_until

    async def windows(
        self, start: datetime, end: datetime, patient_ids: Sequence[str]
    ) -> list[Window]:
        """The windows in which [start, end) is to be read, by day, then by whose.

        `patient_ids` are the patients known; who else is asked for where
        appointments are found by patient, the configuration says. The same
        question has the same answer, but for patients who came or went. There
        are none where nothing can be searched for.
        """
        return await self._appointments.windows(start, end, patient_ids)

    async def read(
        self,
        window: Window,
        known: Mapping[str, str],
        keep: Callable[[WindowPage], Awaitable[None]],
    ) -> WindowEnd:
        """Every appointment of a window, whatever its status, page by page.

        What is known under the same fingerprint is only named. A window that
        is too much for the server is read in parts; some of it may be kept
        twice. Whoever asks for a person's appointments and gets others' too
        may keep them: they are true. What starts outside the window is dropped.

        Raises:
            ValueError: an instant is naive, or the window is empty.
            LinkRefused: there is more, and the way there leads elsewhere.
        """
        return await self._appointments.read_window(window, known, keep)

    async def read_changes(
        self, since: str | None, keep: Callable[[WindowPage], Awaitable[None]]
    ) -> str | None:
        """What changed since a cursor, wherever it lies in time, page by page.

        The next cursor, once everything was kept; None when the server cannot
        tell. Without a cursor nothing is read: the answer is one to begin with,
        which belongs before the reconciliation it follows on. Deletions are
        never among the changes. The server's own clock alone counts.
        """
        return await self._appointments.read_changes(since, keep)

    async def appointments(
        self, ids: Sequence[str], known: Mapping[str, str] | None = None
    ) -> list[Reading | Unreadable | Gone]:
        """Certain appointments as they are now, past every cache.

        The answers come in no order. An id without an answer is unchanged: its
        fingerprint is the one in `known`. `Gone` was read by its id, too.
        """
        return await self._appointments.by_ids(ids, known or {})

    async def patients(self, ids: Sequence[str]) -> PatientReadings:
        """Patients with their guardians; one the server does not have is missing.

        A record that was merged into another one has that one's words.
        """
        return await self._people.by_ids(ids)

    async def free_slots(
        self, appointment: Appointment, start: datetime, end: datetime
    ) -> list[Slot]:
        """Free Slots of the appointment's own schedule, long enough for it, by time.

        They start in [start, end). Empty as well when the appointment holds no
        Slot, so that nobody knows its schedule.
        """
        return await self._slots.free(appointment, start, end)

    async def writing(self) -> Writing:
        """The style of each kind of write: as configured, else as the EHR can."""
        return await self._writer.writing()

    async def confirm(
        self,
        key: AppointmentKey,
        *,
        ask: UUID | None = None,
        start_at: datetime | None = None,
    ) -> Written:
        """The patient's participation becomes `accepted`.

        `ask` names what was asked for, in this and every write: so a repeat after
        a lost answer is known. `start_at` is when the visit starts that they saw:
        at another time it is a conflict. What is not ours to write is `requested`.
        """
        wanted = wish(WriteBackKind.CONFIRM, key, ask, start_at=start_at)
        return await self._writer.write(wanted)

    async def cancel(
        self,
        key: AppointmentKey,
        *,
        ask: UUID | None = None,
        start_at: datetime | None = None,
    ) -> Written:
        """The appointment is cancelled by the patient and its Slots become free.

        Where other patients take part, only this one declines.
        """
        wanted = wish(WriteBackKind.CANCEL, key, ask, start_at=start_at)
        return await self._writer.write(wanted)

    async def rebook(
        self,
        key: AppointmentKey,
        slot_ids: Sequence[str],
        *,
        ask: UUID | None = None,
        start_at: datetime | None = None,
    ) -> Written:
        """A patient's cancellation is taken back, if all its Slots are still free."""
        wanted = wish(WriteBackKind.REBOOK, key, ask, slot_ids, start_at=start_at)
        return await self._writer.write(wanted)

    async def reschedule(
        self,
        key: AppointmentKey,
        slot_id: str,
        *,
        ask: UUID | None = None,
        before_slot_ids: Sequence[str] = (),
        start_at: datetime | None = None,
    ) -> Written:
        """The appointment moves to a free Slot of its schedule.

        `before_slot_ids` are the Slots it had when the patient asked, so that a
        move that ended half done can free them. Some EHRs book anew and cancel
        the old one: then there are two readings, and `booked_as` is the new one.

        `EHRConflict`: the Slot is taken. `EHRRefused`: this server or this
        appointment cannot be moved by us; a person must.
        """
        kind = WriteBackKind.MOVE
        wanted = wish(kind, key, ask, (slot_id,), before_slot_ids, start_at=start_at)
        return await self._writer.write(wanted)

    async def record(self, communication: Communication) -> None:
        """Note that a message was sent, once however often this is called."""
        await self._communications.record(communication)

    async def aclose(self) -> None:
        """Close every connection to the server."""
        await self._client.aclose()
