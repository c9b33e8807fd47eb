"""The settings of `[transport.webhook-sms]`: where a gateway is, and what both know."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FilePath, SecretStr

from reminder.transports.http import is_loopback
from reminder.transports.webhook_signatures import read_secret


def _safe_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.query or parts.fragment or parts.username:
        raise ValueError("no user, query or fragment belongs here")
    host = parts.hostname or ""
    encrypted = parts.scheme == "https" and host
    if not encrypted and not (parts.scheme == "http" and is_loopback(host)):
        raise ValueError("must begin with https:// unless it is on this machine")
    return value


def _readable(secret: SecretStr) -> SecretStr:
    read_secret(secret.get_secret_value())
    return secret


Secret = Annotated[SecretStr, AfterValidator(_readable)]


class WebhookConfig(BaseModel):
    """One gateway that takes messages as signed requests."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    url: Annotated[str, AfterValidator(_safe_url)]
    """Where the gateway takes messages; https unless it is on this machine."""
    secret: Secret
    """What both sign with, as Standard Webhooks writes it: `whsec_` and base64."""
    previous_secret: Secret | None = None
    """The secret before it, good in both directions while it is being changed."""
    ca_bundle: FilePath | None = None
    """A PEM file of the authorities that may vouch for it, instead of the system's."""
    connections: int = Field(default=10, ge=1, le=100)
    """How many connections to the gateway may be open at once."""
    connect_timeout_s: float = Field(default=10.0, gt=0)
    """Seconds to wait for a connection, and for one of those in use to be free."""
    read_timeout_s: float = Field(default=30.0, gt=0)
    """Seconds to wait for an answer; after that nobody knows whether it was sent."""

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys of the secrets, the present one first."""
        secrets = (self.secret, self.previous_secret)
        return tuple(read_secret(one.get_secret_value()) for one in secrets if one)
