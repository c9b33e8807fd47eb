"""Reads certain appointments: in lists where the EHR takes them, else one by one."""

import asyncio
from collections.abc import Mapping, Sequence

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRRefused
from reminder.ehr.finding.bundles import id_lists, listed
from reminder.ehr.finding.pages import SearchRefused
from reminder.ehr.finding.sifting import Sifter
from reminder.ehr.reading.entries import Entry
from reminder.ehr.reading.raw import as_resource
from reminder.ehr.wire.client import FHIRClient
from reminder.ehr.wire.outcomes import refused
from reminder.model.readings import Gone, Reading, Unreadable

_TYPE = "Appointment"
_GONE = frozenset({404, 410})
# No list at all, a list too long, or no search at all: each is 'one by one'.
_NO_LISTS = frozenset({400, 404, 405, 413, 414, 422})
_NOT_HERE = frozenset({404, 405})

Answer = Reading | Unreadable | Gone


class ByIDs:
    """Reads appointments of one connection by their ids."""

    def __init__(
        self,
        client: FHIRClient,
        config: EHRConfig,
        sifter: Sifter,
    ) -> None:
        self._client = client
        self._config = config
        self._sifter = sifter
        self._takes_lists = True
        self._unproven: SearchRefused | None = None

    async def read(self, ids: Sequence[str], known: Mapping[str, str]) -> list[Answer]:
        """See `EHR.appointments`."""
        answers: list[Answer] = []
        for batch in id_lists(ids, self._config.ids_per_request):
            found = await self._listed(batch)
            # An index may lag behind: only a read by id says that one is gone.
            absent = [id_ for id_ in batch if id_ not in found]
            for id_, entry in zip(absent, await self._each(absent), strict=True):
                if entry is None:
                    answers.append(Gone(id_))
                else:
                    found[id_] = entry
            sifted = await self._sifter.sifted(list(found.values()), known, {})
            answers += [*sifted.readings, *sifted.unreadable]
        return answers

    async def _listed(self, ids: Sequence[str]) -> dict[str, Entry]:
        """Those that one search finds; none where the server takes no lists."""
        if not self._takes_lists:
            return {}
        try:
            page = await listed(
                self._client, _TYPE, ids, max_pages=self._config.max_pages
            )
        except SearchRefused as refusal:
            if refusal.status not in _NO_LISTS:
                raise
            self._takes_lists = False
            if refusal.status in _NOT_HERE:
                self._unproven = refusal
            return {}
        return {
            str(entry.resource_id): entry
            for entry in page.entries
            if entry.resource_id in ids
        }

    async def _each(self, ids: Sequence[str]) -> list[Entry | None]:
        """Each by its id; None for what the server no longer has."""
        found = await asyncio.gather(*(self._one(id_) for id_ in ids))
        if any(isinstance(each, Entry) for each in found):
            self._unproven = None
        if self._unproven is not None and 404 in found:
            # With a wrong base URL nothing is where we look for it, and yet
            # nobody is gone.
            raise self._unproven
        return [each if isinstance(each, Entry) else None for each in found]

    async def _one(self, resource_id: str) -> Entry | int:
        about = f"GET {_TYPE}"
        url = self._client.url(f"{_TYPE}/{resource_id}")
        answer = await self._client.get(url, about=about)
        if answer.status in _GONE:
            return answer.status
        if answer.status != 200:
            raise refused(answer)
        resource = as_resource(answer.parsed(), _TYPE)
        if resource is None or resource.get("id") != resource_id:
            raise EHRRefused(f"{about}: not the {_TYPE} asked for")
        return Entry(0, answer.body, None, _TYPE, resource_id)
