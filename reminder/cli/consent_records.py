"""Finds whose consent is meant and for which address, or says what is missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reminder.app.wiring import App
from reminder.cli.errors import Exit, Stopped, Trouble
from reminder.model.people import (
    Channel,
    Consent,
    ConsentBy,
    ConsentKind,
    ContactPoint,
    PatientKey,
)
from reminder.model.reminders import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who agreed to what, as it was typed; `guardian` chooses among several."""

    patient_id: str
    connection: str | None
    channel: Channel
    kind: ConsentKind
    by: ConsentBy
    guardian: str | None = None


async def people_of(
    app: App, patient_id: str, connection: str | None
) -> dict[str, Person | None]:
    """By each connection meant, the patient of that id, if one is known there.

    Raises:
        Stopped: there is no such connection.
    """
    names = [one.name for one in app.loaded.settings.connection]
    if connection is not None and connection not in names:
        raise Stopped(
            Exit.WRONG_USE,
            Trouble(
                f"There is no connection {connection}.",
                why=f"The settings have: {', '.join(names)}.",
                do="Name one of them with --connection.",
            ),
        )
    meant = names if connection is None else [connection]
    keys = [PatientKey(name, patient_id) for name in meant]
    known = {one.key: one for one in await app.store.appointments.people(keys)}
    return {key.connection: known.get(key) for key in keys}


async def logs_of(
    app: App, patient_id: str, connection: str | None
) -> list[tuple[Consent, bool]]:
    """Every record, the oldest first, and whether it is in force.

    Raises:
        Stopped: nothing is known of such a patient.
    """
    people = await people_of(app, patient_id, connection)
    records: list[tuple[Consent, bool]] = []
    for name, person in people.items():
        in_force = person.consents if person is not None else ()
        log = await app.store.consents.log(PatientKey(name, patient_id))
        records += [(one, one in in_force) for one in log]
    if not records and not any(people.values()):
        raise Stopped(Exit.FOUND_PROBLEMS, _unknown(patient_id))
    return sorted(records, key=lambda record: record[0].at)


async def find(app: App, asked: Asked) -> tuple[PatientKey, ContactPoint]:
    """The patient and the address it is about.

    Raises:
        Stopped: there is none, or more than one could be meant.
    """
    if asked.kind is ConsentKind.OWN_ADDRESS and asked.by is ConsentBy.GUARDIAN:
        raise Stopped(Exit.WRONG_USE, _NOT_A_GUARDIAN)
    people = await people_of(app, asked.patient_id, asked.connection)
    known = [one for one in people.values() if one is not None and one.patient]
    if not known:
        raise Stopped(Exit.FOUND_PROBLEMS, _unknown(asked.patient_id))
    if len(known) > 1:
        raise Stopped(Exit.WRONG_USE, _several_patients(known))
    (person,) = known
    return person.key, _address(person, asked)


def _address(person: Person, asked: Asked) -> ContactPoint:
    """The patient's best address, or for a guardian's word the guardian's."""
    patient = person.patient
    assert patient is not None  # noqa: S101 - only those were kept
    if asked.by is not ConsentBy.GUARDIAN:
        best = _best(patient.contact_points, asked.channel)
        if best is None:
            raise Stopped(Exit.FOUND_PROBLEMS, _no_address("patient", asked))
        return best
    theirs = {
        one.related_person_id: best
        for one in patient.guardians
        if asked.guardian in (None, one.related_person_id)
        and (best := _best(one.contact_points, asked.channel))
    }
    if not theirs:
        raise Stopped(Exit.FOUND_PROBLEMS, _no_address("guardian", asked))
    if len({*theirs.values()}) > 1:
        raise Stopped(Exit.WRONG_USE, _several_guardians(theirs))
    return next(iter(theirs.values()))


def _best(points: Iterable[ContactPoint], channel: Channel) -> ContactPoint | None:
    return next((one for one in points if one.channel is channel), None)


_NOT_A_GUARDIAN = Trouble(
    "A guardian cannot say that nobody but the minor reads an address.",
    do="Ask the patient, and record it --by patient or --by staff.",
)


def _unknown(patient_id: str) -> Trouble:
    return Trouble(
        "Nothing is known of this patient.",
        why=f"No EHR we read had a visit of {patient_id} within its horizon.",
        do="Run: reminder sync --once",
    )


def _several_patients(known: Sequence[Person]) -> Trouble:
    names = ", ".join(sorted(one.key.connection for one in known))
    return Trouble(
        f"Several EHRs have a patient {known[0].key.patient_id}.",
        why=f"They are: {names}.",
        do="Name one of them with --connection.",
    )


def _no_address(whose: str, asked: Asked) -> Trouble:
    return Trouble(
        f"No address for {asked.channel} of such a {whose} is on file.",
        why="A consent is for one address.",
        do="Put it into the EHR, then run: reminder sync --once",
    )


def _several_guardians(theirs: Iterable[str]) -> Trouble:
    return Trouble(
        "Several guardians have an address of this channel.",
        why=f"They are: {', '.join(sorted(theirs))}.",
        do="Name the one who spoke with --guardian.",
    )
