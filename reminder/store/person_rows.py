"""Patients as the model has them, to and from the rows of their table."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import orjson
from sqlalchemy import Row

from reminder.model.people import ContactPoint, Guardian, Patient, PatientKey
from reminder.store.addresses import address_index, from_cell, to_cell
from reminder.store.keyring import KeyRing
from reminder.store.sealing import Sealer


def to_values(sealer: Sealer, row_id: UUID, patient: Patient) -> dict[str, Any]:
    """What a row holds of a patient who could be read."""
    return {
        "readable": True,
        "active": patient.active,
        "deceased": patient.deceased,
        "opted_out": patient.opted_out,
        "language": patient.language,
        "survivor_id": patient.survivor_id,
        "sealed": sealer.seal(row_id, _told(patient)),
    }


def unread_values() -> dict[str, Any]:
    """What a row holds of a patient nobody could read, or nobody has read yet."""
    return {
        "readable": False,
        "active": True,
        "deceased": False,
        "opted_out": False,
        "language": None,
        "survivor_id": None,
        "fingerprint": "",
        "sealed": b"",
    }


def from_row(sealer: Sealer, row: Row[Any]) -> Patient | None:
    """The patient a whole row of the table holds; None when it was never readable."""
    if not row.readable:
        return None
    told = sealer.open(row.id, row.sealed)
    return Patient(
        key=PatientKey(row.connection, row.patient_id),
        given=told["given"],
        family=told["family"],
        birth_date=told["birth_date"],
        language=row.language,
        further_languages=tuple(told.get("further_languages", ())),
        zone=told.get("zone"),
        contact_points=_points(told["contact_points"]),
        guardians=tuple(_guardian(one) for one in told["guardians"]),
        active=row.active,
        deceased=row.deceased,
        opted_out=row.opted_out,
        survivor_id=row.survivor_id,
    )


def fingerprint(ring: KeyRing, patient: Patient) -> str:
    """Changes whenever anything of the patient does.

    It is keyed: a plain hash would let anyone with a list of names and birth
    dates see which of them are in the file.
    """
    clear: list[object] = [
        patient.active,
        patient.deceased,
        patient.opted_out,
        patient.language,
    ]
    if patient.survivor_id is not None:
        # Left out where there is none: who is kept has the name they always had.
        clear.append(patient.survivor_id)
    text = orjson.dumps([clear, _told(patient)]).decode()
    return ring.index("patient-fingerprint", text).hex()


def address_rows(
    ring: KeyRing, person_id: UUID, patient: Patient
) -> list[dict[str, Any]]:
    """A row for every address at which the patient or a guardian can be reached."""
    return [
        {
            "id": uuid4(),
            "person_id": person_id,
            "channel": point.channel.value,
            "address_index": address_index(ring, point),
        }
        for point in sorted(points_of(patient), key=to_cell)
    ]


def points_of(patient: Patient) -> set[ContactPoint]:
    """Every address of the patient and of the guardians."""
    return {*patient.contact_points, *_guardians_points(patient)}


def _guardians_points(patient: Patient) -> Iterator[ContactPoint]:
    for guardian in patient.guardians:
        yield from guardian.contact_points


def _guardian(cell: dict[str, Any]) -> Guardian:
    return Guardian(cell["id"], _points(cell["contact_points"]), cell["language"])


def _points(cells: list[list[str]]) -> tuple[ContactPoint, ...]:
    return tuple(from_cell(cell) for cell in cells)


def _told(patient: Patient) -> dict[str, Any]:
    """What is sealed; what is rarely known is left out, as it always was."""
    cell: dict[str, Any] = {
        "given": patient.given,
        "family": patient.family,
        "birth_date": patient.birth_date,
        "contact_points": [to_cell(point) for point in patient.contact_points],
        "guardians": [
            {
                "id": guardian.related_person_id,
                "language": guardian.language,
                "contact_points": [to_cell(point) for point in guardian.contact_points],
            }
            for guardian in patient.guardians
        ],
    }
    if patient.zone is not None:
        cell["zone"] = patient.zone
    if patient.further_languages:
        cell["further_languages"] = list(patient.further_languages)
    return cell
