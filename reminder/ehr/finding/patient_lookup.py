"""Finds the Patients whom appointments name by an identifier only.

An identifier is patient data: it goes into the request and nowhere else.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRRefused
from reminder.ehr.finding.bundles import id_lists, search
from reminder.ehr.finding.survivors import is_replaced
from reminder.ehr.reading.bearers import Bearer, bearer
from reminder.ehr.reading.drafts import Hits
from reminder.ehr.reading.participants import Identifier
from reminder.ehr.reading.raw import Resource, objects
from reminder.ehr.reading.references import is_id
from reminder.ehr.wire.client import FHIRClient
from reminder.model.clock import Clock

_TYPE = "Patient"
# Who is registered a minute later should not wait until tomorrow.
_MISS_TTL = timedelta(minutes=15)
_MOST = 20_000
_PROBES = 3
# FHIR R4 search, 'Escaping Search Parameters'.
_SPECIAL = re.compile(r"[\\,$|]")

_Answer = Mapping[str, Bearer] | None


class PatientLookup:
    """Asks once in some hours for each identifier; what is not there, sooner again."""

    def __init__(self, client: FHIRClient, config: EHRConfig, *, clock: Clock) -> None:
        self._client = client
        self._config = config
        self._clock = clock
        self._hit_ttl = timedelta(hours=config.names_ttl_h)
        self._takes_lists = True
        self._known: dict[Identifier, tuple[_Answer, datetime]] = {}

    async def of(self, identifiers: Iterable[Identifier]) -> Hits:
        """The Patients that bear each of them now, by id.

        A record replaced by another does not count where the other bears the
        identifier as well. None: the server refuses to be asked.
        """
        wanted, now = dict.fromkeys(identifiers), self._clock()
        stale = [each for each in wanted if not self._is_fresh(each, now)]
        if len(self._known) + len(stale) > _MOST:
            self._known.clear()
            stale = list(wanted)
        found = await self._asked(stale) if stale else {}
        self._known |= {each: (found[each], now) for each in stale}
        return {each: self._known[each][0] for each in wanted}

    def _is_fresh(self, identifier: Identifier, now: datetime) -> bool:
        found, at = self._known.get(identifier, (None, None))
        return at is not None and now < at + (self._hit_ttl if found else _MISS_TTL)

    async def _asked(
        self, identifiers: Sequence[Identifier]
    ) -> dict[Identifier, _Answer]:
        by_token = {_token(each): each for each in identifiers}
        at_once = self._config.ids_per_request
        answers: dict[str, _Answer] = {}
        for batch in id_lists(list(by_token), at_once if self._takes_lists else 1):
            found = await self._bearers(batch, by_token)
            missing = [token for token in batch if not found[token]]
            if len(batch) > 1 and missing:
                found |= await self._singly(missing, by_token)
            answers |= found
        return {by_token[token]: ids for token, ids in answers.items()}

    async def _singly(
        self, tokens: Sequence[str], by_token: dict[str, Identifier]
    ) -> dict[str, _Answer]:
        """Ask for some of the missing alone: some servers find nothing by a list.

        Where those are missing as well the list was understood, and the others
        are believed to be missing, too.
        """
        found: dict[str, _Answer] = {}
        for token in tokens:
            if self._takes_lists and len(found) == _PROBES:
                break
            found |= await self._bearers([token], by_token)
            self._takes_lists = self._takes_lists and not found[token]
        return found

    async def _bearers(
        self, tokens: Sequence[str], by_token: dict[str, Identifier]
    ) -> dict[str, _Answer]:
        params = [
            ("identifier", ",".join(tokens)),
            ("_count", str(self._config.page_size)),
        ]
        try:
            found = await search(
                self._client, _TYPE, params, max_pages=self._config.max_pages
            )
        except EHRRefused:
            return dict.fromkeys(tokens)
        # What a server finds without being asked for it is nobody's patient.
        return {each: _of(by_token[each], found.matches) for each in tokens}


def _token(identifier: Identifier) -> str:
    return f"{_escaped(identifier.system)}|{_escaped(identifier.value)}"


def _escaped(part: str) -> str:
    return _SPECIAL.sub(lambda special: f"\\{special[0]}", part)


def _of(identifier: Identifier, patients: Collection[Resource]) -> Mapping[str, Bearer]:
    bearers = {
        str(each["id"]): each
        for each in patients
        if is_id(each.get("id")) and _bears(each, identifier)
    }
    living = {id_: each for id_, each in bearers.items() if not is_replaced(each)}
    return {id_: bearer(each) for id_, each in (living or bearers).items()}


def _bears(patient: Resource, identifier: Identifier) -> bool:
    return any(
        each.get("system") == identifier.system
        and each.get("value") == identifier.value
        for each in objects(patient.get("identifier"))
    )
