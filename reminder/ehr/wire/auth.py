"""What this installation is told about proving who it is: one model a kind."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic import field_validator as validated

from reminder.ehr.wire.addresses import TokenURL
from reminder.ehr.wire.jwks import read_key, read_signing_key


class Part(BaseModel):
    """A table of the settings, which never quotes what was written in it."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


def _signing(key: SecretStr) -> SecretStr:
    read_signing_key(key.get_secret_value())
    return key


def _published(key: SecretStr) -> SecretStr:
    read_key(key.get_secret_value())
    return key


def _header_safe(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().isprintable():
        raise ValueError("holds a sign that no header can carry")
    return secret


PrivateKey = Annotated[SecretStr, AfterValidator(_signing)]
PublishedKey = Annotated[SecretStr, AfterValidator(_published)]
HeaderSafe = Annotated[SecretStr, AfterValidator(_header_safe)]

# RFC 6749 §3.3, one scope-token.
Scope = Annotated[str, Field(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+$")]


class NoAuth(Part):
    """The EHR asks for nothing: only on a network that is itself protected."""

    kind: Literal["none"] = "none"
    """`none`: requests carry no credential."""


class BearerAuth(Part):
    """One token, good for as long as the EHR says."""

    kind: Literal["bearer"]
    """`bearer`: every request carries the same token."""

    token: HeaderSafe
    """The token; it goes to `base_url` and nowhere else."""


class BasicAuth(Part):
    """A user name and a password (RFC 7617)."""

    kind: Literal["basic"]
    """`basic`: every request carries a user name and a password."""

    user: str = Field(min_length=1)
    """The user name the EHR gave this installation; it holds no colon."""

    password: HeaderSafe
    """The password that belongs to it; it goes to `base_url` and nowhere else."""

    @validated("user")
    @classmethod
    def _carried(cls, user: str) -> str:
        if ":" in user or not user.isprintable():
            raise ValueError("write a user name without colons")
        return user


class ClientCredentials(Part):
    """OAuth 2.0 client credentials with a shared secret (RFC 6749 §4.4)."""

    kind: Literal["client-credentials"]
    """`client-credentials`: tokens are fetched with a client id and a secret."""

    client_id: str
    """The client id the EHR gave this installation."""

    client_secret: SecretStr
    """The secret that belongs to it; it goes to `token_url` and nowhere else."""

    token_url: TokenURL
    """The token endpoint; it may be on another host than `base_url`."""

    scope: str | None = None
    """The scopes to ask for, such as `system/Appointment.rs`; none by default."""

    sent_in: Literal["header", "body"] = "header"
    """Where both go: `header` (client_secret_basic) or `body` (client_secret_post)."""


class SMARTAuth(Part):
    """SMART Backend Services: tokens are fetched with what a private key signed."""

    kind: Literal["smart"]
    """`smart`: tokens are fetched with assertions that a private key signs."""

    client_id: str = Field(min_length=1)
    """The client id the EHR gave this installation."""

    private_key: PrivateKey
    """The key that signs, in PEM: RSA of at least 2048 bits (RS384) or EC on P-384
    (ES384). `reminder keys new` makes one.
    """

    published_keys: tuple[PublishedKey, ...] = ()
    """Further keys in PEM, private or public, that are published beside it: the next
    one before it signs, and the last one for a while after it did.
    """

    token_url: TokenURL | None = None
    """The token endpoint; by default the one the EHR publishes."""

    scopes: tuple[Scope, ...] = ()
    """The scopes to ask for; by default what Reminder uses, as the EHR writes them."""


Auth = Annotated[
    NoAuth | BearerAuth | BasicAuth | ClientCredentials | SMARTAuth,
    Field(discriminator="kind"),
]
