"""Learns where a server gives tokens and which scopes it knows (SMART App Launch)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from reminder.ehr.errors import EHRRefused, EHRUnavailable
from reminder.ehr.reading.raw import Resource, as_object, objects
from reminder.ehr.wire.addresses import is_on_this_machine, token_address
from reminder.ehr.wire.http import Answer, Wire
from reminder.model.clock import Clock

OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_ABOUT = "GET .well-known/smart-configuration"
_BELIEVED_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SMARTConfiguration:
    """What the server says of itself; `token_endpoint` is safe to speak to.

    Nothing said is empty, as with a server that publishes none of it.
    """

    token_endpoint: str | None = None
    capabilities: frozenset[str] = frozenset()
    scopes: tuple[str, ...] = ()

    @property
    def is_v2(self) -> bool:
        """Whether scopes are written as `system/Appointment.rs`."""
        return "permission-v2" in self.capabilities


class Discovery:
    """The configuration of one server, believed for an hour, or until `forget`."""

    def __init__(self, base_url: str, wire: Wire, *, clock: Clock) -> None:
        self._base_url = base_url
        self._wire = wire
        self._clock = clock
        self._known: tuple[SMARTConfiguration, datetime] | None = None

    async def get(self) -> SMARTConfiguration:
        """From `.well-known/smart-configuration`, else from the CapabilityStatement.

        Raises:
            EHRUnavailable: the server does not answer now.
            EHRRefused: the token endpoint it names is none to speak to.
        """
        now = self._clock()
        if self._known is None or self._known[1] + _BELIEVED_FOR <= now:
            self._known = await self._asked(), now
        return self._known[0]

    def forget(self) -> None:
        """Ask anew the next time: what it said may be what did not work."""
        self._known = None

    async def _asked(self) -> SMARTConfiguration:
        said = await self._document(".well-known/smart-configuration", _ABOUT)
        endpoint = said.get("token_endpoint")
        if endpoint is None:
            statement = await self._document("metadata", "GET metadata")
            endpoint = _oauth_uri(statement)
        return SMARTConfiguration(
            self._refused_or_safe(endpoint),
            frozenset(_words(said.get("capabilities"))),
            tuple(_words(said.get("scopes_supported"))),
        )

    async def _document(self, path: str, about: str) -> Resource:
        """The JSON object there; an empty one where the server has none."""
        headers = {"Accept": "application/json", "Cache-Control": "no-cache"}
        if path == "metadata":
            headers["Accept"] = "application/fhir+json"
        url = httpx.URL(f"{self._base_url}/{path}")
        answer = await self._wire.exchange("GET", url, about=about, headers=headers)
        if answer.status == 429 or answer.status >= 500:
            raise EHRUnavailable(
                f"{about}: {answer.status}", retry_after=answer.retry_after()
            )
        return _object(answer) if answer.status == 200 else {}

    def _refused_or_safe(self, endpoint: object) -> str | None:
        """The address, if what it gets cannot be read on the way or end up inside.

        Only this machine's own server may name an address of this machine: any
        other would have us knock at doors that it cannot reach itself.
        """
        if endpoint is None:
            return None
        if not self._is_safe(str(endpoint)):
            raise EHRRefused(f"{_ABOUT}: token_endpoint is no address to trust")
        return str(endpoint)

    def _is_safe(self, address: str) -> bool:
        try:
            scheme = httpx.URL(token_address(address)).scheme
        except (ValueError, httpx.InvalidURL):
            return False
        if is_on_this_machine(address):
            return is_on_this_machine(self._base_url)
        return scheme == "https"


def _object(answer: Answer) -> Resource:
    try:
        return as_object(answer.parsed())
    except EHRRefused:  # Some answer every address with a page for people.
        return {}


def _oauth_uri(statement: Resource) -> object:
    for rest in objects(statement.get("rest")):
        security = as_object(rest.get("security"))
        for extension in objects(security.get("extension")):
            if extension.get("url") == OAUTH_URIS:
                for each in objects(extension.get("extension")):
                    if each.get("url") == "token":
                        return each.get("valueUri")
    return None


def _words(value: object) -> list[str]:
    found = value if isinstance(value, list) else []
    return [each for each in found if isinstance(each, str)]
