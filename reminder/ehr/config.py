"""What this installation is told about one EHR: where it is and how to speak to it."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic import model_validator as validated

# What other implementations write: R5's Appointment.virtualService as the HL7
# cross-version packages name it in R4. The Australian telehealth-videolink is
# not here on purpose: it is the practitioner's own link.
VIRTUAL_SERVICE = (
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.virtualService",
    "http://hl7.org/fhir/uv/xver/StructureDefinition/ext-R5-Appointment.virtualService",
)

_NEVER = ("fe80::/10", "169.254.0.0/16", "0.0.0.0/8", "::/128")


def is_loopback(host: str) -> bool:
    """Whether the host can only be this very machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(value: str) -> SplitResult:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address starts with https:// and a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address holds no user name and no password")
    if parts.query or parts.fragment:
        raise ValueError("an address ends before ? and #")
    return parts


def _is_never_an_ehr(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "metadata.google.internal"
    networks = (ipaddress.ip_network(network) for network in _NEVER)
    return address.is_multicast or any(address in network for network in networks)


def _endpoint(value: str) -> str:
    parts = _address(value)
    if _is_never_an_ehr(parts.hostname or ""):
        raise ValueError("a link-local or multicast address is no server of yours")
    return value.rstrip("/")


EndpointURL = Annotated[str, AfterValidator(_endpoint)]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


class NoAuth(_Part):
    """The EHR asks for nothing: only on a network that is itself protected."""

    kind: Literal["none"] = "none"
    """`none`: requests carry no credential."""


class BearerAuth(_Part):
    """One token, good for as long as the EHR says."""

    kind: Literal["bearer"]
    """`bearer`: every request carries the same token."""

    token: SecretStr
    """The token; it goes to `base_url` and nowhere else."""


class ClientCredentials(_Part):
    """OAuth 2.0 client credentials with a shared secret (RFC 6749 §4.4)."""

    kind: Literal["client-credentials"]
    """`client-credentials`: tokens are fetched with a client id and a secret."""

    client_id: str
    """The client id the EHR gave this installation."""

    client_secret: SecretStr
    """The secret that belongs to it; it goes to `token_url` and nowhere else."""

    token_url: EndpointURL
    """The token endpoint; it may be on another host than `base_url`."""

    scope: str | None = None
    """The scopes to ask for, such as `system/Appointment.rs`; none by default."""

    sent_in: Literal["header", "body"] = "header"
    """Where both go: `header` (client_secret_basic) or `body` (client_secret_post)."""


Auth = Annotated[NoAuth | BearerAuth | ClientCredentials, Field(discriminator="kind")]


class EHRConfig(_Part):
    """One connection. Everything but `base_url` has a default that suits most EHRs."""

    base_url: EndpointURL
    """The service base URL, the one that `/metadata` is appended to."""

    plain_http: bool = False
    """Allow `http://` beyond this machine, where the network is itself protected."""

    ca_bundle: Path | None = None
    """A PEM file of the authorities to trust instead of the public ones."""

    auth: Auth = NoAuth()
    """How this installation proves who it is."""

    default_country: str = Field(default="US", pattern="^[A-Z]{2}$")
    """The country (ISO 3166) of telephone numbers written without one."""

    opt_out_extension: str | None = None
    """The URL of a boolean extension on Patient by which the EHR marks an opt-out."""

    accepted_is_confirmed: bool = True
    """Off: `accepted` is no answer, for EHRs that book everybody as accepted."""

    join_url_extensions: tuple[str, ...] = VIRTUAL_SERVICE
    """The URLs of Appointment extensions that hold the patient's own video link."""

    communication_system: str = "urn:ietf:rfc:3986"
    """The identifier system under which sent messages are recorded in the EHR."""

    connect_timeout_s: float = Field(default=10, gt=0)
    """How long to wait for a connection."""

    read_timeout_s: float = Field(default=60, gt=0)
    """How long to wait for a whole answer once connected."""

    max_body_bytes: int = Field(default=16 * 1024 * 1024, gt=0)
    """The largest answer that is read."""

    requests_per_s: float = Field(default=5, gt=0)
    """How many requests a second the EHR allows, on average."""

    burst: int = Field(default=20, ge=1)
    """How many requests may go at once before that average holds."""

    max_concurrent: int = Field(default=4, ge=1)
    """How many requests may be under way at the same time."""

    page_size: int = Field(default=100, ge=1, le=1000)
    """How many entries to ask for on one page of a search."""

    max_pages: int = Field(default=200, ge=1)
    """The most pages of one search that are followed before it is refused."""

    ids_per_request: int = Field(default=30, ge=1, le=100)
    """How many ids go into one `_id` search; some servers refuse longer URLs."""

    strict: bool = True
    """Ask the EHR to refuse unknown search parameters instead of ignoring them."""

    names_ttl_h: float = Field(default=12, gt=0)
    """How long the name of a Location or a Practitioner is believed, in hours."""

    @validated(mode="after")
    def _private(self) -> "EHRConfig":
        addresses = {"base_url": self.base_url}
        if isinstance(self.auth, ClientCredentials):
            addresses["token_url"] = self.auth.token_url
        for name, address in addresses.items():
            parts = urlsplit(address)
            plain = parts.scheme == "http" and not is_loopback(parts.hostname or "")
            if plain and not self.plain_http:
                raise ValueError(f"{name}: http:// is only for this machine")
        return self
