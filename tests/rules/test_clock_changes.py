"""The standard rules around every clock change of the next ten years, everywhere.

What is right is reckoned here from the change alone: before it clocks run by
one offset from UTC, after it by another.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from reminder.model.clinics import QuietHours
from reminder.model.offsets import (
    BusinessDaysBefore,
    DaysAfter,
    DaysBefore,
    HoursAfter,
    HoursBefore,
    MinutesAfter,
    MinutesBefore,
    WeekdayBefore,
)
from reminder.model.people import Channel
from reminder.model.reasons import Note
from reminder.model.rulesets import QuietPolicy, Step
from reminder.rules.calendar import instant_in
from reminder.rules.due import Due, due, wanted_at
from reminder.rules.offsets import parse_offset
from reminder.rules.quiet_hours import is_quiet
from tests.rules.examples import clinic, utc

BEGINS, ENDS = utc("2026-11-21"), utc("2036-11-21")
DAY, WEEK = timedelta(days=1), timedelta(days=7)
VISIT = timedelta(minutes=30)

STANDARD = [
    parse_offset(text)
    for text in (
        "5 business days before at 10:00",
        "3 days before at 18:30",
        "24 hours before",
        "2 hours before",
        "90 minutes before",
        "the Friday before at 15:00",
        "2 hours after",
        "1 day after at 10:00",
    )
]
AFTER = (MinutesAfter, HoursAfter, DaysAfter)


@dataclass(frozen=True)
class Change:
    """A clock change, with the offsets from UTC before and after it."""

    zone: ZoneInfo
    at: datetime
    before: timedelta
    after: timedelta

    def __str__(self) -> str:
        return f"{self.zone.key}, {self.at:%Y-%m-%d %H:%M}Z"

    @property
    def strange(self) -> datetime:
        """The wall time, without a zone, in the middle of what is skipped or twice."""
        naive = self.at.replace(tzinfo=None)
        return naive + (self.before + self.after) / 2

    def instant(self, wall: datetime) -> datetime:
        """The one instant of a wall time, within weeks of the change."""
        first = wall.replace(tzinfo=UTC) - self.before
        second = wall.replace(tzinfo=UTC) - self.after
        if first < self.at:
            return first
        return max(second, self.at)

    def wall(self, at: datetime) -> datetime:
        """What the clocks show, without a zone, within weeks of the change."""
        offset = self.before if at < self.at else self.after
        return at.replace(tzinfo=None) + offset


@cache
def clock_changes() -> tuple[Change, ...]:
    """Of zones whose clocks always show the same, those of the first.

    Twice within one week no clock of these years is changed.
    """
    changes = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        found = tuple(_changes(zone))
        alike = tuple((one.at, one.before, one.after) for one in found)
        changes.setdefault(alike, found)
    return tuple(one for found in changes.values() for one in found)


def _changes(zone: ZoneInfo) -> Iterator[Change]:
    early, before = BEGINS, BEGINS.astimezone(zone).utcoffset()
    while early < ENDS:
        late = early + WEEK
        after = late.astimezone(zone).utcoffset()
        if after != before:
            yield Change(zone, _first_with(after, early, late, zone), before, after)
        early, before = late, after


def _first_with(offset: timedelta, early: datetime, late: datetime, zone) -> datetime:
    """The second from which on the clocks of a zone have an offset."""
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // timedelta(seconds=2) * timedelta(seconds=1)
        if middle.astimezone(zone).utcoffset() == offset:
            late = middle
        else:
            early = middle
    return late


def visits(change: Change) -> Iterator[datetime]:
    """Starts from the day before a change on, for as long as steps look back on it."""
    changed_on = change.strange.date()
    for ahead in range(-1, 9):
        for at in (time(0, 30), time(9, 30)):
            yield change.instant(datetime.combine(changed_on + ahead * DAY, at))


def offsets(change: Change):
    """The standard ones, and two whose hour is skipped or comes twice."""
    at = change.strange.time()
    return [*STANDARD, DaysBefore(1, at), DaysAfter(1, at)]


def expected(change: Change, offset, start_at: datetime) -> datetime:
    """The instant an offset asks for, without what is to be tried."""
    match offset:
        case HoursBefore(hours):
            return start_at - timedelta(hours=hours)
        case MinutesBefore(minutes):
            return start_at - timedelta(minutes=minutes)
        case HoursAfter(hours):
            return start_at + VISIT + timedelta(hours=hours)
    day = expected_day(change.wall(start_at).date(), offset)
    return change.instant(datetime.combine(day, offset.at))


def expected_day(visit_on: date, offset) -> date:
    match offset:
        case DaysBefore(days):
            return visit_on - days * DAY
        case DaysAfter(days):
            return visit_on + days * DAY
        case BusinessDaysBefore(count):
            past = [visit_on - n * DAY for n in range(1, 20)]
            return [day for day in past if day.weekday() < 5][count - 1]
        case WeekdayBefore(weekday):
            past = [visit_on - n * DAY for n in range(1, 8)]
            return next(day for day in past if day.weekday() == weekday)


def test_there_are_clock_changes_of_every_kind():
    changes = clock_changes()

    assert len(changes) > 500
    assert {one.after > one.before for one in changes} == {True, False}
    assert {abs(one.after - one.before) for one in changes} > {
        timedelta(minutes=30),
        timedelta(minutes=60),
    }


def test_every_step_is_wanted_at_the_right_instant_day_and_side_of_the_visit():
    wrong = []
    for change in clock_changes():
        place = clinic(change.zone.key)
        for start_at in visits(change):
            for offset in offsets(change):
                found = wanted_at(place, offset, start_at, start_at + VISIT)
                is_after = isinstance(offset, AFTER)
                right_side = found > start_at + VISIT if is_after else found < start_at
                if not right_side or found != expected(change, offset, start_at):
                    wrong.append(f"{change}, visit {start_at}: {offset} is {found}")

    assert wrong == []


def test_a_skipped_time_of_day_stays_on_its_day_unless_the_day_ends_with_it():
    ends_of_days = set()
    for change in clock_changes():
        asked = change.strange
        found = instant_in(change.zone, asked.date(), asked.time())
        shown = found.astimezone(change.zone).replace(tzinfo=None)
        if shown.date() != asked.date():
            assert shown == datetime.combine(asked.date() + DAY, time()), change
            ends_of_days.add(change.zone.key)

    # Greenland's clocks skip the hour before midnight.
    assert ends_of_days <= {"America/Godthab", "America/Nuuk", "America/Scoresbysund"}


def test_a_later_time_of_day_is_never_an_earlier_instant():
    for change in clock_changes():
        day = change.strange.date()
        walls = [
            datetime.combine(day - DAY, time(12)) + n * timedelta(minutes=15)
            for n in range(48 * 4)
        ]

        found = [instant_in(change.zone, one.date(), one.time()) for one in walls]

        assert found == sorted(found), change
        assert found == [change.instant(one) for one in walls], change


def test_no_step_is_moved_into_quiet_hours_or_to_where_it_is_of_no_use():
    wrong, notes = [], set()
    for change in clock_changes():
        place = clinic(change.zone.key)
        for start_at in visits(change):
            for offset in STANDARD:
                for found in moved(place, offset, start_at):
                    notes.add(found.note)
                    if not is_right(change, found, offset, start_at):
                        wrong.append(f"{change}, visit {start_at}: {offset} is {found}")

    assert wrong == []
    assert notes == {None, Note.QUIET_LATER, Note.QUIET_EARLIER}


def moved(place, offset, start_at) -> Iterator[Due]:
    """When a step is due, by each of the ways out of quiet hours if it is in them."""
    wanted = wanted_at(place, offset, start_at, start_at + VISIT)
    latest = wanted + DAY if isinstance(offset, AFTER) else start_at - VISIT
    for step in steps(offset):
        when = due(place, place.zone, step, wanted, latest=latest, visit_at=start_at)
        if when is not None:
            yield when
            if when.note is None:
                break


@cache
def steps(offset) -> tuple[Step, ...]:
    return tuple(
        Step("s", offset, (Channel.SMS,), quiet=policy) for policy in QuietPolicy
    )


def is_right(change: Change, found: Due, offset, start_at: datetime) -> bool:
    """Outside quiet hours, on its side of the visit, and not moved till too late."""
    is_after = isinstance(offset, AFTER)
    right_side = found.at > start_at if is_after else found.at < start_at
    in_use = found.at < start_at - VISIT or is_after or found.note is None
    return right_side and in_use and time(8) <= change.wall(found.at).time() < time(20)


def test_quiet_hours_that_begin_or_end_in_the_change_leave_no_hole():
    for change in clock_changes():
        strange, six_hours = change.strange, timedelta(hours=6)
        night = QuietHours((strange - six_hours).time(), strange.time())
        day = QuietHours(strange.time(), (strange + six_hours).time())

        border, second = change.instant(strange), timedelta(seconds=1)

        assert is_quiet(night, change.zone, border - second), change
        assert not is_quiet(night, change.zone, border), change
        assert not is_quiet(day, change.zone, border - second), change
        assert is_quiet(day, change.zone, border), change
        assert is_quiet(day, change.zone, border + timedelta(hours=4)), change
