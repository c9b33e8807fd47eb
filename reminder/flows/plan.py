"""Makes the plan again for everyone whose world changed, one person at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import structlog

from reminder.model.clinics import ClinicDirectory
from reminder.model.clock import Clock
from reminder.model.people import PatientKey
from reminder.model.reasons import Reason
from reminder.model.reminders import Decision, Person, PlanCounts, Skipped
from reminder.model.worklist import WorklistEntry, WorklistKind
from reminder.rules.plan import plan

log = structlog.get_logger()

_BATCH = 500


class People(Protocol):
    """Whose plan is due, and their world."""

    async def to_plan(self, limit: int) -> list[PatientKey]:
        """Whose plan is due."""

    async def people(self, keys: Sequence[PatientKey]) -> list[Person]:
        """Their world, everything the planner needs."""


class Plans(Protocol):
    """Where decisions are kept."""

    async def keep_plans(
        self, plans: Sequence[tuple[Person, Sequence[Decision]]], *, now: datetime
    ) -> PlanCounts:
        """Keep the difference, in one transaction."""


class Entries(Protocol):
    """Where what needs a human is put."""

    async def add(self, entry: WorklistEntry) -> bool:
        """False when it was open already."""


class Plan:
    """Plans; repeatable at any time, and made again where a crash left off."""

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
        total = PlanCounts()
        while keys := await self._people.to_plan(_BATCH):
            counts = await self._some(keys)
            total += counts
            if len(keys) < _BATCH:
                break
        if total.planned or total.withdrawn:
            log.info("made_plan", planned=total.planned, withdrawn=total.withdrawn)
        return total

    async def again(self, keys: Sequence[PatientKey]) -> None:
        """Plan these people now, because one of them just acted."""
        await self._some(list(dict.fromkeys(keys)))

    async def _some(self, keys: Sequence[PatientKey]) -> PlanCounts:
        now = self._clock()
        people = await self._people.people(keys)
        plans = [(person, plan(person, self._clinics, now)) for person in people]
        counts = await self._plans.keep_plans(plans, now=now)
        for _, decisions in plans:
            await self._report_strays(decisions, now)
        return counts

    async def _report_strays(
        self, decisions: Sequence[Decision], now: datetime
    ) -> None:
        for decision in decisions:
            if isinstance(decision, Skipped) and decision.reason is Reason.NO_CLINIC:
                key = decision.key.appointment
                await self._worklist.add(
                    WorklistEntry(
                        kind=WorklistKind.NO_CLINIC,
                        subject="/".join(key),
                        at=now,
                        appointment=key,
                    )
                )
