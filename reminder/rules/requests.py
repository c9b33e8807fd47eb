"""What became of a patient's request, by how the EHR shows the visit since.

A request that was overtaken is over as well: the clinic has moved or cancelled
the visit otherwise, and the rules tell the patient of that.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, assert_never

from reminder.model.answers import Answer, AnswerKind, AnswerState
from reminder.model.appointments import (
    Appointment,
    AppointmentStatus,
    ParticipationStatus,
)

_OPEN = frozenset({AppointmentStatus.BOOKED, AppointmentStatus.PENDING})


class Fate(NamedTuple):
    """How a request ended; `booked_as` is the visit it became, if another one."""

    state: AnswerState
    booked_as: str | None = None


_DONE, _OVER = Fate(AnswerState.WRITTEN), Fate(AnswerState.LOST)


def fate(
    answer: Answer,
    appointments: Sequence[Appointment],
    now: datetime,
    others: Sequence[Appointment] = (),
) -> Fate | None:
    """How a request ended; None while it is open.

    `appointments` are all the patient's, without those the EHR has no more;
    `others` what other patients have of the very visit asked about. One of
    theirs that stands may be ours under the record this one was merged into.
    """
    visit = next((one for one in appointments if one.key == answer.appointment), None)
    if visit is None:
        return _without_it(answer, appointments, now, others)
    match answer.kind:
        case AnswerKind.CONFIRM:
            return None
        case AnswerKind.CANCEL:
            return _DONE if _is_off(visit) else _over(visit, now)
        case AnswerKind.UNDO_CANCEL:
            if not _is_off(visit):
                return _DONE
            return _OVER if visit.start_at <= now else None
        case AnswerKind.MOVE | AnswerKind.UNDO_MOVE:
            return _moved(answer, visit, appointments, now)
        case _:
            assert_never(answer.kind)


def _without_it(
    answer: Answer,
    appointments: Sequence[Appointment],
    now: datetime,
    others: Sequence[Appointment],
) -> Fate | None:
    """The visit is no more under this record: nothing is certain while it stands."""
    if answer.kind is AnswerKind.CONFIRM:
        return None
    if answer.kind in (AnswerKind.MOVE, AnswerKind.UNDO_MOVE):
        anew = _booked_anew(answer, appointments)
        if anew is not None:
            return anew
    standing = [one for one in others if not _is_off(one)]
    if not standing:
        return _DONE if answer.kind is AnswerKind.CANCEL else _OVER
    return None if any(_over(one, now) is None for one in standing) else _OVER


def _moved(
    answer: Answer,
    visit: Appointment,
    appointments: Sequence[Appointment],
    now: datetime,
) -> Fate | None:
    wanted = answer.slot_start_at
    if _is_off(visit):
        return _booked_anew(answer, appointments) or _OVER
    if visit.start_at == wanted:
        return _DONE
    return _OVER if visit.start_at != answer.before_start_at else _over(visit, now)


def _booked_anew(answer: Answer, appointments: Sequence[Appointment]) -> Fate | None:
    """The clinic moved it as some EHRs do: a new booking, and the old one cancelled."""
    for one in appointments:
        is_it = one.start_at == answer.slot_start_at and one.status in _OPEN
        if is_it and one.key != answer.appointment:
            return Fate(AnswerState.WRITTEN, one.key.appointment_id)
    return None


def _over(visit: Appointment, now: datetime) -> Fate | None:
    return None if visit.status in _OPEN and visit.start_at > now else _OVER


def _is_off(visit: Appointment) -> bool:
    return (
        visit.status
        in (AppointmentStatus.CANCELLED, AppointmentStatus.ENTERED_IN_ERROR)
        or visit.participation is ParticipationStatus.DECLINED
    )
