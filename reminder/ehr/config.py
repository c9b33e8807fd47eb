"""What this installation is told about one EHR: where it is and how to speak to it."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic import model_validator as validated

from reminder.model.capabilities import SearchPlan, WriteStyle

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

    profile: str | None = Field(default=None, pattern="^[a-z0-9-]{1,40}$")
    """The EHR's make, such as `epic`; what suits it holds where nothing is set here."""

    base_url: EndpointURL
    """The service base URL, the one that `/metadata` is appended to."""

    plain_http: bool = False
    """Allow `http://` beyond this machine, where the network is itself protected."""

    ca_bundle: Path | None = None
    """A PEM file of the authorities to trust instead of the public ones."""

    auth: Auth = NoAuth()
    """How this installation proves who it is."""

    client_certificate: Path | None = None
    """A PEM file with our certificate (and its chain), for mutual TLS."""

    client_key: SecretStr | None = None
    """The private key of that certificate in PEM, as `file:NAME` or `env:NAME`."""

    headers: dict[str, SecretStr] = Field(default_factory=dict, repr=False)
    """Further headers the EHR or its gateway asks for; they go to its origin only."""

    proxy: EndpointURL | None = None
    """The HTTP proxy by which the EHR is reached, such as `http://proxy:3128`."""

    search_plan: SearchPlan = SearchPlan.BY_DATE
    """How appointments are found; `reminder connect` says which plan suits."""

    roster: tuple[str, ...] = ()
    """Whose appointments are asked for in plan `by-roster`, such as `Location/17`."""

    roster_parameter: Literal["practitioner", "location", "actor"] | None = None
    """The search parameter of the roster; by default what its references are."""

    patients_file: Path | None = None
    """A file of Patient ids, one a line, for plan `by-patient`."""

    patient_group: str | None = Field(default=None, pattern=r"^Group/\S{1,256}$")
    """The Group whose members are asked for in plan `by-patient`, as `Group/ID`."""

    actors_per_request: int = Field(default=20, ge=1, le=100)
    """How many of the roster, or of the patients, go into one search."""

    longest_visit_h: float = Field(default=0, ge=0, le=48)
    """Above 0 for EHRs that find only visits that also end within the period asked
    for: the longest visit there is, in hours.
    """

    site_zone: str | None = None
    """The IANA zone of times the EHR writes without one; else they are quarantined."""

    confirm_by: WriteStyle | None = None
    """How a confirmation is written; by default as the EHR's statement allows."""

    cancel_by: WriteStyle | None = None
    """How a cancellation is written; by default as the EHR's statement allows."""

    move_by: WriteStyle | None = None
    """How a new time is written; by default as the EHR's statement allows."""

    push_secret: SecretStr | None = None
    """What the EHR proves its notifications with; without one none are taken."""

    failures_before_pause: int = Field(default=5, ge=1)
    """After so many failures in a row the EHR is left alone for a while."""

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
