"""What became of a request, told from the visit as the EHR shows it since."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from reminder.model.answers import Answer, AnswerKind, AnswerState
from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
    ParticipationStatus,
)
from reminder.rules.requests import Fate, fate

KEY = AppointmentKey("main", "a1", "p1")
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
THEN, WANTED = NOW + timedelta(days=2), NOW + timedelta(days=3)
DONE, OVER = Fate(AnswerState.WRITTEN), Fate(AnswerState.LOST)
CANCELLED = AppointmentStatus.CANCELLED


def visit(appointment_id: str = "a1", **changes: Any) -> Appointment:
    values: dict[str, Any] = {
        "key": KEY._replace(appointment_id=appointment_id),
        "status": AppointmentStatus.BOOKED,
        "start_at": THEN,
    }
    return Appointment(**(values | changes))


def asked(kind: AnswerKind) -> Answer:
    is_move = kind in (AnswerKind.MOVE, AnswerKind.UNDO_MOVE)
    return Answer(
        answer_id=UUID(int=1),
        appointment=KEY,
        message_id=UUID(int=2),
        kind=kind,
        state=AnswerState.REQUESTED,
        at=NOW,
        slot_id="s2" if is_move else None,
        slot_start_at=WANTED if is_move else None,
        before_start_at=THEN,
    )


@pytest.mark.parametrize(
    ("kind", "visits", "ended"),
    [
        pytest.param(AnswerKind.CANCEL, [visit()], None, id="not-yet-cancelled"),
        pytest.param(
            AnswerKind.CANCEL, [visit(status=CANCELLED)], DONE, id="cancelled"
        ),
        pytest.param(
            AnswerKind.CANCEL,
            [visit(participation=ParticipationStatus.DECLINED)],
            DONE,
            id="of-a-group-declined",
        ),
        pytest.param(AnswerKind.CANCEL, [], DONE, id="deleted"),
        pytest.param(
            AnswerKind.CANCEL,
            [visit(start_at=WANTED)],
            None,
            id="moved-instead-of-cancelled",
        ),
        pytest.param(AnswerKind.CANCEL, [visit(start_at=NOW)], OVER, id="too-late"),
        pytest.param(
            AnswerKind.CANCEL,
            [visit(status=AppointmentStatus.ARRIVED)],
            OVER,
            id="came-all-the-same",
        ),
        pytest.param(AnswerKind.MOVE, [visit()], None, id="not-yet-moved"),
        pytest.param(AnswerKind.MOVE, [visit(start_at=WANTED)], DONE, id="moved"),
        pytest.param(
            AnswerKind.MOVE,
            [visit(start_at=WANTED + timedelta(hours=1))],
            OVER,
            id="moved-elsewhere",
        ),
        pytest.param(
            AnswerKind.MOVE,
            [visit(status=CANCELLED), visit("a2", start_at=WANTED)],
            Fate(AnswerState.WRITTEN, "a2"),
            id="booked-anew",
        ),
        pytest.param(
            AnswerKind.MOVE,
            [visit(status=CANCELLED), visit("a2", start_at=WANTED, status=CANCELLED)],
            OVER,
            id="cancelled-both",
        ),
        pytest.param(AnswerKind.MOVE, [visit(status=CANCELLED)], OVER, id="called-off"),
        pytest.param(AnswerKind.MOVE, [], OVER, id="moved-but-deleted"),
        pytest.param(
            AnswerKind.UNDO_CANCEL, [visit(status=CANCELLED)], None, id="not-yet-back"
        ),
        pytest.param(AnswerKind.UNDO_CANCEL, [visit()], DONE, id="back"),
        pytest.param(
            AnswerKind.UNDO_CANCEL,
            [visit(status=CANCELLED, start_at=NOW)],
            OVER,
            id="never-back",
        ),
        pytest.param(AnswerKind.CONFIRM, [visit()], None, id="confirmed"),
    ],
)
def test_a_request_ends_as_the_visit_shows(
    kind: AnswerKind, visits: list[Appointment], ended: Fate | None
) -> None:
    assert fate(asked(kind), visits, NOW) == ended


def theirs(**changes: Any) -> Appointment:
    """What another patient has of the same visit."""
    return visit(key=KEY._replace(patient_id="p1-survivor"), **changes)


@pytest.mark.parametrize(
    ("kind", "visits", "others", "ended"),
    [
        pytest.param(AnswerKind.CANCEL, [], [theirs()], None, id="not-cancelled"),
        pytest.param(
            AnswerKind.CANCEL, [], [theirs(status=CANCELLED)], DONE, id="cancelled"
        ),
        pytest.param(
            AnswerKind.CANCEL, [], [theirs(start_at=NOW)], OVER, id="too-late"
        ),
        pytest.param(
            AnswerKind.CANCEL,
            [visit(status=CANCELLED)],
            [theirs()],
            DONE,
            id="of-a-group-declined",
        ),
        pytest.param(AnswerKind.MOVE, [], [theirs()], None, id="not-moved"),
        pytest.param(
            AnswerKind.MOVE, [], [theirs(status=CANCELLED)], OVER, id="called-off"
        ),
        pytest.param(
            AnswerKind.MOVE,
            [visit("a2", start_at=WANTED)],
            [theirs()],
            Fate(AnswerState.WRITTEN, "a2"),
            id="out-of-a-group-and-booked-anew",
        ),
        pytest.param(AnswerKind.UNDO_CANCEL, [], [theirs()], None, id="not-yet-back"),
        pytest.param(AnswerKind.UNDO_CANCEL, [], [], OVER, id="deleted"),
    ],
)
def test_a_visit_that_stands_under_another_record_is_not_taken_for_gone(
    kind: AnswerKind,
    visits: list[Appointment],
    others: list[Appointment],
    ended: Fate | None,
) -> None:
    assert fate(asked(kind), visits, NOW, others) == ended
