"""What of a plan only staff can settle: strays, confidential visits, lost news."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from reminder.model.appointments import AppointmentKey
from reminder.model.clinics import ClinicDirectory
from reminder.model.offsets import WhenCancelled, WhenMoved
from reminder.model.reasons import Reason
from reminder.model.reminders import Decision, Person, Skipped
from reminder.model.worklist import WorklistEntry, WorklistKind

_KINDS = {
    Reason.NO_CLINIC: WorklistKind.NO_CLINIC,
    Reason.CONFIDENTIAL: WorklistKind.CONFIDENTIAL,
}
_NO_WAY = {
    Reason.QUIET_HOURS,
    Reason.NO_LONGER_USEFUL,
    Reason.TOO_LATE,
    Reason.OVER_CAP,
    Reason.NO_CONTACT_POINT,
    Reason.NO_GUARDIAN,
    Reason.UNKNOWN_PATIENT,
    Reason.ADDRESS_OPTED_OUT,
    Reason.CHANNEL_STOPPED,
}
"""Why somebody who would come in vain does not hear of it from us."""

_MATTER = {*_KINDS, *_NO_WAY}


def for_a_human(
    person: Person,
    decisions: Sequence[Decision],
    clinics: ClinicDirectory,
    now: datetime,
) -> Iterator[WorklistEntry]:
    """What staff must do, but for what an earlier plan reported.

    That a visit was moved or cancelled and cannot be told is work for them:
    the patient would come in vain.
    """
    seen = set[tuple[AppointmentKey, WorklistKind]]()
    for decision in decisions:
        if not isinstance(decision, Skipped) or decision.reason not in _MATTER:
            continue
        kind, appointment = _kind(decision, clinics), decision.key.appointment
        if kind is None or _is_reported(decision, person):
            continue
        if (appointment, kind) not in seen:
            seen.add((appointment, kind))
            yield WorklistEntry(
                kind=kind,
                subject="/".join(appointment),
                at=now,
                appointment=appointment,
                clinic_id=decision.clinic_id,
                details=_details(decision, kind),
            )


def _is_reported(decision: Skipped, person: Person) -> bool:
    same = (decision.key, decision.reason)
    return any((one.key, one.reason) == same for one in person.kept)


def _kind(decision: Skipped, clinics: ClinicDirectory) -> WorklistKind | None:
    kind = _KINDS.get(decision.reason)
    if kind is None and decision.reason in _NO_WAY and _is_urgent(decision, clinics):
        return WorklistKind.UNREACHABLE
    return kind


def _details(decision: Skipped, kind: WorklistKind) -> tuple[str, ...]:
    if kind is not WorklistKind.UNREACHABLE:
        return ()
    return (f"step {decision.key.step_id}", decision.reason.value)


def _is_urgent(decision: Skipped, clinics: ClinicDirectory) -> bool:
    """Whether it is news of a move or a cancellation."""
    if decision.clinic_id is None:
        return False
    return any(
        isinstance(step.offset, WhenMoved | WhenCancelled)
        for rule in clinics.by_id(decision.clinic_id).ruleset.rules
        for step in rule.steps
        if step.step_id == decision.key.step_id
    )
