"""Sorts out who takes part in an appointment, however each of them is referred to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain, islice
from typing import TypeVar

from reminder.ehr.reading.human_names import as_addressed, chosen, without_additions
from reminder.ehr.reading.raw import Resource, as_object, objects
from reminder.ehr.reading.references import NO_URNS, Target, Unusable, resolve
from reminder.ehr.reading.text import label
from reminder.ehr.reading.validate import Problem
from reminder.model.appointments import ParticipationStatus, Place

_MOST_IDENTIFIERS = 5
_LONGEST_IDENTIFIER = 256
_LABELLED = ("Location", "HealthcareService")
_PEOPLE = ("Practitioner", "PractitionerRole")

_Code = TypeVar("_Code", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Identifier:
    """A FHIR Identifier that can be searched for: both parts are patient data."""

    system: str = field(repr=False)
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sought:
    """A patient whom an appointment names by identifiers only."""

    identifiers: tuple[Identifier, ...] = field(repr=False)
    participant: int
    participation: ParticipationStatus
    is_certain: bool = True
    """Off: it is not said that this is a patient and not, say, a practitioner."""
    birth_date: str = field(default="", repr=False)

    @property
    def path(self) -> str:
        """The FHIRPath of the reference."""
        return _path(self.participant)


@dataclass(slots=True)
class Party:
    """Everybody and everything that takes part.

    `patients` are those with an id on this server, and the number of their
    participant; `sought` those to be looked up, `passed_over` those nobody
    can, `unclear` what may not even be a patient. `labelled` are Locations
    and HealthcareServices, whose own security labels count. `place` and
    `practitioner` are named as the appointment itself names them.
    """

    patients: dict[str, tuple[int, ParticipationStatus]] = field(default_factory=dict)
    sought: list[Sought] = field(default_factory=list)
    passed_over: list[Problem] = field(default_factory=list)
    unclear: list[Problem] = field(default_factory=list)
    labelled: dict[Target, None] = field(default_factory=dict)
    practitioner_ids: set[str] = field(default_factory=set)
    place: Place | None = None
    practitioner_id: str | None = None
    practitioner: str | None = None


def party(
    resource: Resource, base_url: str, urns: Mapping[str, Target] = NO_URNS
) -> Party | Problem:
    """Who takes part in an Appointment; a Problem where a patient's part is unclear."""
    found = Party()
    contained = _contained(resource)
    listed = resource.get("participant")
    for number, each in enumerate(listed if isinstance(listed, list) else ()):
        participant = as_object(each)
        actor = as_object(participant.get("actor"))
        target = resolve(actor, base_url, urns)
        inside = _referred(actor, contained)
        of_type = target.resource_type or inside.get("resourceType")
        if _may_be_patient(of_type, actor):
            status = coded(ParticipationStatus, participant.get("status"))
            if status is None:
                path = _path(number).removesuffix("actor")
                return Problem(f"{path}status", "unknown-code")
            sought = _sought(actor, inside, number, status, is_certain=bool(of_type))
            _add_patient(found, target, sought)
        else:
            _add_other(found, target, of_type, actor, inside)
    return found


def coded(codes: type[_Code], value: object) -> _Code | None:
    """The code, spelled as FHIR spells it; None when it is none of these."""
    return next((code for code in codes if code == value), None)


def _path(number: int) -> str:
    return f"Appointment.participant[{number}].actor"


def _contained(resource: Resource) -> dict[str, Resource]:
    return {f"#{each.get('id')}": each for each in objects(resource.get("contained"))}


def _referred(actor: Resource, contained: Mapping[str, Resource]) -> Resource:
    literal = actor.get("reference")
    return contained.get(literal, {}) if isinstance(literal, str) else {}


def _may_be_patient(of_type: object, actor: Resource) -> bool:
    # A logical reference without a type may be anybody's.
    return of_type == "Patient" if of_type else "identifier" in actor


def _add_patient(found: Party, target: Target | Unusable, sought: Sought) -> None:
    if isinstance(target, Target):
        place = (sought.participant, sought.participation)
        found.patients.setdefault(target.resource_id, place)
    elif sought.identifiers:
        found.sought.append(sought)
    else:
        problem = Problem(sought.path, target.problem)
        (found.passed_over if sought.is_certain else found.unclear).append(problem)


def _sought(
    actor: Resource,
    inside: Resource,
    number: int,
    status: ParticipationStatus,
    *,
    is_certain: bool,
) -> Sought:
    born = inside.get("birthDate")
    return Sought(
        _identifiers(actor, inside),
        number,
        status,
        is_certain,
        born if isinstance(born, str) else "",
    )


def _identifiers(actor: Resource, inside: Resource) -> tuple[Identifier, ...]:
    """Those with a system: without one, a number is somebody else's elsewhere."""
    listed = chain(
        objects([actor.get("identifier")]), objects(inside.get("identifier"))
    )
    pairs = ((each.get("system"), each.get("value")) for each in listed)
    usable = (
        Identifier(system, value)
        for system, value in pairs
        if isinstance(system, str)
        and isinstance(value, str)
        and _is_searchable(system)
        and _is_searchable(value)
    )
    return tuple(dict.fromkeys(islice(usable, _MOST_IDENTIFIERS)))


def _is_searchable(part: str) -> bool:
    return 0 < len(part) <= _LONGEST_IDENTIFIER and part.isprintable()


def _add_other(
    found: Party,
    target: Target | Unusable,
    of_type: object,
    actor: Resource,
    inside: Resource,
) -> None:
    if isinstance(target, Target) and of_type in _LABELLED:
        found.labelled.setdefault(target)
    if of_type == "Location" and found.place is None:
        found.place = _place(target, actor, inside)
    elif of_type in _PEOPLE:
        _add_practitioner(found, target, actor, inside)


def _place(
    target: Target | Unusable, actor: Resource, inside: Resource
) -> Place | None:
    """The place, by its id, its display, or as it is contained; None for none."""
    location_id = target.resource_id if isinstance(target, Target) else ""
    name = label(actor.get("display")) or label(inside.get("name"))
    return Place(location_id, name) if location_id or name else None


def _add_practitioner(
    found: Party, target: Target | Unusable, actor: Resource, inside: Resource
) -> None:
    if isinstance(target, Target):
        found.practitioner_ids.add(target.resource_id)
    if found.practitioner is not None:
        return
    own = as_addressed(chosen(inside.get("name")))
    found.practitioner = without_additions(actor.get("display")) or own
    # Only a Practitioner is looked up; of a role there is the display.
    if isinstance(target, Target) and target.resource_type == "Practitioner":
        found.practitioner_id = target.resource_id


def contained_labels(resource: Resource) -> Iterator[Resource]:
    """The security labels of what an Appointment contains of its circumstances."""
    for each in objects(resource.get("contained")):
        if each.get("resourceType") in (*_LABELLED, "Slot", "Schedule"):
            yield from objects(as_object(each.get("meta")).get("security"))
