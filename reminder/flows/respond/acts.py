"""What every act on a visit has in common, whether by a link or by a text message."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from reminder.flows.respond.answers import KeepsAnswers
from reminder.flows.respond.visits import Known
from reminder.model.answers import Answer, AnswerKind, AnswerState
from reminder.model.appointments import Slot

_TICK = timedelta(microseconds=1)


def new_answer(
    known: Known,
    kind: AnswerKind,
    message_id: UUID,
    now: datetime,
    slot: Slot | None = None,
) -> Answer:
    """What the patient does now, with what an undo goes back to."""
    appointment, before = known.appointment, known.answers
    # The newest answer counts, so none may be as old as the one before it.
    at = max([now, *(one.at + _TICK for one in before)])
    return Answer(
        answer_id=uuid4(),
        appointment=appointment.key,
        message_id=message_id,
        kind=kind,
        state=AnswerState.WAITING,
        at=at,
        slot_id=slot.slot_id if slot else None,
        slot_start_at=slot.start_at if slot else None,
        before_slot_ids=appointment.slot_ids,
        before_start_at=appointment.start_at,
    )


async def forget_confirmation(
    answers: KeepsAnswers, known: Known, now: datetime
) -> None:
    """A confirmation not yet written must not reach a cancelled visit."""
    for answer in known.answers:
        is_open = answer.state is AnswerState.WAITING
        if is_open and answer.kind is AnswerKind.CONFIRM:
            await answers.settle(answer.answer_id, AnswerState.LOST, now=now)
