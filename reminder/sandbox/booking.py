"""Fills the diary: first those who are special in some way, then everybody else."""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, time, timedelta
from random import Random

from reminder.sandbox.cast import CAST, Part, adult, siblings
from reminder.sandbox.clinics import (
    CLINICS,
    HARBOR,
    Resource,
    SandboxClinic,
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
        self._today, *soon = [day for day in self.diary.days if day < end]
        # Whoever comes first in the cast is seen tomorrow, and so is told
        # while the story is still at its first day.
        self._soon = itertools.cycle([*soon, self._today])
        self._tomorrow = soon[0]
        self._later = itertools.cycle(day for day in self.diary.days if day >= end)

    def book_everybody(self) -> None:
        """Fill the diary."""
        for part in CAST:
            self._book_part(part)
        self._book_siblings()
        self._book_telehealth()
        self._book_late()
        self._book_unusual()
        self._book_this_morning()
        self._fill(self._soon, _BOOKED_IN_FIRST_WEEKS - self._booked())
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
        for _ in range(part.count):
            opening = self._opening_soon()
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
            opening = self._opening_soon()
            join_url = f"https://video.example.org/join/{self._rng.randbytes(9).hex()}"
            people = adult(self._make, opening.clinic)
            self._keep("telehealth", opening, people, telehealth(join_url))

    def _book_late(self) -> None:
        for _ in range(_BOOKED_YESTERDAY):
            opening = self.diary.take(self._tomorrow, clinic=self._clinic())
            people = adult(self._make, opening.clinic)
            self._keep("booked-yesterday", opening, people, days_ago=1)

    def _book_unusual(self) -> None:
        for status, count in _UNUSUAL.items():
            for _ in range(count):
                opening = self.diary.look(next(self._soon), after=_STORY_BEGINS)
                people = adult(self._make, opening.clinic)
                self._keep(status, opening, people, {"status": status})
        opening = self._opening_soon()
        people = adult(self._make, opening.clinic)
        self._keep("declined", opening, people, participation="declined")
        self._book_in_van()

    def _book_in_van(self) -> None:
        """A booked visit at a Location that no clinic of the settings has."""
        opening = self._opening_soon()
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

    def _fill(self, days: Iterator[date], count: int) -> None:
        for _ in range(count):
            opening = self.diary.take(
                next(days), clinic=self._clinic(), after=_STORY_BEGINS
            )
            self._keep("ordinary", opening, adult(self._make, opening.clinic))

    def _opening_soon(self) -> Opening:
        return self.diary.take(
            next(self._soon), clinic=self._clinic(), after=_STORY_BEGINS
        )

    def _clinic(self) -> SandboxClinic:
        return self._rng.choice(CLINICS)

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
