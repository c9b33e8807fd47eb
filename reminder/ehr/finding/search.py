"""Every way to read the appointments of one connection."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from reminder.ehr.capabilities import CapabilityCache
from reminder.ehr.config import EHRConfig
from reminder.ehr.finding.by_ids import ByIDs
from reminder.ehr.finding.changes import ChangeReader
from reminder.ehr.finding.directory import Directory
from reminder.ehr.finding.plans import Plan
from reminder.ehr.finding.sifting import Sifter
from reminder.ehr.finding.windows import Keep, WindowReader
from reminder.ehr.reading.drafts import Draft, Source
from reminder.ehr.reading.raw import Resource
from reminder.ehr.wire.client import FHIRClient
from reminder.ehr.wire.pacing import in_background
from reminder.model.readings import Gone, Reading, Unreadable, Window, WindowEnd


class AppointmentSearch:
    """The readers of one connection. Of these only `by_ids` is in a hurry."""

    def __init__(
        self,
        client: FHIRClient,
        config: EHRConfig,
        source: Source,
        directory: Directory,
        capabilities: CapabilityCache,
    ) -> None:
        self._sifter = Sifter(source, directory)
        self._plan = Plan(client, config)
        self._windows = WindowReader(client, config, self._sifter)
        self._changes = ChangeReader(client, config, self._sifter, capabilities)
        self._by_ids = ByIDs(client, config, self._sifter)

    async def windows(
        self, start: datetime, end: datetime, patient_ids: Sequence[str]
    ) -> list[Window]:
        """See `EHR.windows`."""
        with in_background():
            return await self._plan.windows(start, end, patient_ids)

    async def read_window(
        self, window: Window, known: Mapping[str, str], keep: Keep
    ) -> WindowEnd:
        """See `EHR.read`."""
        with in_background():
            return await self._windows.read(window, known, keep)

    async def read_changes(self, since: str | None, keep: Keep) -> str | None:
        """See `EHR.read_changes`."""
        with in_background():
            return await self._changes.read(since, keep)

    async def by_ids(
        self, ids: Sequence[str], known: Mapping[str, str]
    ) -> list[Reading | Unreadable | Gone]:
        """See `EHR.appointments`."""
        return await self._by_ids.read(ids, known)

    def read(self, resource: Resource) -> Draft | Unreadable:
        """One resource as this connection's appointment."""
        return self._sifter.read(resource)

    async def located(self, draft: Draft) -> Draft | Unreadable:
        """One draft with the patients looked up whom it only describes."""
        return await self._sifter.located(draft)

    async def finished(self, draft: Draft) -> Reading | Unreadable:
        """One draft with the names of its place and practitioner."""
        return await self._sifter.finished(draft)
