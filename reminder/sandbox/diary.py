"""The clinics' diary: when they are open, which times are taken, as Slots."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

import holidays

from reminder.sandbox.clinics import CLINICS, Resource, SandboxClinic

VISIT = timedelta(minutes=30)
_TIMES = tuple(
    time(hour, minute) for hour in (9, 10, 11, 13, 14, 15, 16) for minute in (0, 30)
)


@dataclass(frozen=True, slots=True)
class Opening:
    """One half hour of one doctor; `start` carries the clinic's own zone."""

    clinic: SandboxClinic
    doctor: int
    start: datetime

    @property
    def slot_id(self) -> str:
        """The id of its Slot."""
        schedule_id = self.clinic.schedule_id(self.doctor)
        return f"{schedule_id}-{self.start:%Y%m%d-%H%M}"

    def instant(self, moment: datetime) -> str:
        """A FHIR instant, written the way this clinic's system writes them."""
        zone = UTC if self.clinic.writes_utc else self.clinic.zone
        return moment.astimezone(zone).isoformat().replace("+00:00", "Z")

    @property
    def starts(self) -> str:
        """The start as a FHIR instant."""
        return self.instant(self.start)

    @property
    def ends(self) -> str:
        """The end as a FHIR instant."""
        return self.instant(self.start.astimezone(UTC) + VISIT)


def business_days(first_day: date, days: int) -> list[date]:
    """The days of the period on which the clinics are open.

    Closed at weekends and on the federal holidays of the United States.
    """
    closed = holidays.country_holidays("US")
    period = (first_day + timedelta(days=n) for n in range(days))
    return [day for day in period if day.weekday() < 5 and day not in closed]


class Diary:
    """Every opening of both clinics in the period, and which of them are taken."""

    def __init__(self, first_day: date, days: int, rng: Random) -> None:
        self.days = business_days(first_day, days)
        self._free = {day: list(_openings_on(day)) for day in self.days}
        self._taken: list[Opening] = []
        for openings in self._free.values():
            rng.shuffle(openings)

    def take(
        self,
        day: date,
        *,
        clinic: SandboxClinic | None = None,
        after: time = time.min,
        before: time = time.max,
    ) -> Opening:
        """Take some free opening of that day, whose start is in [after, before)."""
        opening = self.look(day, clinic=clinic, after=after, before=before)
        self._free[day].remove(opening)
        self._taken.append(opening)
        return opening

    def look(
        self,
        day: date,
        *,
        clinic: SandboxClinic | None = None,
        after: time = time.min,
        before: time = time.max,
    ) -> Opening:
        """Some free opening of that day, which stays free."""
        return next(
            opening
            for opening in self._free[day]
            if clinic in (None, opening.clinic)
            and after <= opening.start.time() < before
        )

    def emptiest(self, days: Sequence[date]) -> date:
        """The day with the most free openings, the first of several."""
        return max(days, key=lambda day: len(self._free[day]))

    def slots(self) -> Iterator[Resource]:
        """A Slot for every opening, in the order of time."""
        taken = set(self._taken)
        for day in self.days:
            for opening in _openings_on(day):
                yield _slot(opening, "busy" if opening in taken else "free")


def _openings_on(day: date) -> Iterator[Opening]:
    for at in _TIMES:
        for clinic in CLINICS:
            for doctor in range(len(clinic.doctors)):
                start = datetime.combine(day, at, tzinfo=clinic.zone)
                yield Opening(clinic, doctor, start)


def _slot(opening: Opening, status: str) -> Resource:
    schedule_id = opening.clinic.schedule_id(opening.doctor)
    return {
        "resourceType": "Slot",
        "id": opening.slot_id,
        "schedule": {"reference": f"Schedule/{schedule_id}"},
        "status": status,
        "start": opening.starts,
        "end": opening.ends,
    }
