"""Reads one Appointment resource as the bookings of its patients, or says why not."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from reminder.ehr.drafts import Draft, Source
from reminder.ehr.human_names import without_additions
from reminder.ehr.instants import instant, lacks_zone
from reminder.ehr.join_urls import join_url
from reminder.ehr.kinds import kind
from reminder.ehr.raw import Resource, as_object, fingerprint, objects
from reminder.ehr.references import Target, Unusable, is_id, resolve
from reminder.ehr.text import instruction, label
from reminder.ehr.validate import Problem, r4_problem
from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
    ParticipationStatus,
    Place,
)
from reminder.model.readings import Reading, Unreadable

_TYPE = "Appointment"
# Nobody is expected: such an appointment may be without a start and a patient.
_NOT_HAPPENING = frozenset(
    {
        AppointmentStatus.PROPOSED,
        AppointmentStatus.WAITLIST,
        AppointmentStatus.CANCELLED,
        AppointmentStatus.ENTERED_IN_ERROR,
    }
)

_Code = TypeVar("_Code", bound=StrEnum)


def read_appointment(resource: Resource, source: Source) -> Draft | Unreadable:
    """The bookings of one Appointment: one for each patient who takes part.

    A cancelled appointment without a patient or a start has no bookings. A
    patient nobody can look up (a contained or foreign one) is passed over
    while another can be; without any the resource is unreadable.
    """
    resource_id = resource.get("id")
    if not is_id(resource_id):
        problem = "missing" if resource_id is None else "not-a-fhir-id"
        return _unreadable(None, Problem(f"{_TYPE}.id", problem), resource)
    found = r4_problem(resource, _TYPE) or _read(resource, source)
    if isinstance(found, Problem):
        return _unreadable(str(resource_id), found, resource)
    return found


def _unreadable(
    resource_id: str | None, problem: Problem, resource: Resource
) -> Unreadable:
    return Unreadable(_TYPE, resource_id, *problem, fingerprint(resource))


def _read(resource: Resource, source: Source) -> Draft | Problem:
    status = _coded(AppointmentStatus, resource.get("status"))
    if status is None:
        return Problem(f"{_TYPE}.status", "unknown-code")
    start_at = instant(resource.get("start"))
    if start_at is None:
        return _without_start(resource, source, status)
    patients = _patients(resource, source)
    if not isinstance(patients, dict):
        return patients if status not in _NOT_HAPPENING else _empty(resource, source)
    return _draft(resource, source, status, start_at, patients)


def _without_start(
    resource: Resource, source: Source, status: AppointmentStatus
) -> Draft | Problem:
    start = resource.get("start")
    if start is None and status in _NOT_HAPPENING:
        return _empty(resource, source)
    if start is None:
        return Problem(f"{_TYPE}.start", "missing")
    zoneless = "instant-without-zone" if lacks_zone(start) else "not-an-instant"
    return Problem(f"{_TYPE}.start", zoneless)


def _empty(resource: Resource, source: Source) -> Draft:
    return Draft(Reading(resource["id"], source.fingerprint(resource), ()))


def _draft(
    resource: Resource,
    source: Source,
    status: AppointmentStatus,
    start_at: datetime,
    patients: Mapping[str, ParticipationStatus],
) -> Draft:
    location_id, location = _first_actor(resource, source, ("Location",))
    practitioner_id, practitioner = _first_actor(
        resource, source, ("Practitioner", "PractitionerRole")
    )
    version_id = as_object(resource.get("meta")).get("versionId")
    link = join_url(resource, source.join_url_extensions)
    shared = Appointment(
        key=AppointmentKey(source.connection, resource["id"], ""),
        status=status,
        start_at=start_at,
        end_at=instant(resource.get("end")),
        created_at=instant(resource.get("created")),
        version_id=version_id if isinstance(version_id, str) else None,
        place=Place(location_id, label(location)) if location_id else None,
        practitioner=without_additions(practitioner),
        slot_ids=tuple(slot_ids(resource, source.base_url)),
        join_url=link,
        kind=kind(resource, source.base_url, has_join_url=link is not None),
        # Never `comment`, which is the clinic's own.
        instructions=instruction(resource.get("patientInstruction")),
        fingerprint=source.fingerprint(resource),
    )
    bookings = tuple(
        replace(
            shared,
            key=shared.key._replace(patient_id=patient_id),
            participation=participation,
        )
        for patient_id, participation in patients.items()
    )
    reading = Reading(resource["id"], shared.fingerprint, bookings)
    return Draft(reading, location_id, practitioner_id, source.accepted_is_confirmed)


def _patients(
    resource: Resource, source: Source
) -> dict[str, ParticipationStatus] | Problem:
    patients: dict[str, ParticipationStatus] = {}
    unusable: Problem | None = None
    for number, participant in enumerate(objects(resource.get("participant"))):
        path = f"{_TYPE}.participant[{number}]"
        target = resolve(participant.get("actor"), source.base_url)
        if isinstance(target, Unusable):
            if unusable is None and _may_be_patient(resource, participant, target):
                unusable = Problem(f"{path}.actor", target.problem)
        elif target.resource_type == "Patient":
            status = _coded(ParticipationStatus, participant.get("status"))
            if status is None:
                return Problem(f"{path}.status", "unknown-code")
            patients.setdefault(target.resource_id, status)
    return patients or unusable or Problem(f"{_TYPE}.participant", "no-patient")


def _may_be_patient(
    resource: Resource, participant: Resource, target: Unusable
) -> bool:
    if target.resource_type is not None:
        return target.resource_type == "Patient"
    if target.problem == "logical-reference":
        return True
    reference = as_object(participant.get("actor")).get("reference")
    return isinstance(reference, str) and any(
        contained.get("resourceType") == "Patient"
        and reference == f"#{contained.get('id')}"
        for contained in objects(resource.get("contained"))
    )


def _first_actor(
    resource: Resource, source: Source, types: tuple[str, ...]
) -> tuple[str | None, object]:
    """The first participant of these types: its id and the display beside it."""
    for participant in objects(resource.get("participant")):
        actor = as_object(participant.get("actor"))
        target = resolve(actor, source.base_url)
        if isinstance(target, Target) and target.resource_type in types:
            # Only the first type is looked up; of a role there is the display.
            own = target.resource_type == types[0]
            return target.resource_id if own else None, actor.get("display")
    return None, None


def slot_ids(resource: Resource, base_url: str) -> Iterator[str]:
    """The ids of the Slots an Appointment holds, in its own order."""
    for reference in objects(resource.get("slot")):
        target = resolve(reference, base_url)
        if isinstance(target, Target) and target.resource_type == "Slot":
            yield target.resource_id


def _coded(codes: type[_Code], value: object) -> _Code | None:
    return next((code for code in codes if code == value), None)
