"""Finds the link by which the patient joins a telehealth visit."""

from collections.abc import Collection, Iterator

from reminder.ehr.reading.raw import Resource, objects
from reminder.ehr.reading.text import https_url

# R4 has no place for it. Oracle Health contains the participants, each with
# their own link as `telecom`: the practitioner's would make the patient host.
_HOLDS_THE_PATIENTS = ("Patient", "RelatedPerson", "Location", "HealthcareService")
_VALUES = ("valueUrl", "valueUri", "valueString")


def join_url(appointment: Resource, extensions: Collection[str]) -> str | None:
    """The patient's own https link; None when there is none or more than one.

    `extensions` are the URLs of the extensions that may hold it; they win over
    contained resources.
    """
    found = set(_from_extensions(appointment, extensions))
    found = found or set(_from_contained(appointment))
    return found.pop() if len(found) == 1 else None


def _from_extensions(
    appointment: Resource, extensions: Collection[str]
) -> Iterator[str]:
    for extension in objects(appointment.get("extension")):
        if extension.get("url") in extensions:
            yield from _addresses(extension)


def _addresses(extension: Resource) -> Iterator[str]:
    # R5's VirtualServiceDetail has address[x] among parts such as sessionKey.
    parts = [
        part
        for part in objects(extension.get("extension"))
        if str(part.get("url", "")).startswith("address")
    ]
    for holder in (extension, *parts):
        for value in _VALUES:
            url = https_url(holder.get(value))
            if url is not None:
                yield url


def _from_contained(appointment: Resource) -> Iterator[str]:
    for resource in objects(appointment.get("contained")):
        if resource.get("resourceType") in _HOLDS_THE_PATIENTS:
            for point in objects(resource.get("telecom")):
                url = https_url(point.get("value"))
                if point.get("system") in ("url", "other") and url is not None:
                    yield url
