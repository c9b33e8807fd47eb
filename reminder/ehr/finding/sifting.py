"""Tells what is known already from what must be read, and reads that."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reminder.ehr.finding.directory import Directory
from reminder.ehr.reading.appointments import read_appointment, read_entry
from reminder.ehr.reading.drafts import Draft, Source
from reminder.ehr.reading.entries import Entry
from reminder.ehr.reading.raw import Resource
from reminder.ehr.reading.recognised import Recognised
from reminder.ehr.reading.references import Target
from reminder.model.readings import Reading, Unreadable


@dataclass(frozen=True, slots=True)
class Sifted:
    """Entries as readings; `unchanged` are the ids of those that were known."""

    readings: tuple[Reading, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    unchanged: frozenset[str] = frozenset()

    def named(self) -> set[str]:
        """The ids of all of them that have one."""
        read = {each.appointment_id for each in self.readings}
        unreadable = {each.resource_id for each in self.unreadable}
        return read | {id_ for id_ in unreadable if id_} | self.unchanged


class Sifter:
    """Reads the appointments of one connection."""

    def __init__(self, source: Source, directory: Directory) -> None:
        self.source = source
        self._directory = directory
        self._recognised = Recognised(source)

    async def sifted(
        self,
        entries: Sequence[Entry],
        known: Mapping[str, str],
        full_urls: Mapping[str, Target],
    ) -> Sifted:
        """What the entries say; the same resource twice counts as it was last."""
        last = {_name(entry): entry for entry in entries}
        read, unchanged = await asyncio.to_thread(
            self._sift, list(last.values()), known, full_urls
        )
        drafts = [each for each in read if isinstance(each, Draft)]
        finished = await self._directory.finished(drafts)
        return Sifted(
            tuple(each for each in finished if isinstance(each, Reading)),
            tuple(each for each in [*read, *finished] if isinstance(each, Unreadable)),
            unchanged,
        )

    def read(self, resource: Resource) -> Draft | Unreadable:
        """One resource as this connection's appointment."""
        return read_appointment(resource, self.source)

    async def finished(self, draft: Draft) -> Reading | Unreadable:
        """One draft with the names of its place and practitioner."""
        return (await self._directory.finished([draft]))[0]

    async def located(self, draft: Draft) -> Draft | Unreadable:
        """One draft with the patients looked up whom it only describes."""
        return (await self._directory.located([draft]))[0]

    def _sift(
        self,
        entries: Sequence[Entry],
        known: Mapping[str, str],
        full_urls: Mapping[str, Target],
    ) -> tuple[list[Draft | Unreadable], frozenset[str]]:
        read: list[Draft | Unreadable] = []
        unchanged: set[str] = set()
        for entry in entries:
            name = entry.resource_id
            known_as = known.get(name) if isinstance(name, str) else None
            if known_as and self._recognised.is_unchanged(entry, known_as):
                unchanged.add(str(name))
            else:
                read.append(read_entry(entry, self.source, full_urls))
        return read, frozenset(unchanged)


def _name(entry: Entry) -> object:
    """What makes it the same resource; without an id every entry is its own."""
    return entry.resource_id if isinstance(entry.resource_id, str) else entry.number
