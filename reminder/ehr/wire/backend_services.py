"""Fetches tokens by SMART Backend Services, also where the server's clock differs."""

from datetime import datetime, timedelta

from reminder.ehr.errors import EHRError, EHRRefused
from reminder.ehr.wire.assertions import TYPE, assertion
from reminder.ehr.wire.auth import SMARTAuth
from reminder.ehr.wire.grants import Grant, oauth_error, post, read
from reminder.ehr.wire.http import Answer, Wire
from reminder.ehr.wire.jwks import read_signing_key
from reminder.ehr.wire.scopes import GROUP, USES, wanted
from reminder.ehr.wire.smart import Discovery
from reminder.model.clock import Clock

_SKEW = timedelta(seconds=60)
"""Where clocks differ by more, the server may have found the assertion too early."""

_PERHAPS_THE_CLOCK = frozenset({"invalid_client", "invalid_grant"})


class SMARTGrants:
    """Tokens for what our private key signed."""

    def __init__(
        self,
        auth: SMARTAuth,
        discovery: Discovery,
        wire: Wire,
        *,
        clock: Clock,
        reads_group: bool,
    ) -> None:
        self._auth = auth
        self._key = read_signing_key(auth.private_key.get_secret_value())
        self._discovery = discovery
        self._wire = wire
        self._clock = clock
        self._uses = (*USES, GROUP) if reads_group else USES
        self._server_is_ahead = timedelta(0)

    async def ask(self) -> Grant:
        """See `Grants.ask`."""
        try:
            url, scope = await self._token_url(), await self._scope()
            answer = await self._post(url, scope, self._clock() + self._server_is_ahead)
            return read(answer, scope)
        except EHRError:
            # It may have moved since it was discovered.
            self._discovery.forget()
            raise

    async def _token_url(self) -> str:
        if self._auth.token_url is not None:
            return self._auth.token_url
        endpoint = (await self._discovery.get()).token_endpoint
        if endpoint is None:
            raise EHRRefused("GET .well-known/smart-configuration: no token_endpoint")
        return endpoint

    async def _scope(self) -> str:
        scopes = self._auth.scopes
        if not scopes:
            said = await self._discovery.get()
            scopes = wanted(self._uses, is_v2=said.is_v2, offered=said.scopes)
        return " ".join(scopes)

    async def _post(self, url: str, scope: str, now: datetime) -> Answer:
        """What the endpoint says, the second time if its clock is not ours."""
        answer = await self._try(url, scope, now)
        date = answer.date()
        if not _was_it_the_clock(answer, date, now) or date is None:
            return answer
        second = await self._try(url, scope, date)
        if second.status == 200:
            self._server_is_ahead = date - self._clock()
        return second

    async def _try(self, url: str, scope: str, now: datetime) -> Answer:
        signed = assertion(
            self._key, client_id=self._auth.client_id, audience=url, now=now
        )
        form = {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": TYPE,
            "client_assertion": signed,
        }
        return await post(self._wire, url, form)


def _was_it_the_clock(answer: Answer, date: datetime | None, now: datetime) -> bool:
    return (
        answer.status in (400, 401)
        and date is not None
        and abs(date - now) > _SKEW
        and oauth_error(answer) in _PERHAPS_THE_CLOCK
    )
