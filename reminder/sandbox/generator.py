"""Makes everything the pretended EHR holds, from a first day and a seed."""

from dataclasses import dataclass
from datetime import date
from random import Random

from reminder.sandbox.booking import Booking
from reminder.sandbox.clinics import (
    CLINICS,
    Resource,
    clinic_resources,
    van_location,
)
from reminder.sandbox.malformed import Malformed
from reminder.sandbox.people import load_words


@dataclass(frozen=True, slots=True)
class Practice:
    """What the generator made.

    `resources` are valid, and each refers only to resources before it;
    `malformed` are what no honest server would hold. `notable` maps what is
    special about a visit ('telehealth', 'siblings', 'child', 'awkward', and
    'ordinary' for the rest) to the ids of its Appointments.
    """

    first_day: date
    resources: tuple[Resource, ...]
    malformed: tuple[Malformed, ...]
    notable: dict[str, tuple[str, ...]]

    def of_type(self, resource_type: str) -> list[Resource]:
        """The resources of one type."""
        return [r for r in self.resources if r["resourceType"] == resource_type]


def generate(first_day: date, seed: int = 1) -> Practice:
    """The two clinics from that day on; the same arguments give the same clinics.

    At least 300 booked visits in the first 14 days, a few after that, Slots
    for 30 days. Open on weekdays that are no federal holiday. `first_day`
    must be such a day.

    Raises:
        ValueError: the clinics are closed on the first day.
    """
    rng = Random(seed)  # noqa: S311 - repeatable is what is wanted here
    booking = Booking(first_day, rng, load_words())
    if booking.diary.days[0] != first_day:
        raise ValueError(f"the clinics are closed on {first_day}")
    booking.book_everybody()
    spoilt = booking.spoilt()
    places = [resource for clinic in CLINICS for resource in clinic_resources(clinic)]
    slots = booking.diary.slots()
    return Practice(
        first_day=first_day,
        resources=(
            *places,
            van_location(),
            *slots,
            *booking.people,
            *booking.visits,
        ),
        malformed=spoilt,
        notable={name: tuple(ids) for name, ids in booking.notable.items()},
    )
