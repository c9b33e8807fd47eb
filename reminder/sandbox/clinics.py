"""The two invented clinics: their doctors, their resources, their settings."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers

Resource = dict[str, Any]
"""A FHIR resource as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxClinic:
    """One invented clinic; `area_codes` are those of its patients' phones.

    `writes_utc` is how its scheduling module writes instants: with `Z`, or
    with the offset of the clinic's zone. Both are right, both are met.
    """

    clinic_id: str
    name: str
    short_name: str
    zone: ZoneInfo
    street: str
    city: str
    state: str
    postal_code: str
    phone: str
    doctors: tuple[tuple[str, str], ...]
    area_codes: tuple[str, ...]
    writes_utc: bool = False

    @property
    def location_id(self) -> str:
        """The id of the Location its visits take place at."""
        return f"{self.clinic_id}-main"

    def schedule_id(self, doctor: int) -> str:
        """The id of one doctor's Schedule."""
        return f"{self.clinic_id}-schedule-{doctor}"

    def practitioner_id(self, doctor: int) -> str:
        """The id of one doctor's Practitioner."""
        return f"{self.clinic_id}-doctor-{doctor}"


HARBOR = SandboxClinic(
    clinic_id="harbor",
    name="Harbor Family Clinic",
    short_name="Harbor Clinic",
    zone=ZoneInfo("America/New_York"),
    street="12 Harbor Street",
    city="New York",
    state="NY",
    postal_code="10004",
    phone="+12125550100",
    doctors=(("Maya", "Patel"), ("Jonas", "Lindqvist"), ("Amara", "Obi")),
    area_codes=("212", "646", "917", "718"),
)
PRAIRIE = SandboxClinic(
    clinic_id="prairie",
    name="Prairie Lake Clinic",
    short_name="Prairie Clinic",
    zone=ZoneInfo("America/Chicago"),
    street="480 Lake Avenue",
    city="Chicago",
    state="IL",
    postal_code="60601",
    phone="+13125550100",
    doctors=(("Lucía", "Márquez"), ("Peter", "Novak"), ("Hana", "Kimura")),
    area_codes=("312", "773", "872", "630"),
    writes_utc=True,
)
CLINICS = (HARBOR, PRAIRIE)

NO_REMINDERS_URL = "http://example.org/fhir/StructureDefinition/no-reminders"
"""The boolean extension on Patient with which this EHR says 'no reminders'."""


def clinic_resources(clinic: SandboxClinic) -> list[Resource]:
    """The clinic's Location, and each doctor's Practitioner and Schedule."""
    resources = [_location(clinic)]
    for doctor in range(len(clinic.doctors)):
        resources += [_practitioner(clinic, doctor), _schedule(clinic, doctor)]
    return resources


def van_location() -> Resource:
    """A Location that belongs to no clinic of the settings."""
    return {
        "resourceType": "Location",
        "id": "visiting-van",
        "status": "active",
        "name": "Visiting Van",
        "mode": "kind",
    }


def clinic_settings(connection: str) -> str:
    """The `[[clinic]]` tables of reminder.toml for both clinics, as TOML."""
    return "\n".join(_settings(clinic, connection) for clinic in CLINICS)


def _location(clinic: SandboxClinic) -> Resource:
    return {
        "resourceType": "Location",
        "id": clinic.location_id,
        "status": "active",
        "name": clinic.name,
        "telecom": [{"system": "phone", "value": clinic.phone, "use": "work"}],
        "address": {
            "line": [clinic.street],
            "city": clinic.city,
            "state": clinic.state,
            "postalCode": clinic.postal_code,
            "country": "US",
        },
    }


def _practitioner(clinic: SandboxClinic, doctor: int) -> Resource:
    given, family = clinic.doctors[doctor]
    return {
        "resourceType": "Practitioner",
        "id": clinic.practitioner_id(doctor),
        "active": True,
        "name": [
            {"use": "official", "prefix": ["Dr."], "given": [given], "family": family}
        ],
    }


def _schedule(clinic: SandboxClinic, doctor: int) -> Resource:
    return {
        "resourceType": "Schedule",
        "id": clinic.schedule_id(doctor),
        "active": True,
        "actor": [
            {"reference": f"Practitioner/{clinic.practitioner_id(doctor)}"},
            {"reference": f"Location/{clinic.location_id}"},
        ],
    }


def _as_printed(number: str) -> str:
    parsed = phonenumbers.parse(number)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)


def _settings(clinic: SandboxClinic, connection: str) -> str:
    town = f"{clinic.city}, {clinic.state} {clinic.postal_code}"
    return f"""\
[[clinic]]
id = "{clinic.clinic_id}"
connection = "{connection}"
name = "{clinic.name}"
short_name = "{clinic.short_name}"
zone = "{clinic.zone.key}"
locations = ["{clinic.location_id}"]
languages = ["en", "es"]
phone = "{_as_printed(clinic.phone)}"
address = "{clinic.street}, {town}"
country = "US"
quiet_hours = "20:00-08:00"

[clinic.tiers]
email = "full"

[[clinic.rule]]
name = "visits"

[[clinic.rule.steps]]
id = "moved"
offset = "when moved"
channels = ["sms", "email"]

[[clinic.rule.steps]]
id = "cancelled"
offset = "when cancelled"
channels = ["sms", "email"]

[[clinic.rule.steps]]
id = "week"
offset = "5 business days before at 10:00"
channels = ["email", "sms"]

[[clinic.rule.steps]]
id = "day"
offset = "24 hours before"
channels = ["sms", "email"]

[[clinic.rule.steps]]
id = "soon"
offset = "2 hours before"
channels = ["sms"]
"""
