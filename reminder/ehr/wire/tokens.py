"""Who we say we are: the credential of each request, fetched when it must be."""

import asyncio
from datetime import datetime, timedelta

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRError, EHRRefused, EHRUnavailable
from reminder.ehr.wire.auth import (
    BasicAuth,
    BearerAuth,
    ClientCredentials,
    NoAuth,
    SMARTAuth,
)
from reminder.ehr.wire.backend_services import SMARTGrants
from reminder.ehr.wire.grants import Grant, Grants, SecretGrants, basic
from reminder.ehr.wire.http import Wire
from reminder.ehr.wire.scopes import not_granted
from reminder.ehr.wire.smart import Discovery
from reminder.model.clock import Clock

_SPARE = timedelta(seconds=60)


class Tokens:
    """The `Authorization` header of the configured kind; no header for none.

    However many requests wait for a new token, it is asked for once, and what
    became of that is so for all of them: token endpoints are throttled harder
    than anything else. One that wishes to be left alone is, for as long.
    """

    def __init__(self, config: EHRConfig, wire: Wire, *, clock: Clock) -> None:
        self._clock = clock
        self._static = _static(config)
        self._grants = _grants(config, wire, clock)
        self._fetching = asyncio.Lock()
        self._tried = 0
        self._failure: EHRError | None = None
        self._again_at: datetime | None = None
        self._grant: Grant | None = None
        self._said: Grant | None = None
        self._good_until: datetime | None = None

    @property
    def wanted(self) -> str | None:
        """The scope that was asked for; None before the first token, or for none."""
        return self._said.wanted if self._said else None

    @property
    def granted(self) -> str | None:
        """The scope that was given; None before the first token, or if nobody said."""
        return self._said.granted if self._said else None

    @property
    def not_granted(self) -> tuple[str, ...]:
        """What was asked for and not given. Nothing said means all was (RFC 6749)."""
        if self.wanted is None or self.granted is None:
            return ()
        return not_granted(self.wanted.split(), self.granted.split())

    async def header(self) -> str | None:
        """The header's value for a request that goes out now.

        Raises:
            EHRUnavailable: the token endpoint does not answer.
            EHRRefused: it will not give us one.
        """
        if self._grants is None:
            return self._static
        return (await self._fetched(self._grants)).header

    def discard(self, header: str | None) -> bool:
        """Forget a header the server refused; True when another may be fetched."""
        if self._grants is None:
            return False
        if self._grant is not None and header == self._grant.header:
            self._grant = None
        return True

    async def _fetched(self, grants: Grants) -> Grant:
        tried = self._tried
        async with self._fetching:
            if self._grant is not None and self._is_fresh():
                return self._grant
            if self._failure is not None and (
                self._tried != tried or self._is_to_wait()
            ):
                raise self._failure
            return await self._try(grants)

    async def _try(self, grants: Grants) -> Grant:
        self._failure = self._again_at = None
        try:
            return await self._fetch(grants)
        except EHRUnavailable as error:
            error.sent = False  # The token request was; what it was for was not.
            self._failure = error
            if error.retry_after is not None:
                self._again_at = self._clock() + error.retry_after
            raise
        except EHRRefused as error:
            self._failure = error
            raise
        finally:
            self._tried += 1

    async def _fetch(self, grants: Grants) -> Grant:
        # The life counts from before the request: better early than late.
        asked_at = self._clock()
        self._grant = self._said = grant = await grants.ask()
        self._good_until = asked_at + max(grant.life - _SPARE, grant.life * 0.8)
        return grant

    def _is_to_wait(self) -> bool:
        return self._again_at is not None and self._clock() < self._again_at

    def _is_fresh(self) -> bool:
        return self._good_until is not None and self._clock() < self._good_until


def _static(config: EHRConfig) -> str | None:
    match config.auth:
        case BearerAuth(token=token):
            return f"Bearer {token.get_secret_value()}"
        case BasicAuth(user=user, password=password):
            return basic(user, password.get_secret_value())
        case _:
            return None


def _grants(config: EHRConfig, wire: Wire, clock: Clock) -> Grants | None:
    match config.auth:
        case ClientCredentials() as credentials:
            return SecretGrants(credentials, wire)
        case SMARTAuth() as auth:
            return SMARTGrants(
                auth,
                Discovery(config.base_url, wire, clock=clock),
                wire,
                clock=clock,
                reads_group=config.patient_group is not None,
            )
        case NoAuth() | BearerAuth() | BasicAuth():
            return None
