"""Follows the records of merged patients to the one that took their place."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reminder.ehr.reading.raw import Resource, objects
from reminder.ehr.reading.references import Target, resolve
from reminder.model.people import Patient

MOST_HOPS = 5
_REPLACED_BY = "replaced-by"


def is_replaced(patient: Resource) -> bool:
    """Whether a Patient says that another record has taken its place."""
    links = objects(patient.get("link"))
    return any(link.get("type") == _REPLACED_BY for link in links)


def replaced_by(patient: Resource, base_url: str) -> str | None:
    """The id of the Patient that took its place; None where that is not one."""
    targets = {
        resolve(link.get("other"), base_url)
        for link in objects(patient.get("link"))
        if link.get("type") == _REPLACED_BY
    }
    match list(targets):
        case [Target("Patient", patient_id)]:
            return patient_id
        case _:
            return None


def unread(patients: Iterable[Patient], asked: Iterable[str]) -> list[str]:
    """Who has taken the place of one of these and was not asked for yet."""
    wanted = {each.survivor_id for each in patients if each.survivor_id is not None}
    return sorted(wanted.difference(asked))


def merged(patient: Patient, known: Mapping[str, Patient]) -> Patient:
    """The patient in the words of the survivor, under their own key.

    `survivor_id` of what is handed in is the next record, of what comes back
    the last one. Dead, or opted out, in any of the records is so in all. Where
    the last one cannot be read the patient is inactive, and still that one's:
    what they said under either holds under both. Where the records lead in a
    circle, or too far, the patient is inactive and nobody's.
    """
    records = [patient]
    while records[-1].survivor_id is not None:
        successor = known.get(records[-1].survivor_id)
        if len(records) > MOST_HOPS:
            return replace(patient, active=False, survivor_id=None)
        if successor is None:
            last_id = records[-1].survivor_id
            return replace(patient, active=False, survivor_id=last_id)
        records.append(successor)
    if len(records) == 1:
        return patient
    survivor = records[-1]
    return replace(
        survivor,
        key=patient.key,
        deceased=any(each.deceased for each in records),
        opted_out=any(each.opted_out for each in records),
        survivor_id=survivor.key.patient_id,
    )
