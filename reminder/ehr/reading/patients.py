"""Reads Patient and RelatedPerson resources as the people who may be told."""

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice

from reminder.ehr.finding.survivors import is_replaced, replaced_by
from reminder.ehr.reading.contact_points import contact_points
from reminder.ehr.reading.guardians import are_guardians, contact_guardians
from reminder.ehr.reading.human_names import chosen, family_or_whole, first_given
from reminder.ehr.reading.instants import is_current
from reminder.ehr.reading.raw import Resource, as_object, fingerprint, objects
from reminder.ehr.reading.references import Target, is_id, resolve
from reminder.ehr.reading.validate import Problem, r4_problem
from reminder.ehr.reading.zones import home_zone
from reminder.model.people import ContactPoint, Guardian, Patient, PatientKey
from reminder.model.readings import Unreadable

_BCP_47 = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}")
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")

_MOST_LANGUAGES = 10


@dataclass(frozen=True, slots=True)
class Reader:
    """What the reading of people depends on."""

    connection: str
    base_url: str
    country: str
    opt_out_extension: str | None = None


@dataclass(frozen=True, slots=True)
class Former:
    """Somebody who is related to a patient no longer, or not yet.

    A contact with one of these addresses is likely the same person, whom
    nobody thought of taking out there as well.
    """

    patient_id: str
    contact_points: tuple[ContactPoint, ...]


Relative = tuple[str, Guardian] | Former
"""The patient's id and a guardian of theirs, or somebody who is none any more."""


def read_patient(
    resource: Resource, reader: Reader, *, now: datetime
) -> Patient | Unreadable:
    """A Patient; of guardians only contacts, the others come from RelatedPerson.

    A record replaced by another is inactive, and names the other as its
    `survivor_id`: whoever reads that one as well makes one of the two.
    """
    problem = _id_problem(resource, "Patient") or r4_problem(resource, "Patient")
    if problem is not None:
        return _unreadable(resource, "Patient", problem)
    name = chosen(resource.get("name"))
    born = resource.get("birthDate")
    languages = _languages(resource)
    return Patient(
        key=PatientKey(reader.connection, resource["id"]),
        given=first_given(name),
        family=family_or_whole(name),
        birth_date=born if isinstance(born, str) and _DATE.fullmatch(born) else None,
        language=languages[0] if languages else None,
        further_languages=languages[1:],
        zone=home_zone(resource, now=now, country=reader.country),
        contact_points=contact_points(
            resource.get("telecom"), now=now, country=reader.country
        ),
        guardians=contact_guardians(resource, now=now, country=reader.country),
        active=resource.get("active") is not False and not is_replaced(resource),
        deceased=bool(
            resource.get("deceasedBoolean") or resource.get("deceasedDateTime")
        ),
        opted_out=_is_opted_out(resource, reader.opt_out_extension),
        survivor_id=replaced_by(resource, reader.base_url),
    )


def read_guardian(
    resource: Resource, reader: Reader, *, now: datetime
) -> Relative | Unreadable | None:
    """The patient's id and the guardian; `Former` if inactive or outside the period.

    None when related in another way. One whose relation is not stated counts.
    """
    type_ = "RelatedPerson"
    problem = _id_problem(resource, type_) or r4_problem(resource, type_)
    patient = resolve(resource.get("patient"), reader.base_url)
    if problem is None and not isinstance(patient, Target):
        problem = Problem(f"{type_}.patient", patient.problem)
    if problem is not None or not isinstance(patient, Target):
        return _unreadable(resource, type_, problem or Problem(type_, "invalid"))
    points = contact_points(resource.get("telecom"), now=now, country=reader.country)
    current = is_current(resource.get("period"), now)
    if resource.get("active") is False or not current:
        return Former(patient.resource_id, points)
    relationships = list(objects(resource.get("relationship")))
    if relationships and not are_guardians(relationships):
        return None
    languages = _languages(resource)
    guardian = Guardian(resource["id"], points, languages[0] if languages else None)
    return patient.resource_id, guardian


def _id_problem(resource: Resource, resource_type: str) -> Problem | None:
    if is_id(resource.get("id")):
        return None
    missing = resource.get("id") is None
    return Problem(f"{resource_type}.id", "missing" if missing else "not-a-fhir-id")


def _unreadable(resource: Resource, resource_type: str, problem: Problem) -> Unreadable:
    resource_id = resource.get("id")
    return Unreadable(
        resource_type,
        str(resource_id) if is_id(resource_id) else None,
        *problem,
        fingerprint(resource),
    )


def _languages(resource: Resource) -> tuple[str, ...]:
    """The languages in BCP 47, the preferred one first, each once."""
    preferred_first = sorted(
        objects(resource.get("communication")),
        key=lambda each: each.get("preferred") is not True,
    )
    once: dict[str, str] = {}
    for tag in map(_tag, islice(preferred_first, _MOST_LANGUAGES)):
        if tag is not None:
            once.setdefault(tag.lower(), tag)
    return tuple(once.values())


def _tag(communication: Resource) -> str | None:
    """One language's tag: of several codings one of ISO 639-1, if there is any."""
    language = as_object(communication.get("language"))
    codes = [coding.get("code") for coding in objects(language.get("coding"))]
    tags = [code for code in codes if isinstance(code, str) and _BCP_47.fullmatch(code)]
    return min(tags, key=lambda tag: len(tag.partition("-")[0]), default=None)


def _is_opted_out(resource: Resource, extension_url: str | None) -> bool:
    extensions = chain(
        objects(resource.get("extension")), objects(resource.get("modifierExtension"))
    )
    return any(
        extension.get("url") == extension_url and extension.get("valueBoolean") is True
        for extension in extensions
    )
