"""What this installation is told about one EHR: where it is and how to speak to it."""

import re
from pathlib import Path
from typing import Any, Literal
from zoneinfo import available_timezones

from pydantic import Field, SecretStr, field_validator, model_validator

from reminder.ehr import profiles
from reminder.ehr.wire.addresses import EndpointURL, ProxyURL, is_plain
from reminder.ehr.wire.auth import Auth, ClientCredentials, NoAuth, Part, SMARTAuth
from reminder.ehr.wire.extra_headers import ExtraHeaders
from reminder.model.capabilities import SearchPlan, WriteStyle

# What other implementations write: R5's Appointment.virtualService as the HL7
# cross-version packages name it in R4. The Australian telehealth-videolink is
# not here on purpose: it is the practitioner's own link.
VIRTUAL_SERVICE = (
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.virtualService",
    "http://hl7.org/fhir/uv/xver/StructureDefinition/ext-R5-Appointment.virtualService",
)

_ACTOR = re.compile(
    r"(Practitioner|PractitionerRole|Location|HealthcareService|Device)"
    r"/[A-Za-z0-9._-]{1,256}"
)
_ROSTER_OF = {"practitioner": "Practitioner", "location": "Location"}


class EHRConfig(Part):
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

    client_key_password: SecretStr | None = None
    """The passphrase of that key, if it has one."""

    headers: ExtraHeaders = Field(default_factory=dict)
    """Further headers the EHR or its gateway asks for; they go to its origin only."""

    proxy: ProxyURL | None = None
    """The HTTP proxy by which the EHR is reached, such as `http://proxy:3128`."""

    proxy_user: str | None = None
    """The user name the proxy asks for, if it does."""

    proxy_password: SecretStr | None = None
    """The password that belongs to it; it goes to the proxy and nowhere else."""

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

    unversioned_writes: bool = False
    """Write although the EHR names no versions, after reading again what is to be
    changed.
    """

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

    @model_validator(mode="before")
    @classmethod
    def _as_the_profile_has_it(cls, given: Any) -> Any:  # noqa: ANN401 - as written
        """What suits the make of EHR, under what is set here."""
        name = given.get("profile") if isinstance(given, dict) else None
        return {**profiles.defaults(name), **given} if isinstance(name, str) else given

    @field_validator("roster")
    @classmethod
    def _names_actors(cls, roster: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_ACTOR.fullmatch(each) for each in roster):
            raise ValueError("write references such as Practitioner/17 or Location/17")
        return roster

    @field_validator("site_zone")
    @classmethod
    def _zone(cls, name: str | None) -> str | None:
        if name is not None and name not in available_timezones():
            raise ValueError("is not an IANA time zone such as America/New_York")
        return name

    @model_validator(mode="after")
    def _private(self) -> "EHRConfig":
        addresses: dict[str, str | None] = {"base_url": self.base_url}
        if isinstance(self.auth, ClientCredentials | SMARTAuth):
            addresses["token_url"] = self.auth.token_url
        for name, address in addresses.items():
            if address is not None and is_plain(address) and not self.plain_http:
                raise ValueError(f"{name}: http:// is only for this machine")
        return self

    @model_validator(mode="after")
    def _pairs(self) -> "EHRConfig":
        if (self.client_certificate is None) != (self.client_key is None):
            raise ValueError("client_certificate and client_key belong together")
        if self.client_key_password is not None and self.client_key is None:
            raise ValueError("client_key_password is for a client_key")
        if (self.proxy_user is None) != (self.proxy_password is None):
            raise ValueError("proxy_user and proxy_password belong together")
        if self.proxy_user is not None and self.proxy is None:
            raise ValueError("proxy_user is for a proxy")
        return self

    @model_validator(mode="after")
    def _only_moves_rebook(self) -> "EHRConfig":
        for name in ("confirm_by", "cancel_by"):
            if getattr(self, name) is WriteStyle.REBOOK:
                raise ValueError(f"{name}: rebook is a way to move only")
        return self

    @model_validator(mode="after")
    def _plan_has_whom(self) -> "EHRConfig":
        types = {each.partition("/")[0] for each in self.roster}
        wanted = _ROSTER_OF.get(self.roster_parameter or "")
        if self.search_plan is SearchPlan.BY_ROSTER and not self.roster:
            raise ValueError('by-roster needs a roster, as in ["Practitioner/17"]')
        if self.roster_parameter is None and len(types) > 1:
            raise ValueError("roster: without roster_parameter all are of one type")
        if wanted is not None and types - {wanted}:
            raise ValueError(
                f"roster: {self.roster_parameter} finds {wanted} references only"
            )
        return self
