"""Appointment resources, as the pretended scheduling module writes them."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from reminder.sandbox.clinics import Resource
from reminder.sandbox.diary import Opening
from reminder.sandbox.people import Words


class Visits:
    """Books one visit after another; the same `rng` books the same ones.

    Every visit was made before the first day. Reason, comment and service
    are there as in any EHR: nothing of them belongs into a message.
    """

    def __init__(self, first_day: date, rng: Random, words: Words) -> None:
        self._first_day = first_day
        self._rng = rng
        self._words = words
        self._ids = itertools.count(1)

    def visit(
        self,
        opening: Opening,
        patients: list[Resource],
        elements: Resource | None = None,
        *,
        participation: str | None = None,
        days_ago: int | None = None,
    ) -> Resource:
        """An Appointment at that opening; `elements` replace what was made."""
        people = [self._participant(patient, participation) for patient in patients]
        visit: Resource = {
            "resourceType": "Appointment",
            "id": f"visit-{next(self._ids):04}",
            "status": "booked",
            "serviceType": [{"text": "General practice"}],
            "reasonCode": [{"text": self._rng.choice(self._words.reasons)}],
            "comment": self._rng.choice(self._words.comments),
            "start": opening.starts,
            "end": opening.ends,
            "slot": [{"reference": f"Slot/{opening.slot_id}"}],
            "created": self._created(days_ago),
            "participant": [*people, *_place(opening)],
        }
        return visit | (elements or {})

    def _participant(self, patient: Resource, status: str | None) -> Resource:
        usual = ("needs-action", "needs-action", "needs-action", "accepted")
        return {
            "actor": {"reference": f"Patient/{patient['id']}"},
            "required": "required",
            "status": status or self._rng.choice(usual),
        }

    def _created(self, days_ago: int | None) -> str:
        days = self._rng.randint(2, 70) if days_ago is None else days_ago
        day = self._first_day - timedelta(days=days)
        at = time(self._rng.randint(14, 22), self._rng.choice((5, 20, 40)))
        made = datetime.combine(day, at, tzinfo=UTC)
        return made.isoformat().replace("+00:00", "Z")


def telehealth(join_url: str) -> Resource:
    """What makes a visit a telehealth visit: links to join it, contained.

    R4 has no element for them. This is how one large vendor writes it: each
    side as a contained resource with a link of its own, and the doctor's
    opens the room as its host.
    """
    links = {"Practitioner": f"{join_url}?host=1", "Patient": join_url}
    contained = [
        {
            "resourceType": side,
            "id": f"{side.lower()}-link",
            "telecom": [{"system": "url", "value": link}],
        }
        for side, link in links.items()
    ]
    named = [{"reference": f"#{one['id']}"} for one in contained]
    return {"contained": contained, "supportingInformation": named}


def _place(opening: Opening) -> list[Resource]:
    actors = (
        f"Practitioner/{opening.clinic.practitioner_id(opening.doctor)}",
        f"Location/{opening.clinic.location_id}",
    )
    return [
        {"actor": {"reference": actor}, "required": "required", "status": "accepted"}
        for actor in actors
    ]
