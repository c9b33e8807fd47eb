"""Fills the diary: first those who are special in some way, then everybody else."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, time, timedelta
from random import Random

from reminder.sandbox.cast import CAST, Part, adult, siblings
from reminder.sandbox.clinics import (
    HARBOR,
    Resource,
    van_location,
)
from reminder.sandbox.diary import Diary, Opening
from reminder.sandbox.malformed import MALFORMED, Malformed, spoil
from reminder.sandbox.people import People, Words
from reminder.sandbox.visits import Visits, telehealth

FIRST_WEEKS = timedelta(days=14)
DAYS = 30
_BOOKED_IN_FIRST_WEEKS = 330
_BOOKED_LATER = 40
_TELEHEALTH = 12
_BOOKED_YESTERDAY = 6
_STORY_BEGINS = time(10, 30)
_MORNING = {"noshow": 3, "fulfilled": 3}
_UNUSUAL = {"cancelled": 12, "pending": 2, "proposed": 1, "entered-in-error": 1}


class Booking:
    """Books everybody's visits; read `diary`, `people`, `visits` afterwards."""

    def __init__(self, first_day: date, rng: Random, words: Words) -> None:
        self.diary = Diary(first_day, DAYS, rng)
        self.people: list[Resource] = []
        self.visits: list[Resource] = []
        self.notable: dict[str, list[str]] = defaultdict(list)
        self._rng = rng
        self._make = People(first_day, rng, words)
        self._book = Visits(first_day, rng, words)
        end = first_day + FIRST_WEEKS
        self._first_weeks = [day for day in self.diary.days if day < end]
        self._later = [day for day in self.diary.days if day >= end]
        self._today, self._tomorrow = self._first_weeks[:2]

    def book_everybody(self) -> None:
        """Fill the diary."""
        self._book_siblings()
        for part in CAST:
            self._book_part(part)
        self._book_telehealth()
        self._book_late()
        self._book_unusual()
        self._book_this_morning()
        self._fill(self._first_weeks, _BOOKED_IN_FIRST_WEEKS - self._booked())
        self._fill(self._later, _BOOKED_LATER)

    def spoilt(self) -> tuple[Malformed, ...]:
        """The malformed visits, of patients who have a good one too."""
        visits = []
        days = self.diary.days[1 : MALFORMED + 1]
        for patient, day in zip(self.people, days, strict=False):
            opening = self.diary.take(day, after=_STORY_BEGINS)
            visits.append((opening, self._book.visit(opening, [patient])))
        return spoil(visits)

    def _book_part(self, part: Part) -> None:
        # The first of each kind is seen tomorrow, and so is told while the
        # story is at its first day.
        for day in [self._tomorrow] + [None] * (part.count - 1):
            opening = self._opening(day)
            people = part.make(self._make, opening.clinic)
            self._keep(part.name, opening, people)

    def _book_siblings(self) -> None:
        """Two children at one time with two doctors: one message tells of both."""
        for people in siblings(self._make, HARBOR):
            opening = self.diary.take(
                self._tomorrow, clinic=HARBOR, after=time(14), before=time(14, 30)
            )
            self._keep("siblings", opening, people)

    def _book_telehealth(self) -> None:
        for _ in range(_TELEHEALTH):
            opening = self._opening()
            join_url = f"https://video.example.org/join/{self._rng.randbytes(9).hex()}"
            people = adult(self._make, opening.clinic)
            self._keep("telehealth", opening, people, telehealth(join_url))

    def _book_late(self) -> None:
        for _ in range(_BOOKED_YESTERDAY):
            opening = self._opening(self._tomorrow)
            people = adult(self._make, opening.clinic)
            self._keep("booked-yesterday", opening, people, days_ago=1)

    def _book_unusual(self) -> None:
        for status, count in _UNUSUAL.items():
            for _ in range(count):
                day = self._rng.choice(self._first_weeks)
                opening = self.diary.look(day, after=_STORY_BEGINS)
                people = adult(self._make, opening.clinic)
                self._keep(status, opening, people, {"status": status})
        opening = self._opening()
        people = adult(self._make, opening.clinic)
        self._keep("declined", opening, people, participation="declined")
        self._book_in_van()

    def _book_in_van(self) -> None:
        """A booked visit at a Location that no clinic of the settings has."""
        opening = self._opening()
        self._keep("no-clinic", opening, adult(self._make, opening.clinic))
        location = self.visits[-1]["participant"][-1]
        location["actor"] = {"reference": f"Location/{van_location()['id']}"}

    def _book_this_morning(self) -> None:
        for status, count in _MORNING.items():
            for _ in range(count):
                opening = self.diary.take(
                    self._today, clinic=HARBOR, before=_STORY_BEGINS
                )
                people = adult(self._make, opening.clinic)
                self._keep(status, opening, people, {"status": status})

    def _fill(self, days: Sequence[date], count: int) -> None:
        for _ in range(count):
            opening = self._opening(self.diary.emptiest(days))
            self._keep("ordinary", opening, adult(self._make, opening.clinic))

    def _opening(self, day: date | None = None) -> Opening:
        day = day or self._rng.choice(self._first_weeks[1:])
        return self.diary.take(day, after=_STORY_BEGINS)

    def _keep(
        self,
        name: str,
        opening: Opening,
        people: list[Resource],
        elements: Resource | None = None,
        *,
        participation: str | None = None,
        days_ago: int | None = None,
    ) -> None:
        patients = [one for one in people if one["resourceType"] == "Patient"]
        visit = self._book.visit(
            opening, patients, elements, participation=participation, days_ago=days_ago
        )
        self.people += people
        self.visits.append(visit)
        self.notable[name].append(visit["id"])

    def _booked(self) -> int:
        return sum(visit["status"] == "booked" for visit in self.visits)
