"""How a visit stands for its patient."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from reminder.flows.respond.page_states import VisitState
from reminder.flows.respond.visits import Known, state, undoable, view
from reminder.model.answers import Answer, AnswerKind, AnswerState
from reminder.model.appointments import AppointmentStatus, ParticipationStatus, Place
from reminder.model.reminders import Person
from tests.web.world import CLINIC, HOUR, NOW, START, booking, patient

CANCELLED = {"status": AppointmentStatus.CANCELLED}
WORLD = Person(key=booking().key.patient, patient=patient())
VIDEO = {"join_url": "https://video.example.org/room"}


def answer(kind: AnswerKind, **changes: Any) -> Answer:
    values: dict[str, Any] = {
        "answer_id": uuid4(),
        "appointment": booking().key,
        "message_id": uuid4(),
        "kind": kind,
        "state": AnswerState.WRITTEN,
        "at": NOW,
        "before_start_at": START,
        "before_slot_ids": ("slot-a1",),
    }
    return Answer(**(values | changes))


def known(*answers: Answer, **changes: Any) -> Known:
    return Known(
        appointment=booking(**changes),
        patient=patient(),
        clinic=CLINIC,
        person=WORLD,
        answers=answers,
    )


CONFIRM = answer(AnswerKind.CONFIRM, state=AnswerState.WAITING)
WAITS = {"state": AnswerState.WAITING}
MOVE = answer(AnswerKind.MOVE, slot_start_at=START + HOUR, slot_id="s2")
MOVED = {"start_at": START + HOUR, "slot_ids": ("s2",)}


@pytest.mark.parametrize(
    ("visit", "stands"),
    [
        (known(), VisitState.BOOKED),
        (known(CONFIRM), VisitState.CONFIRMED),
        (known(participation=ParticipationStatus.ACCEPTED), VisitState.CONFIRMED),
        (known(CONFIRM, start_at=START + HOUR), VisitState.BOOKED),
        (
            known(answer(AnswerKind.CONFIRM, state=AnswerState.FAILED)),
            VisitState.BOOKED,
        ),
        (known(**CANCELLED), VisitState.CANCELLED),
        (known(participation=ParticipationStatus.DECLINED), VisitState.CANCELLED),
        (known(answer(AnswerKind.CANCEL, **WAITS)), VisitState.ASKING),
        (known(answer(AnswerKind.CANCEL), **CANCELLED), VisitState.CANCELLED),
        (
            known(answer(AnswerKind.CANCEL, state=AnswerState.LOST)),
            VisitState.BOOKED,
        ),
        (known(status=AppointmentStatus.ARRIVED), VisitState.OFFLINE),
        (known(status=AppointmentStatus.ENTERED_IN_ERROR), VisitState.OFFLINE),
        (known(start_at=NOW), VisitState.UNDER_WAY),
        (known(start_at=NOW - HOUR / 2), VisitState.PAST),
        (known(start_at=NOW - HOUR / 2, end_at=None), VisitState.UNDER_WAY),
        (known(start_at=NOW - HOUR, end_at=None), VisitState.PAST),
        (
            known(start_at=NOW - HOUR, status=AppointmentStatus.NOSHOW),
            VisitState.PAST,
        ),
    ],
)
def test_a_visit_stands_as_the_ehr_and_the_patient_last_said(
    visit: Known, stands: VisitState
) -> None:
    assert state(visit, NOW) is stands


@pytest.mark.parametrize(
    ("visit", "until"),
    [
        (known(), None),
        (known(answer(AnswerKind.CANCEL), **CANCELLED), START - 2 * HOUR),
        (known(answer(AnswerKind.CANCEL, **WAITS), **CANCELLED), None),
        (known(answer(AnswerKind.CANCEL)), None),
        (known(MOVE, **MOVED), START - 2 * HOUR),
        (known(MOVE, start_at=START + 5 * HOUR), None),
        (known(answer(AnswerKind.UNDO_MOVE), MOVE, **MOVED), None),
    ],
    ids=[
        "nothing-done",
        "cancelled",
        "cancelling",
        "booked-again-by-the-clinic",
        "moved-until-before-the-earlier-time",
        "moved-on-by-the-clinic",
        "undone-already",
    ],
)
def test_what_can_be_undone_and_until_when(visit: Known, until: object) -> None:
    found = undoable(visit, NOW)

    assert (found and found[1]) == until


def test_a_move_with_two_slots_cannot_be_undone_to_one() -> None:
    both = answer(
        AnswerKind.MOVE, slot_start_at=START + HOUR, before_slot_ids=("s1", "s2")
    )

    assert undoable(known(both, **MOVED), NOW) is None


def test_after_the_limit_nothing_is_undone() -> None:
    cancelled = known(answer(AnswerKind.CANCEL), **CANCELLED)

    assert undoable(cancelled, START - 2 * HOUR) is None
    assert undoable(cancelled, START - 2 * HOUR - timedelta(seconds=1)) is not None


def test_a_view_shows_no_more_than_it_may() -> None:
    hostile = booking(
        place=Place("l1", "HIV clinic", "1 Elm St <b>"),
        practitioner="Dr. <script> evil.example",
        join_url="javascript:alert(1)",
    )
    seen = view(
        Known(
            appointment=hostile,
            patient=patient(given="A\u202eB"),
            clinic=CLINIC,
            person=WORLD,
        ),
        "ref",
        NOW,
    )

    assert seen.place == "Lakeside Clinic"
    assert seen.given == "AB"
    assert "<" not in seen.practitioner + seen.address
    assert seen.join_url is None
    for secret in ("AB", "Elm", "evil"):
        assert secret not in repr(seen)


@pytest.mark.parametrize(
    ("start_at", "joinable"),
    [(START, True), (NOW, True), (NOW - HOUR, False)],
    ids=["to-come", "under-way", "past"],
)
def test_a_video_visit_can_be_joined_until_it_is_over(
    start_at: object, joinable: bool
) -> None:
    seen = view(known(start_at=start_at, **VIDEO), "ref", NOW)

    assert (seen.join_url is not None) is joinable
