"""What a patient asked for is no news to them, however the EHR makes it so."""

import pytest

from reminder.model.answers import AnswerKind, AnswerState
from tests.rules.examples import NEW_YORK, reading
from tests.rules.test_events import (
    CANCELLED,
    LATER,
    START,
    answered,
    at,
    changed,
    moved,
    seen,
    told,
    visit,
)

MOVE = answered(AnswerKind.MOVE, AnswerState.WRITTEN, slot_id="s2", slot_start_at=LATER)
OLD = visit("a1", status=CANCELLED, history=changed())
NEW = visit("a2", LATER, history=seen(start_at=LATER), slot_ids=("s2",))
EVENTS = at("when booked", "when cancelled")
"""Rules that tell no moves, so that no booking stands for another one."""


class TestMovedByBookingAnew:
    def test_neither_booking_is_news_to_who_moved(self) -> None:
        said = told(OLD, NEW, clinics=EVENTS, answers=(MOVE,))

        assert said["a1 when cancelled"] == "already-known"
        assert said["a2 when booked"] == "already-known"

    def test_where_moves_are_told_it_is_none_either(self) -> None:
        said = told(OLD, NEW, answers=(MOVE,))

        assert set(said.values()) <= {"already-known", "rebooked", "cancelled"}

    def test_another_booking_at_another_time_is_news(self) -> None:
        other = visit("a2", LATER, history=seen(start_at=LATER), slot_ids=("s3",))

        said = told(OLD, other, clinics=EVENTS, answers=(MOVE,))

        assert said["a1 when cancelled"] not in ("already-known", "rebooked")
        assert said["a2 when booked"] not in ("already-known", "rebooked")

    def test_a_move_that_failed_makes_nothing_known(self) -> None:
        failed = answered(
            AnswerKind.MOVE, AnswerState.LOST, slot_id="s2", slot_start_at=LATER
        )

        said = told(OLD, NEW, clinics=EVENTS, answers=(failed,))

        assert said["a1 when cancelled"] != "already-known"


class TestRequested:
    ASKED = AnswerState.REQUESTED

    @pytest.mark.parametrize(
        ("state", "reason"),
        [
            pytest.param(AnswerState.REQUESTED, "answered", id="requested"),
            pytest.param(AnswerState.FAILED, None, id="failed"),
            pytest.param(AnswerState.LOST, None, id="lost"),
        ],
    )
    def test_who_asked_to_cancel_is_reminded_of_nothing(
        self, state: AnswerState, reason: str | None
    ) -> None:
        cancel = answered(AnswerKind.CANCEL, state)

        said = told(visit(), clinics=at("24 hours before"), answers=(cancel,))

        due = reading(START.replace(day=16), NEW_YORK)
        assert said == {"a1 24 hours before": reason or due}

    def test_a_visit_moved_since_is_another_one(self) -> None:
        cancel = answered(AnswerKind.CANCEL, self.ASKED)

        said = told(
            visit("a1", LATER), clinics=at("24 hours before"), answers=(cancel,)
        )

        assert said != {"a1 24 hours before": "answered"}

    def test_the_clinics_cancellation_is_what_they_asked_for(self) -> None:
        cancel = answered(AnswerKind.CANCEL, self.ASKED)

        said = told(OLD, answers=(cancel,))

        assert said["a1 when cancelled"] == "already-known"

    def test_a_time_asked_for_is_known_once_it_is_theirs(self) -> None:
        asked = answered(AnswerKind.MOVE, self.ASKED, slot_id="s2", slot_start_at=LATER)

        said = told(visit("a1", LATER, history=moved()), answers=(asked,))

        assert said["a1 when moved"] == "already-known"

    def test_another_time_than_asked_for_is_news(self) -> None:
        asked = answered(AnswerKind.MOVE, self.ASKED, slot_id="s2", slot_start_at=LATER)
        elsewhere = LATER.replace(hour=20)

        said = told(visit("a1", elsewhere, history=moved()), answers=(asked,))

        assert said["a1 when moved"] != "already-known"

    def test_a_time_asked_for_makes_no_news_of_an_earlier_move(self) -> None:
        """The patient still has the time they were told of last."""
        asked = answered(AnswerKind.MOVE, self.ASKED, slot_id="s2", slot_start_at=LATER)
        before = visit("a1", START, history=moved(first=START))

        said = told(before, answers=(asked,))

        assert said["a1 when moved"] == "already-known"
