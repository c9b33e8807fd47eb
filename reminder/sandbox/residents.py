"""Who stands behind an address, so that a person can try a link in their place."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from reminder.sandbox.clinics import Resource

_NATIONAL_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Resident:
    """A patient told of at some address, themselves or through a guardian.

    `birth_date` is FHIR's `date`, which may be a year only.
    """

    patient_id: str
    name: str = field(repr=False)
    birth_date: str | None = field(repr=False)


class Residents:
    """The patients behind every address of some Patients and RelatedPersons."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        resources = list(resources)
        patients = {
            one["id"]: _resident(one)
            for one in resources
            if one["resourceType"] == "Patient"
        }
        self._behind: dict[str, list[Resident]] = defaultdict(list)
        for one in resources:
            for point in one.get("telecom", []):
                patient_id = _patient_id(one)
                if patient_id in patients:
                    address = _canonical(point["value"])
                    self._behind[address].append(patients[patient_id])

    def behind(self, address: str) -> list[Resident]:
        """Whom a message to that address is about; nobody if it is unknown."""
        return self._behind.get(_canonical(address), [])


def _patient_id(resource: Resource) -> str:
    if resource["resourceType"] == "RelatedPerson":
        reference: str = resource["patient"]["reference"]
        return reference.removeprefix("Patient/")
    return str(resource.get("id"))


def _resident(patient: Resource) -> Resident:
    name = patient["name"][0]
    return Resident(
        patient["id"],
        f"{' '.join(name['given'])} {name['family']}",
        patient.get("birthDate"),
    )


def _canonical(address: str) -> str:
    if "@" in address:
        return address.lower()
    return re.sub(r"\D", "", address)[-_NATIONAL_DIGITS:]
