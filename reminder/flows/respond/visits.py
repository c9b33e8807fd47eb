"""How a visit stands for its patient: what was asked, done, and can be undone."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminder.flows.respond.page_states import VisitState
from reminder.flows.respond.pages import VisitView
from reminder.messages.harmless import PLACE, harmless, harmless_url, one_line
from reminder.model.answers import Answer, AnswerKind, AnswerState
from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
    ParticipationStatus,
)
from reminder.model.clinics import Clinic
from reminder.model.people import ContactPoint, Guardian, Patient
from reminder.model.reminders import Person, Reminder, ReminderState
from reminder.rules.minors import is_in_confidence, is_minor
from reminder.rules.recipients import Audience, audience

_CHANGES = frozenset(
    {
        AnswerKind.CANCEL,
        AnswerKind.MOVE,
        AnswerKind.UNDO_CANCEL,
        AnswerKind.UNDO_MOVE,
    }
)
_JOINABLE = frozenset({VisitState.BOOKED, VisitState.CONFIRMED, VisitState.UNDER_WAY})
_ASKED = frozenset({VisitState.ASKING, VisitState.REQUESTED})
_AN_HOUR = timedelta(hours=1)
_FIRST_NAME = 40
_SAID_YES = frozenset({AnswerState.WAITING, AnswerState.WRITTEN, AnswerState.REQUESTED})
_TOLD = frozenset({ReminderState.SENT, ReminderState.ANSWERED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that is known of one visit: `answers` and `reminders` are about it alone.

    `clinic` is the one it is at now, not the one whose link was opened: it says
    who may be told. `answers` has the newest first. `person` is the world of its
    patient.
    """

    appointment: Appointment
    patient: Patient
    clinic: Clinic
    person: Person
    answers: Sequence[Answer] = ()
    reminders: Collection[Reminder] = ()

    @property
    def key(self) -> AppointmentKey:
        """Whose booking of what."""
        return self.appointment.key

    @property
    def told(self) -> tuple[Patient | Guardian, ...]:
        """Who may be told of it; nobody of a minor's confidential visit."""
        told = audience(self.patient, self.clinic, self.appointment, self.person)
        return told.people if isinstance(told, Audience) else ()

    @property
    def is_of_minor(self) -> bool:
        """Whether its patient is a minor when it starts."""
        return is_minor(self.patient, self.clinic, self.appointment.start_at)

    @property
    def is_in_confidence(self) -> bool:
        """Whether it is a minor's own affair, of which no guardian is told."""
        return is_in_confidence(self.patient, self.clinic, self.appointment)

    @property
    def last_change(self) -> Answer | None:
        """The patient's newest cancellation, move or undo."""
        return next((one for one in self.answers if one.kind in _CHANGES), None)


def is_kept_from(known: Known, to: ContactPoint) -> bool:
    """Whether a link that went to this address does not open the visit.

    It went to a guardian before the visit became the minor's own affair, or to
    an address of which the minor no longer says that nobody else reads it.
    """
    return known.is_in_confidence and not any(
        to in one.contact_points for one in known.told
    )


def state(known: Known, now: datetime) -> VisitState:
    """How the visit stands."""
    appointment, change = known.appointment, known.last_change
    if _is_cancelled(appointment):
        return VisitState.CANCELLED
    if appointment.start_at <= now:
        return VisitState.PAST if _end(appointment) <= now else VisitState.UNDER_WAY
    if change is not None and change.state is AnswerState.WAITING:
        return VisitState.ASKING
    if change is not None and _is_requested(change, appointment):
        return VisitState.REQUESTED
    if appointment.status is not AppointmentStatus.BOOKED:
        return VisitState.OFFLINE
    return VisitState.CONFIRMED if _is_confirmed(known) else VisitState.BOOKED


