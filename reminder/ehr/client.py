"""Asks one FHIR server, and only that one: pinned, paced, with our credential."""

from collections.abc import Mapping, Sequence
from functools import partial

import httpx

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRNotOffered, EHRRefused, EHRUnavailable
from reminder.ehr.http import Answer, Wire
from reminder.ehr.pacing import Pace
from reminder.ehr.tokens import Tokens
from reminder.model.clock import Clock

FHIR_JSON = "application/fhir+json"

Params = Sequence[tuple[str, str]]

_LATER = frozenset({408, 423, 425, 429})
# A gateway that gave up says nothing about what the server behind it has done.
_MAYBE_DONE = frozenset({408, 500, 502, 504})


class FHIRClient:
    """Requests to the configured base URL; nothing goes anywhere else.

    What comes back with a status that says 'later' or 'never' is raised; the
    rest, such as 404, 409 or 412, is an `Answer` for the caller to read.
    """

    def __init__(
        self,
        config: EHRConfig,
        *,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base = httpx.URL(config.base_url)
        self._wire = Wire(config, transport)
        self._tokens = Tokens(config.auth, self._wire, clock=clock)
        self._pace = Pace(
            per_s=config.requests_per_s,
            burst=config.burst,
            concurrent=config.max_concurrent,
        )
        self._search_headers = {"Prefer": "handling=strict"} if config.strict else {}

    @property
    def base_url(self) -> str:
        """The service base URL, without a slash at its end."""
        return str(self._base)

    def url(self, path: str, params: Params = ()) -> httpx.URL:
        """The address of `path` below the base URL; with no path the base itself."""
        url = httpx.URL(f"{self._base}/{path}" if path else str(self._base))
        return url.copy_merge_params(list(params)) if params else url

    def pinned(self, link: str, *, seen_at: httpx.URL, about: str) -> httpx.URL:
        """The address a server's link means, which must lie below the base URL.

        Raises:
            EHRRefused: it leads to another host, port, scheme or path.
        """
        try:
            url = seen_at.join(link)
        except (httpx.InvalidURL, ValueError):
            raise EHRRefused(f"{about}: next link is no URL") from None
        self._refuse_foreign(url, about)
        return url

    async def get(self, url: httpx.URL, *, about: str) -> Answer:
        """Read `url` anew: no cache between us and the server may answer."""
        headers = {"Accept": FHIR_JSON, "Cache-Control": "no-cache"}
        return await self._ask("GET", url, about=about, headers=headers)

    async def search(self, url: httpx.URL, *, about: str) -> Answer:
        """As `get`, asking for a strict reading of the parameters if so configured."""
        headers = {"Accept": FHIR_JSON, "Cache-Control": "no-cache"}
        headers |= self._search_headers
        return await self._ask("GET", url, about=about, headers=headers)

    async def write(
        self,
        method: str,
        url: httpx.URL,
        body: bytes,
        *,
        about: str,
        content_type: str = FHIR_JSON,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send `body` once. `EHRUnavailable.sent` says whether it may have arrived."""
        return await self._ask(
            method,
            url,
            about=about,
            headers={
                "Accept": FHIR_JSON,
                "Content-Type": content_type,
                **(headers or {}),
            },
            content=body,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._wire.aclose()

    async def _ask(
        self,
        method: str,
        url: httpx.URL,
        *,
        about: str,
        headers: Mapping[str, str],
        content: bytes | None = None,
    ) -> Answer:
        self._refuse_foreign(url, about)
        ask = partial(self._wire.exchange, method, url, about=about, content=content)
        async with self._pace.turn():
            token = await self._tokens.header()
            answer = await ask(headers=_with(token, headers))
            # 401 means it was not looked at: once more with a new token.
            if answer.status == 401 and self._tokens.discard(token):
                token = await self._tokens.header()
                answer = await ask(headers=_with(token, headers))
        _raise_what_is_no_answer(answer)
        return answer

    def _refuse_foreign(self, url: httpx.URL, about: str) -> None:
        # The credential goes with every request, so the check comes before each.
        base = self._base
        here = (base.scheme, base.host, base.port)
        below = url.path == base.path or url.path.startswith(
            base.path.rstrip("/") + "/"
        )
        climbs = {".", ".."} & set(url.path.split("/"))
        if (url.scheme, url.host, url.port) != here or url.userinfo:
            raise EHRRefused(f"{about}: link to another server")
        if not below or climbs:
            raise EHRRefused(f"{about}: link outside the base URL")


def _with(token: str | None, headers: Mapping[str, str]) -> dict[str, str]:
    return {**headers, "Authorization": token} if token else dict(headers)


def _raise_what_is_no_answer(answer: Answer) -> None:
    status, message = answer.status, f"{answer.about}: {answer.status}"
    if status in _LATER or (status >= 500 and status != 501):
        raise EHRUnavailable(
            message, retry_after=answer.retry_after(), sent=status in _MAYBE_DONE
        )
    if status == 501:
        raise EHRNotOffered(message)
    if status in (401, 403) or not (200 <= status < 300 or status >= 400):
        raise EHRRefused(message)
