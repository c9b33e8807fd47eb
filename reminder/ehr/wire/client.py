"""Asks one FHIR server, and only that one: pinned, paced, with our credential."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import httpx

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRNotOffered, EHRRefused, EHRUnavailable
from reminder.ehr.wire.breaker import Breaker
from reminder.ehr.wire.http import Answer, Wire
from reminder.ehr.wire.next_links import address, is_below, is_same_origin
from reminder.ehr.wire.pacing import Pace, has_time
from reminder.ehr.wire.tokens import Tokens
from reminder.model.clock import Clock

FHIR_JSON = "application/fhir+json"

Params = Sequence[tuple[str, str]]

_LATER = frozenset({408, 423, 425, 429})
_SPARE_ME = frozenset({429, 503})
# Up to here everybody waits in line; beyond it everybody is told at once.
_SHORT_WAIT = timedelta(seconds=5)
_READS = 3
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
        self.tokens = Tokens(config, self._wire, clock=clock)
        self._pace = Pace(
            per_s=config.requests_per_s,
            burst=config.burst,
            concurrent=config.max_concurrent,
        )
        self._breaker = Breaker(
            failures_before_pause=config.failures_before_pause, clock=clock
        )
        self.clock = clock
        self._search_headers = {"Prefer": "handling=strict"} if config.strict else {}

    @property
    def base_url(self) -> str:
        """The service base URL, without a slash at its end."""
        return str(self._base)

    @property
    def paused_until(self) -> datetime | None:
        """Until when the server is left alone (UTC); None when it may be asked."""
        return self._breaker.paused_until

    def url(self, path: str, params: Params = ()) -> httpx.URL:
        """The address of `path` below the base URL; with no path the base itself."""
        url = httpx.URL(f"{self._base}/{path}" if path else str(self._base))
        return url.copy_merge_params(list(params)) if params else url

    def pinned(self, link: str, *, seen_at: httpx.URL, about: str) -> httpx.URL:
        """The address a server's link means, which must lie below the base URL.

        Raises:
            LinkRefused: it leads to another host or path.
        """
        return address(link, seen_at=seen_at, base=self._base, about=about)

    async def get(self, url: httpx.URL, *, about: str) -> Answer:
        """Read `url` anew: no cache between us and the server may answer."""
        headers = {"Accept": FHIR_JSON, "Cache-Control": "no-cache"}
        return await self._read(url, about=about, headers=headers)

    async def search(self, url: httpx.URL, *, about: str) -> Answer:
        """As `get`, asking for a strict reading of the parameters if so configured."""
        headers = {"Accept": FHIR_JSON, "Cache-Control": "no-cache"}
        headers |= self._search_headers
        return await self._read(url, about=about, headers=headers)

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

    async def _read(
        self, url: httpx.URL, *, about: str, headers: Mapping[str, str]
    ) -> Answer:
        """Ask once, and again where the server only wishes a short wait."""
        for _ in range(_READS - 1):
            try:
                return await self._ask("GET", url, about=about, headers=headers)
            except EHRUnavailable as error:
                if error.retry_after is None or error.retry_after > _SHORT_WAIT:
                    raise
        return await self._ask("GET", url, about=about, headers=headers)

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
        self._breaker.check(about)
        ask = partial(self._wire.exchange, method, url, about=about, content=content)
        async with self._pace.turn(urgent=not has_time()):
            with self._breaker.watching(about):
                token = await self.tokens.header()
                answer = await ask(headers=_with(token, headers))
                # 401 means it was not looked at: once more with a new token.
                if answer.status == 401 and self.tokens.discard(token):
                    token = await self.tokens.header()
                    answer = await ask(headers=_with(token, headers))
                self._spare(answer)
                _raise_what_failed(answer)
        _raise_what_is_no_answer(answer, method)
        return answer

    def _spare(self, answer: Answer) -> None:
        wait = answer.retry_after() if _is_later(answer.status) else None
        if wait is None:
            return
        if wait <= _SHORT_WAIT:
            # Whoever reads asks again at once: no sooner than it wishes.
            self._pace.hold(wait.total_seconds())
        elif answer.status in _SPARE_ME:
            self._breaker.spare(wait)

    def _refuse_foreign(self, url: httpx.URL, about: str) -> None:
        # The credential goes with every request, so the check comes before each.
        if not is_same_origin(url, self._base):
            raise EHRRefused(f"{about}: link to another server")
        if not is_below(url, self._base):
            raise EHRRefused(f"{about}: link outside the base URL")


def _with(token: str | None, headers: Mapping[str, str]) -> dict[str, str]:
    return {**headers, "Authorization": token} if token else dict(headers)


def _is_later(status: int) -> bool:
    return status in _LATER or _is_failure(status)


def _is_failure(status: int) -> bool:
    return status >= 500 and status != 501


def _raise_what_failed(answer: Answer) -> None:
    if _is_failure(answer.status):
        raise _unavailable(answer)


def _raise_what_is_no_answer(answer: Answer, method: str) -> None:
    status = answer.status
    if status in _LATER:
        raise _unavailable(answer)
    # Who may not write, may so for no patient: another way must be found.
    if status == 501 or (status == 403 and method != "GET"):
        raise EHRNotOffered(f"{answer.about}: {status}")
    if status in (401, 403) or not (200 <= status < 300 or status >= 400):
        raise EHRRefused(f"{answer.about}: {status}")


def _unavailable(answer: Answer) -> EHRUnavailable:
    return EHRUnavailable(
        f"{answer.about}: {answer.status}",
        retry_after=answer.retry_after(),
        sent=answer.status in _MAYBE_DONE,
    )