def undoable(known: Known, now: datetime) -> tuple[Answer, datetime] | None:
    """The change that can be undone and until when (UTC), or None.

    A move goes back only while both times are far enough away: the old one,
    since it is to be used again, and the new one, since it is to be free.
    """
    change, appointment = known.last_change, known.appointment
    if change is None or change.state is not AnswerState.WRITTEN:
        return None
    starts = [appointment.start_at, change.before_start_at or appointment.start_at]
    until = min(starts) - timedelta(hours=known.clinic.undo_limit_h)
    if now >= until or not _still_holds(change, appointment):
        return None
    return change, until


def view(known: Known, ref: str, now: datetime) -> VisitView:
    """The visit as its patient may see it."""
    appointment, clinic = known.appointment, known.clinic
    address = appointment.place.address if appointment.place else ""
    undo = undoable(known, now)
    stands, change = state(known, now), known.last_change
    return VisitView(
        ref=ref,
        state=stands,
        start_at=appointment.start_at,
        end_at=appointment.end_at,
        zone=clinic.zone,
        given=harmless(known.patient.given, _FIRST_NAME),
        practitioner=harmless(appointment.practitioner),
        # A place's own name may tell the specialty, so the clinic's stands for it.
        place=one_line(clinic.name),
        address=harmless(address or clinic.address, PLACE, digits=True),
        join_url=harmless_url(appointment.join_url) if stands in _JOINABLE else None,
        was_at=_was_at(known),
        undo_until=undo[1] if undo else None,
        asked_for=change.slot_start_at if change and stands in _ASKED else None,
    )


def _end(appointment: Appointment) -> datetime:
    """When it ends; a visit of unknown length is taken to last an hour."""
    return appointment.end_at or appointment.start_at + _AN_HOUR


def _is_cancelled(appointment: Appointment) -> bool:
    # Of a visit with several patients, one who cancels only declines.
    return (
        appointment.status is AppointmentStatus.CANCELLED
        or appointment.participation is ParticipationStatus.DECLINED
    )


def _is_confirmed(known: Known) -> bool:
    if known.appointment.participation is ParticipationStatus.ACCEPTED:
        return True
    # The EHR may not have been told yet. A visit that moved since is another one.
    return any(
        answer.kind is AnswerKind.CONFIRM
        and answer.state in _SAID_YES
        and answer.before_start_at == known.appointment.start_at
        for answer in known.answers
    )


def _is_requested(change: Answer, appointment: Appointment) -> bool:
    """Whether the clinic was asked, and the visit is as it was before."""
    if change.state is not AnswerState.REQUESTED:
        return False
    return change.kind is AnswerKind.CANCEL or (
        appointment.start_at == change.before_start_at
        and change.kind is not AnswerKind.UNDO_CANCEL
    )


def is_replaced(known: Known) -> bool:
    """Whether it was moved by booking another one, which the patient has instead."""
    change, appointment = known.last_change, known.appointment
    return (
        change is not None
        and change.kind in (AnswerKind.MOVE, AnswerKind.UNDO_MOVE)
        and change.state is AnswerState.WRITTEN
        and appointment.status is AppointmentStatus.CANCELLED
        and any(
            one.start_at == change.slot_start_at and one.key != appointment.key
            for one in known.person.appointments
        )
    )


def _still_holds(change: Answer, appointment: Appointment) -> bool:
    if change.kind is AnswerKind.CANCEL:
        return _is_cancelled(appointment)
    return (
        change.kind is AnswerKind.MOVE
        and appointment.status is AppointmentStatus.BOOKED
        and appointment.start_at == change.slot_start_at
        and len(change.before_slot_ids) == 1
    )


def _was_at(known: Known) -> datetime | None:
    """The time it was moved from, by the patient or since they were last told."""
    start_at, change = known.appointment.start_at, known.last_change
    if change is not None and change.slot_start_at == start_at:
        return change.before_start_at if change.kind is AnswerKind.MOVE else None
    told = _told_last(known.reminders)
    return told if told != start_at else None


def _told_last(reminders: Iterable[Reminder]) -> datetime | None:
    sent = [
        (one.due_at, one.key.start_at)
        for one in reminders
        if one.state in _TOLD and one.due_at is not None
    ]
    return max(sent)[1] if sent else None
