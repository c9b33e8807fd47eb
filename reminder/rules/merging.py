"""Which reminders go as one message: a person's visits of one day, told on one day."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache

from reminder.model.appointments import AppointmentKey
from reminder.model.reasons import Note
from reminder.rules.calendar import local_date
from reminder.rules.candidates import Candidate

_SAME_EVENT = timedelta(minutes=15)
"""How far apart two visits of a day may have been booked, moved or cancelled."""

_QUIET = {Note.QUIET_EARLIER, Note.QUIET_LATER}

_Group = list[Candidate]


def merge(candidates: Sequence[Candidate]) -> None:
    """Give what goes together the same moment, and say so.

    Reminders of visits on one day, to one address in one template, that are
    wanted on one day, go when the first of them is due; of one visit with
    several steps that day the first goes with the others' first, and so on.
    What is told after something happened waits for the last of them instead.
    A `together` is also what other people at the same address are merged by,
    when the message is made.
    """
    told = [one for one in candidates if one.reason is None]
    for name, group in _by_days(told).items():
        for ranked in _by_rank(group, name):
            for alike in _alike(ranked):
                _align(alike)


def _by_days(candidates: Iterable[Candidate]) -> dict[str, _Group]:
    """What is wanted on one day about visits on one day, by the names of both days.

    What quiet hours moved to the day before takes nothing along: two hours
    before an afternoon's visit would be the evening before.
    """
    groups: dict[str, _Group] = defaultdict(list)
    for one in candidates:
        visit_on = local_date(one.clinic, one.appointment.start_at)
        wanted_on = local_date(one.clinic, one.wanted_at)
        name = _of_days(visit_on, wanted_on)
        if Note.QUIET_EARLIER in one.notes and _is_early(one, wanted_on):
            name += "/early"
        groups[name].append(one)
    return groups


@lru_cache(maxsize=4096)
def _of_days(visit_on: date, wanted_on: date) -> str:
    return f"{visit_on}/{wanted_on}"


def _is_early(one: Candidate, wanted_on: date) -> bool:
    return local_date(one.clinic, one.due_at) < wanted_on


def _by_rank(group: _Group, name: str) -> Iterable[_Group]:
    """The first of each visit, then the second of each, as they are due."""
    if len(group) == 1:
        _name(group[0], name, 0)
        return ()
    ranks: dict[AppointmentKey, int] = defaultdict(int)
    ranked: dict[int, _Group] = defaultdict(list)
    for one in sorted(group, key=lambda one: (one.due_at, one.key)):
        rank = ranks[one.key.appointment]
        ranks[one.key.appointment] += 1
        ranked[rank].append(one)
        _name(one, name, rank)
    return ranked.values()


def _name(one: Candidate, name: str, rank: int) -> None:
    if one.is_before:
        one.together = f"{name}/{rank}"


def _alike(group: _Group) -> Iterable[_Group]:
    """Those to one address, in the same words, that have not gone yet."""
    if len(group) == 1:
        return ()
    groups: dict[tuple[object, ...], _Group] = defaultdict(list)
    for one in group:
        if one.is_to_come:
            alike = (one.clinic.clinic_id, one.routes[0], one.template, one.language)
            groups[*alike, one.prepared.kind].append(one)
    return groups.values()


def _align(group: _Group) -> None:
    if len(group) == 1:
        return
    due_at, last = group[0].due_at, group[-1].due_at
    if not group[0].is_before:
        if last - due_at > _SAME_EVENT or any(last >= one.latest for one in group):
            return
        due_at = last
    for one in group:
        if one.due_at != due_at:
            # It is told with another visit, wherever quiet hours had moved it.
            one.due_at = due_at
            one.notes = tuple(note for note in one.notes if note not in _QUIET)
        one.notes = (*one.notes, Note.TOGETHER)
