"""The settings of `[transport.twilio-sms]`: an account, and who messages come from."""

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    SecretStr,
    model_validator,
)

from reminder.transports.http import is_loopback

DEFAULT_API_BASE = "https://api.twilio.com"


def _safe_base(value: str) -> str:
    parts = urlsplit(value)
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise ValueError("only a scheme, a host and a port")
    host = parts.hostname or ""
    encrypted = parts.scheme == "https" and host
    if not encrypted and not (parts.scheme == "http" and is_loopback(host)):
        raise ValueError("must begin with https:// unless it is on this machine")
    return value.rstrip("/")


class TwilioSMSConfig(BaseModel):
    """One Twilio account and the sender its messages come from."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$")
    """The account's SID, which begins with AC."""
    auth_token: SecretStr
    """The account's auth token; it signs in, and proves that callbacks are Twilio's."""
    previous_auth_token: SecretStr | None = None
    """The token before it, accepted on callbacks while the token is being changed."""
    from_number: str | None = Field(default=None, pattern=r"^\+?[A-Za-z0-9 ]{3,16}$")
    """The number (E.164), short code or sender id that messages come from."""
    messaging_service_sid: str | None = Field(
        default=None, pattern=r"^MG[0-9a-fA-F]{32}$"
    )
    """The Messaging Service that chooses the number, instead of `from_number`."""
    answers_keywords: bool = True
    """Whether Twilio answers STOP, START and HELP; if so, Reminder does not as well."""
    api_base: Annotated[str, AfterValidator(_safe_base)] = DEFAULT_API_BASE
    """Where Twilio's API is; another address only for a proxy of your own or a test."""
    ca_bundle: FilePath | None = None
    """A PEM file of the authorities that may vouch for it, instead of the system's."""
    connections: int = Field(default=10, ge=1, le=100)
    """How many connections to Twilio may be open at once."""
    connect_timeout_s: float = Field(default=10.0, gt=0)
    """Seconds to wait for a connection, and for one of those in use to be free."""
    read_timeout_s: float = Field(default=30.0, gt=0)
    """Seconds to wait for an answer; after that nobody knows whether it was sent."""

    @model_validator(mode="after")
    def _one_sender(self) -> Self:
        if (self.from_number is None) == (self.messaging_service_sid is None):
            raise ValueError("give either from_number or messaging_service_sid")
        return self

    @property
    def auth_tokens(self) -> tuple[str, ...]:
        """The tokens that may have signed what comes from Twilio."""
        tokens = (self.auth_token, self.previous_auth_token)
        return tuple(token.get_secret_value() for token in tokens if token)
