"""Every setting there is; the sentence under a field is its documentation."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from reminder.ehr.config import EHRConfig
from reminder.model.clinics import ClinicDirectory
from reminder.model.rulesets import RulesetDocument
from reminder.rules.rule_parts import Part
from reminder.settings.clinics import ClinicSettings, OrganisationSettings
from reminder.settings.lanes import LaneSettings

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class DatabaseSettings(Part):
    """Where everything is kept."""

    url: str = Field(default="sqlite:///reminder.db", repr=False)
    """SQLite file (`sqlite:///reminder.db`) or PostgreSQL
    (`postgresql://user@host/db`); a password comes from a PGPASSFILE or `env:`.
    """

    password: SecretStr | None = None
    """PostgreSQL's password, as `file:NAME` or `env:NAME`."""


class KeySettings(Part):
    """The keys that encrypt patient data in the database."""

    file: Path = Path("keys.json")
    """The key ring, made at first start with mode 0600. Without it the database is
    unreadable: back it up elsewhere.
    """

    ring: SecretStr | None = None
    """The key ring itself, as `env:NAME` or `file:NAME`, instead of a file we make."""


class WebSettings(Part):
    """The patient pages, the callbacks and the health pages."""

    host: str = "127.0.0.1"
    """The address to listen on; a reverse proxy that ends TLS stands in front."""

    port: int = Field(default=8000, ge=0, le=65535)
    """The TCP port to listen on; 0 takes a free one."""


class WorkSettings(Part):
    """How often things happen, and within which limits."""

    sync_every_s: int = Field(default=120, ge=1)
    """Seconds between two questions to each EHR about what changed."""

    window_every_s: int = Field(default=1800, ge=1)
    """Seconds between two complete readings of the horizon."""

    horizon_days: int = Field(default=14, ge=1, le=400)
    """How many days ahead appointments are read; longer than the longest offset."""

    dispatch_every_s: int = Field(default=30, ge=1)
    """Seconds between two looks for due reminders; the next due instant wakes it
    earlier.
    """

    write_back_every_s: int = Field(default=15, ge=1)
    """Seconds between two tries to write what is waiting into the EHR."""

    keep_every_s: int = Field(default=60, ge=1)
    """Seconds between two rounds of housekeeping."""

    freshness_s: int = Field(default=60, ge=0)
    """An appointment not seen in the EHR for so many seconds is read again before
    anything is sent about it.
    """

    silence_limit_s: int = Field(default=7200, ge=60)
    """Seconds of silence of an EHR after which IT is told that reminders are held."""

    patient_ttl_s: int = Field(default=86400, ge=60)
    """Seconds after which a patient's record is read again during a sync."""

    batch: int = Field(default=100, ge=1, le=1000)
    """How many reminders one look takes at most."""

    lease_s: int = Field(default=300, ge=10)
    """Seconds a node may hold what it took; after its death others go on then."""

    in_flight: int = Field(default=8, ge=1, le=200)
    """How many messages one transport sends at the same time."""

    answer_limit_s: float = Field(default=8, gt=0, le=30)
    """Seconds a patient waits for the EHR before the answer is queued instead."""

    ready_limit_s: int = Field(default=900, ge=1)
    """A last sync older than so many seconds makes /health/ready say no."""


class ConnectionSettings(EHRConfig):
    """One EHR."""

    name: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    """A short name of your own for this EHR; it must never change afterwards."""

    default_clinic: str | None = None
    """The clinic that takes appointments whose Location is in no clinic; without one
    they go to the worklist.
    """

    def ehr_config(self) -> EHRConfig:
        """What the EHR room needs of it."""
        own = {"name", "default_clinic"}
        fields = {
            name: getattr(self, name)
            for name in EHRConfig.model_fields
            if name not in own
        }
        return EHRConfig.model_construct(**fields)


class Settings(BaseSettings):
    """The whole tree."""

    model_config = SettingsConfigDict(
        env_prefix="REMINDER_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    public_url: str
    """The address patients reach us at; https unless it is this very machine."""

    database: DatabaseSettings = DatabaseSettings()
    """Where everything is kept."""

    keys: KeySettings = KeySettings()
    """The keys that encrypt patient data in the database."""

    web: WebSettings = WebSettings()
    """The pages."""

    work: WorkSettings = WorkSettings()
    """How often things happen, and within which limits."""

    connection: tuple[ConnectionSettings, ...] = ()
    """The EHRs."""

    clinic: tuple[ClinicSettings, ...] = ()
    """The clinics."""

    organisation: OrganisationSettings | None = None
    """The rules that clinics may share."""

    transport: dict[str, dict[str, Any]] = Field(default_factory=dict, repr=False)
    """The ways out by name; each transport's own settings are documented with it."""

    @field_validator("public_url")
    @classmethod
    def _https(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("write it as https://links.clinic.example")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ValueError("patients' links need https (http only on this machine)")
        if parts.query or parts.fragment or parts.username:
            raise ValueError("no user, query or fragment belongs here")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _names_agree(self) -> "Settings":
        connections = [connection.name for connection in self.connection]
        clinics = [clinic.id for clinic in self.clinic]
        for names, what in ((connections, "connections"), (clinics, "clinics")):
            if len(names) != len(set(names)):
                raise ValueError(f"two {what} have the same name")
        places = [
            (clinic.connection, place)
            for clinic in self.clinic
            for place in clinic.locations
        ]
        if len(places) != len(set(places)):
            raise ValueError("two clinics have the same Location")
        for clinic in self.clinic:
            if clinic.connection not in connections:
                raise ValueError(f"clinic {clinic.id}: no connection of that name")
        for connection in self.connection:
            default = connection.default_clinic
            if default is not None and default not in clinics:
                raise ValueError(
                    f"connection {connection.name}: no such default_clinic"
                )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over what the file gave; nothing else is read."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings

    def directory(self) -> ClinicDirectory:
        """The clinics as the rules know them, with what this file says of rules."""
        shared = self.shared_rules()
        return ClinicDirectory(
            clinics=tuple(clinic.clinic(shared) for clinic in self.clinic),
            defaults={
                connection.name: connection.default_clinic
                for connection in self.connection
                if connection.default_clinic is not None
            },
        )

    def shared_rules(self) -> RulesetDocument | None:
        """The organisation's ruleset, if this file has one."""
        return None if self.organisation is None else self.organisation.document()

    def documents(self) -> tuple[RulesetDocument, ...]:
        """The rulesets of this file, the organisation's first.

        A clinic of which nothing of a ruleset is written here has none.
        """
        own = (clinic.document() for clinic in self.clinic)
        return tuple(one for one in (self.shared_rules(), *own) if one is not None)

    def lane(self, transport: str) -> LaneSettings:
        """How much that transport may send."""
        return LaneSettings.model_validate(self._lane(transport))

    def of_transport(self, transport: str) -> dict[str, Any]:
        """What is written for that transport itself."""
        lane = self._lane(transport)
        written = self.transport[transport]
        return {name: value for name, value in written.items() if name not in lane}

    def _lane(self, transport: str) -> dict[str, Any]:
        written = self.transport[transport]
        return {
            name: written[name] for name in LaneSettings.model_fields.keys() & written
        }
