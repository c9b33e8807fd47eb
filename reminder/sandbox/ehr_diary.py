"""What changed in the EHR since it was filled, for a person to see."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from reminder.sandbox.clinics import CLINICS, HARBOR, Resource
from reminder.sandbox.ehr_server import EHRServer

_ZONES = {clinic.location_id: clinic.zone for clinic in CLINICS}
_NEWEST = "Appointment?_sort=-_lastUpdated&_count=50&_include=Appointment:patient"


@dataclass(frozen=True, slots=True)
class ChangedVisit:
    """An Appointment with a version after its first; `zone` is its clinic's."""

    appointment_id: str
    version_id: str
    start_at: datetime | None
    zone: ZoneInfo
    patients: str = field(repr=False)
    status: str
    participation: str
    location: str


async def changed_visits(ehr: EHRServer) -> list[ChangedVisit]:
    """The visits somebody changed, the latest change first, at most fifty."""
    found = await ehr.search(_NEWEST)
    patients = {one["id"]: one for one in found if one["resourceType"] == "Patient"}
    return [
        _changed(one, patients)
        for one in found
        if one["resourceType"] == "Appointment" and one["meta"]["versionId"] != "1"
    ]


def _changed(visit: Resource, patients: dict[str, Resource]) -> ChangedVisit:
    ids = _actors(visit, "Patient")
    start = visit.get("start")
    locations = _actors(visit, "Location")
    return ChangedVisit(
        appointment_id=visit["id"],
        version_id=visit["meta"]["versionId"],
        start_at=datetime.fromisoformat(start) if start else None,
        zone=next((_ZONES[one] for one in locations if one in _ZONES), HARBOR.zone),
        patients=", ".join(_name(patients.get(one)) for one in ids),
        status=visit["status"],
        participation=_participation(visit),
        location=", ".join(locations),
    )


def _actors(visit: Resource, resource_type: str) -> list[str]:
    references = [
        participant.get("actor", {}).get("reference", "")
        for participant in visit["participant"]
    ]
    return [
        reference.removeprefix(f"{resource_type}/")
        for reference in references
        if reference.startswith(f"{resource_type}/")
    ]


def _participation(visit: Resource) -> str:
    answers: list[Any] = [
        participant["status"]
        for participant in visit["participant"]
        if "Patient/" in participant.get("actor", {}).get("reference", "")
    ]
    return ", ".join(answers)


def _name(patient: Resource | None) -> str:
    if patient is None:
        return ""
    name = patient["name"][0]
    return f"{' '.join(name.get('given', []))} {name.get('family', '')}"
