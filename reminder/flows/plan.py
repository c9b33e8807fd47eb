"""Makes the plan again for everyone whose world changed, one person at a time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from reminder.flows import readable
from reminder.flows.entries import Entries
from reminder.model.appointments import AppointmentKey
from reminder.model.clinics import ClinicDirectory
from reminder.model.clock import Clock
from reminder.model.people import PatientKey
from reminder.model.reasons import Reason
from reminder.model.reminders import Decision, Person, PlanCounts, Skipped
from reminder.model.worklist import WorklistEntry, WorklistKind
from reminder.rules.plan import plan

log = structlog.get_logger()

_BATCH = 500
_TRIES = 3
"""How often one run plans for a person whose world does not stop changing."""


class People(readable.People, Protocol):
    """Whose plan is due, and their world."""

    async def to_plan(self, limit: int) -> list[PatientKey]:
        """Whose plan is due, always the same ones first."""


class Plans(Protocol):
    """Where decisions are kept."""

    async def keep_plans(
        self, plans: Sequence[tuple[Person, Sequence[Decision]]], *, now: datetime
    ) -> PlanCounts:
        """Keep the difference, in one transaction."""


class Plan:
    """Plans; repeatable at any time, and made again where a crash left off.

    A person nobody can plan for is logged and left due; the others are planned.
    """

    def __init__(
        self,
        people: People,
        plans: Plans,
        worklist: Entries,
        clinics: ClinicDirectory,
        clock: Clock,
    ) -> None:
        self._people = people
        self._plans = plans
        self._worklist = worklist
        self._clinics = clinics
        self._clock = clock

    async def run(self) -> PlanCounts:
        """Plan until nobody's plan is due; the counts of what changed."""
        total, tries = PlanCounts(), Counter[PatientKey]()
        while keys := await self._due(tries):
            counts, failed = await self._some(keys)
            total += counts
            tries.update(keys)
            tries.update(dict.fromkeys(failed, _TRIES))
        if total.planned or total.withdrawn:
            log.info("made_plan", planned=total.planned, withdrawn=total.withdrawn)
        return total

    async def again(self, keys: Sequence[PatientKey]) -> None:
        """Plan these people now, because one of them just acted."""
        await self._some(list(dict.fromkeys(keys)))

    async def _due(self, tries: Counter[PatientKey]) -> list[PatientKey]:
        """Whose plan is due and was not tried in vain in this run."""
        in_vain = {key for key, count in tries.items() if count >= _TRIES}
        keys = await self._people.to_plan(_BATCH + len(in_vain))
        return [key for key in keys if key not in in_vain]

    async def _some(
        self, keys: Sequence[PatientKey]
    ) -> tuple[PlanCounts, set[PatientKey]]:
        """What changed, and for whom no plan could be made."""
        now = self._clock()
        people = await readable.readable(self._people, keys)
        plans = list(self._decide(people, now))
        # First, so that no crash lets a stray one be planned and not reported.
        for person, decisions in plans:
            await self._report_strays(person, decisions, now)
        counts = await self._plans.keep_plans(plans, now=now)
        return counts, set(keys) - {person.key for person, _ in plans}

    def _decide(
        self, people: Sequence[Person], now: datetime
    ) -> Iterator[tuple[Person, Sequence[Decision]]]:
        for person in people:
            try:
                yield person, plan(person, self._clinics, now)
            except Exception as error:  # noqa: BLE001 - nobody waits for one impossible person
                error_name = type(error).__name__
                log.error("could_not_plan", **person.key._asdict(), error=error_name)

    async def _report_strays(
        self, person: Person, decisions: Sequence[Decision], now: datetime
    ) -> None:
        for key in _strays(person, decisions):
            await self._worklist.add(
                WorklistEntry(
                    kind=WorklistKind.NO_CLINIC,
                    subject="/".join(key),
                    at=now,
                    appointment=key,
                )
            )


def _strays(person: Person, decisions: Sequence[Decision]) -> list[AppointmentKey]:
    """Appointments of no clinic, but for those an earlier plan reported."""
    reported = {one.key for one in person.kept if one.reason is Reason.NO_CLINIC}
    return [
        decision.key.appointment
        for decision in decisions
        if isinstance(decision, Skipped)
        and decision.reason is Reason.NO_CLINIC
        and decision.key not in reported
    ]
