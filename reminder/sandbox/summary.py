"""What the demo did, in numbers."""

from dataclasses import asdict, dataclass, field
from typing import Any

from reminder.model.answers import AnswerKind, WriteBackState
from reminder.model.people import Channel
from reminder.store.store import Store

_ANSWERS = {
    "confirmed": AnswerKind.CONFIRM,
    "rescheduled": AnswerKind.MOVE,
    "cancelled": AnswerKind.CANCEL,
}
_WRITE_BACKS = (WriteBackState.DONE, WriteBackState.WAITING, WriteBackState.FAILED)


@dataclass(slots=True)
class Summary:
    """The story's counts; `seconds` says how long each chapter took."""

    read: int = 0
    quarantined: int = 0
    planned: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    sent: dict[str, dict[str, int]] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    write_backs: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The counts under the names of the command's documentation."""
        return asdict(self)


async def count_skipped(store: Store) -> dict[str, int]:
    """How many steps were skipped for each reason, the commonest first."""
    counts = await store.reminders.reason_counts()
    return {
        reason.value: n
        for reason, n in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    }


async def count_sent(store: Store) -> dict[str, dict[str, int]]:
    """How many messages went by which channel under which protection."""
    sent: dict[str, dict[str, int]] = {
        Channel.EMAIL.value: {},
        Channel.SMS.value: {},
    }
    for (channel, protection), n in (await store.queue.sent_by()).items():
        sent[channel.value][protection.value] = n
    return sent


async def count_answers(store: Store) -> dict[str, int]:
    """How many patients confirmed, moved or cancelled."""
    counts = await store.answers.counts()
    return {
        name: sum(n for (of_kind, _), n in counts.items() if of_kind is kind)
        for name, kind in _ANSWERS.items()
    }


async def count_write_backs(store: Store) -> dict[str, int]:
    """How much was written into the EHR, still waits, or never will be."""
    counts = await store.write_backs.counts()
    return {state.value: counts.get(state, 0) for state in _WRITE_BACKS}
