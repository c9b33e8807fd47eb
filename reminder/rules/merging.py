"""Which reminders go as one message: a person's visits of one day, told on one day."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from reminder.model.appointments import AppointmentKey
from reminder.model.reasons import Note
from reminder.rules.calendar import local_date
from reminder.rules.candidates import Candidate

_SAME_EVENT = timedelta(minutes=15)
"""How far apart two visits of a day may have been booked, moved or cancelled."""


def merge(candidates: Sequence[Candidate]) -> None:
    """Give what goes together the same moment, and say so.

    Reminders of visits on one day, to one address in one template, that are
    due on one day, go when the first of them is due; of one visit with
    several steps that day the first goes with the others' first, and so on.
    What is told after something happened waits for the last of them instead.
    A `together` is also what other people at the same address are merged by,
    when the message is made.
    """
    groups: dict[tuple[object, ...], list[Candidate]] = defaultdict(list)
    for one in candidates:
        if one.reason is None:
            groups[_alike(one)].append(one)
    for group in groups.values():
        for ranked in _by_rank(group):
            _align([one for one in ranked if one.is_to_come])


def _alike(one: Candidate) -> tuple[object, ...]:
    return (
        one.clinic.clinic_id,
        one.routes[0],
        one.prepared.step.template,
        one.language,
        one.prepared.kind,
        one.visit_on,
        local_date(one.clinic, one.due_at),
    )


def _by_rank(group: Sequence[Candidate]) -> Iterable[Sequence[Candidate]]:
    """The first of each visit, then the second of each, as they are due."""
    if len(group) == 1:
        _name(group[0], 0)
        return (group,)
    ranks: dict[AppointmentKey, int] = defaultdict(int)
    ranked: dict[int, list[Candidate]] = defaultdict(list)
    for one in sorted(group, key=lambda one: (one.due_at, one.key)):
        rank = ranks[one.key.appointment]
        ranks[one.key.appointment] += 1
        ranked[rank].append(one)
        _name(one, rank)
    return ranked.values()


def _name(one: Candidate, rank: int) -> None:
    if one.is_before:
        due_on: date = local_date(one.clinic, one.due_at)
        one.together = f"{one.visit_on}/{due_on}/{rank}"


def _align(group: Sequence[Candidate]) -> None:
    if len(group) < 2:
        return
    first, last = group[0].due_at, group[-1].due_at
    if not group[0].is_before:
        if last - first > _SAME_EVENT:
            return
        first = last
    for one in group:
        one.due_at = first
        one.notes = (*one.notes, Note.TOGETHER)
