"""Reads what kind of visit an Appointment is: by its codes, its labels, its people.

Labels of the Slot and the Schedule are read only where the Appointment contains
them: a service that must not be named goes on the clinic's own list.
"""

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from itertools import chain, islice

from reminder.ehr.reading.participants import contained_labels
from reminder.ehr.reading.raw import Resource, as_object, objects
from reminder.ehr.reading.text import plain
from reminder.model.appointments import Kind

_MOST = 30
_LONGEST = 200

# As R4 names them, as STU3 did, and by their OIDs.
_CONFIDENTIALITY = (
    "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
    "http://hl7.org/fhir/v3/Confidentiality",
    "urn:oid:2.16.840.1.113883.5.25",
)
_ACT_CODE = (
    "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    "http://hl7.org/fhir/v3/ActCode",
    "urn:oid:2.16.840.1.113883.5.4",
)
_VIRTUAL = "VR"  # Of v3-ActCode, a virtual encounter.

# R4's Appointment has no class: R5's, as the cross-version packages name it.
_CLASS = (
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.class",
    "http://hl7.org/fhir/uv/xver/StructureDefinition/ext-R5-Appointment.class",
)


def kind(
    resource: Resource, practitioner_ids: Collection[str], *, has_join_url: bool
) -> Kind:
    """The codes and texts of one Appointment, all in small letters but for ids.

    Of a coding its code, `system|code` and display, of a CodeableConcept also
    its text; what is longer than any honest code is left out. A label without
    a code system counts: a missing system must not give a visit away.
    """
    meta = as_object(resource.get("meta"))
    concepts = {
        name: list(_concepts(resource.get(name)))
        for name in ("appointmentType", "serviceType", "serviceCategory", "specialty")
    }
    may_be_virtual = [*chain(*concepts.values()), *_classes(resource)]
    return Kind(
        appointment_types=_words(concepts["appointmentType"]),
        service_types=_words(concepts["serviceType"]),
        service_categories=_words(concepts["serviceCategory"]),
        specialties=_words(concepts["specialty"]),
        practitioner_ids=frozenset(practitioner_ids),
        tags=frozenset(_of_codings(_some(meta.get("tag")))),
        security=security(resource)
        | frozenset(_labels(islice(contained_labels(resource), _MOST))),
        telehealth=has_join_url or any(map(_is_virtual, may_be_virtual)),
    )


def security(resource: Resource) -> frozenset[str]:
    """The confidentiality and sensitivity codes of any resource's `meta.security`."""
    return frozenset(_labels(_some(as_object(resource.get("meta")).get("security"))))


def _some(value: object) -> Iterator[Resource]:
    return islice(objects(value), _MOST)


def _concepts(value: object) -> Iterator[Resource]:
    return _some(value if isinstance(value, list) else [value])


def _words(concepts: Iterable[Resource]) -> frozenset[str]:
    words: set[str] = set()
    for concept in concepts:
        words.update(_word(concept.get("text")))
        words.update(_of_codings(_some(concept.get("coding"))))
    return frozenset(words)


def _of_codings(codings: Iterable[Resource]) -> Iterator[str]:
    for coding in codings:
        yield from _word(coding.get("display"))
        for code in _word(coding.get("code")):
            yield code
            yield from (f"{system}|{code}" for system in _word(coding.get("system")))


def _word(value: object) -> Iterator[str]:
    if isinstance(value, str) and len(value) <= _LONGEST:
        word = _small(value)
        if word:
            yield word


# A clinic has few kinds of visits, and each of its appointments says them again.
@lru_cache(maxsize=4096)
def _small(value: str) -> str:
    return plain(value, _LONGEST).lower()


def _labels(labels: Iterable[Resource]) -> Iterator[str]:
    for label in labels:
        system = label.get("system")
        if system is None or system in (*_CONFIDENTIALITY, *_ACT_CODE):
            yield from _word(label.get("code"))


def _classes(resource: Resource) -> Iterator[Resource]:
    for extension in objects(resource.get("extension")):
        if extension.get("url") in _CLASS:
            yield as_object(extension.get("valueCodeableConcept"))


def _is_virtual(concept: Resource) -> bool:
    return any(
        coding.get("code") == _VIRTUAL and coding.get("system") in _ACT_CODE
        for coding in _some(concept.get("coding"))
    )
