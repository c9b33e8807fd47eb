"""Reads one Appointment resource as the bookings of its patients, or says why not."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from reminder.ehr.reading.drafts import Draft, Source, booking
from reminder.ehr.reading.entries import Entry
from reminder.ehr.reading.instants import instant, lacks_zone
from reminder.ehr.reading.join_urls import join_url
from reminder.ehr.reading.kinds import kind
from reminder.ehr.reading.participants import Party, coded, party
from reminder.ehr.reading.raw import Resource, as_object, objects
from reminder.ehr.reading.references import NO_URNS, Target, is_id, resolve
from reminder.ehr.reading.repairs import repair, repaired
from reminder.ehr.reading.text import instruction
from reminder.ehr.reading.validate import Problem, r4_problem
from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
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
_LONGEST_MINUTES = 7 * 24 * 60
_SEVERAL_LABELLED = 10


def read_appointment(
    resource: Resource, source: Source, urns: Mapping[str, Target] = NO_URNS
) -> Draft | Unreadable:
    """The bookings of one Appointment: one for each patient who takes part.

    A patient known by an identifier alone is `sought`: see `Draft.located`. A
    cancelled appointment without a patient or a start has no bookings. A
    patient nobody can look up (on another server, say) is passed over while
    another can be; without any the resource is unreadable. What could be read
    only after a repair, or without somebody, says so in its `repairs`. `urns`
    are the other entries of the Bundle.
    """
    resource_id, print_ = resource.get("id"), source.fingerprint(resource)
    if not is_id(resource_id):
        problem = "missing" if resource_id is None else "not-a-fhir-id"
        return Unreadable(_TYPE, None, f"{_TYPE}.id", problem, print_)
    sound, repairs = repaired(resource, source.site_zone)
    # The fingerprint is of what came: a repair must not hide a change.
    blank = Reading(str(resource_id), print_, ())
    flagged = _flagged(blank, repairs)
    found = r4_problem(sound, _TYPE) or _read(sound, source, urns, flagged)
    return Draft(blank).unreadable(found) if isinstance(found, Problem) else found


def read_entry(
    entry: Entry, source: Source, urns: Mapping[str, Target] = NO_URNS
) -> Draft | Unreadable:
    """As `read_appointment`, for what came in a Bundle."""
    resource = entry.resource()
    if resource is None:
        resource_id = entry.resource_id if is_id(entry.resource_id) else None
        path = f"Bundle.entry[{entry.number}].resource"
        name = str(resource_id) if resource_id is not None else None
        return Unreadable(_TYPE, name, path, "not-json", entry.fingerprint())
    return read_appointment(resource, source, urns)


def start_of(start: object, source: Source) -> datetime | None:
    """When it begins, in UTC, repaired where it can be; None when nobody can tell."""
    at = instant(start)
    if at is None and (fixed := repair(start, source.site_zone)) is not None:
        at = instant(fixed.text)
    return at


def _flagged(blank: Reading, problems: tuple[Problem, ...]) -> Reading:
    draft = Draft(blank)
    return replace(blank, repairs=tuple(map(draft.unreadable, problems)))


def _read(
    resource: Resource, source: Source, urns: Mapping[str, Target], blank: Reading
) -> Draft | Problem:
    status = coded(AppointmentStatus, resource.get("status"))
    if status is None:
        return Problem(f"{_TYPE}.status", "unknown-code")
    start_at = instant(resource.get("start"))
    if start_at is None:
        return _without_start(resource, status, blank)
    who = party(resource, source.base_url, urns)
    may_be_empty = status in _NOT_HAPPENING
    if isinstance(who, Problem):
        return Draft(blank) if may_be_empty else who
    if not (who.patients or who.sought or may_be_empty):
        lost = [*who.passed_over, *who.unclear]
        return lost[0] if lost else Problem(f"{_TYPE}.participant", "no-patient")
    template = _template(resource, source, who, status, start_at, blank.fingerprint)
    return _draft(blank, source, who, template, may_be_empty=may_be_empty)


def _without_start(
    resource: Resource, status: AppointmentStatus, blank: Reading
) -> Draft | Problem:
    start = resource.get("start")
    if start is None and status in _NOT_HAPPENING:
        return Draft(blank)
    if start is None:
        return Problem(f"{_TYPE}.start", "missing")
    zoneless = "instant-without-zone" if lacks_zone(start) else "not-an-instant"
    return Problem(f"{_TYPE}.start", zoneless)


def _template(
    resource: Resource,
    source: Source,
    who: Party,
    status: AppointmentStatus,
    start_at: datetime,
    fingerprint: str,
) -> Appointment:
    """What the bookings of all its patients have in common."""
    meta = as_object(resource.get("meta"))
    version_id = meta.get("versionId")
    link = join_url(resource, source.join_url_extensions)
    return Appointment(
        key=AppointmentKey(source.connection, resource["id"], ""),
        status=status,
        start_at=start_at,
        end_at=_end_at(resource, start_at),
        created_at=instant(resource.get("created")),
        version_id=version_id if isinstance(version_id, str) else None,
        updated_at=instant(meta.get("lastUpdated")),
        place=who.place,
        practitioner=who.practitioner or "",
        slot_ids=tuple(slot_ids(resource, source.base_url)),
        join_url=link,
        kind=kind(resource, who.practitioner_ids, has_join_url=link is not None),
        # Never `comment`, which is the clinic's own.
        instructions=instruction(resource.get("patientInstruction")),
        fingerprint=fingerprint,
    )


def _draft(
    blank: Reading,
    source: Source,
    who: Party,
    template: Appointment,
    *,
    may_be_empty: bool,
) -> Draft:
    bookings = tuple(
        booking(template, patient_id, participation)
        for patient_id, (_, participation) in who.patients.items()
    )
    draft = Draft(
        replace(blank, bookings=bookings),
        location_id=who.place.location_id or None if who.place else None,
        practitioner_id=who.practitioner_id,
        labelled=tuple(who.labelled)[:_SEVERAL_LABELLED],
        accepted_is_confirmed=source.accepted_is_confirmed,
        participants={id_: number for id_, (number, _) in who.patients.items()},
        sought=tuple(who.sought),
        template=template if who.sought else None,
        may_be_empty=may_be_empty,
    )
    if not who.passed_over or not (bookings or who.sought):
        return draft
    lost = tuple(map(draft.unreadable, who.passed_over))
    reading = replace(draft.reading, repairs=draft.reading.repairs + lost)
    return replace(draft, reading=reading)


def _end_at(resource: Resource, start_at: datetime) -> datetime | None:
    """When it ends: as it says, else after as many minutes as it says."""
    end_at, minutes = instant(resource.get("end")), resource.get("minutesDuration")
    if end_at is not None and end_at > start_at:
        return end_at
    if isinstance(minutes, int) and 0 < minutes <= _LONGEST_MINUTES:
        return start_at + timedelta(minutes=minutes)
    return end_at


def slot_ids(resource: Resource, base_url: str) -> Iterator[str]:
    """The ids of the Slots an Appointment holds, in its own order."""
    for reference in objects(resource.get("slot")):
        target = resolve(reference, base_url)
        if isinstance(target, Target) and target.resource_type == "Slot":
            yield target.resource_id
