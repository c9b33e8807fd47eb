"""Makes the plan again for everyone whose world changed, one person at a time."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from reminder.flows import readable
from reminder.flows.entries import Entries
from reminder.flows.for_a_human import for_a_human
from reminder.flows.overlap import one_ahead
from reminder.model.clinics import ClinicDirectory, Clinics
from reminder.model.clock import Clock
from reminder.model.people import PatientKey
from reminder.model.reminders import Decision, Person, PlanCounts
from reminder.rules.plan import plan

log = structlog.get_logger()

_BATCH = 500
_AT_ONCE = 10 * _BATCH
"""How many people are asked for at once: between two such, nothing overlaps."""
_TRIES = 3
"""How often one run plans for a person whose world does not stop changing."""

Progress = Callable[[int], None]
"""Is told how many people have been planned for so far."""


class People(readable.People, Protocol):
    """Whose plan is due, and their world."""

    async def to_plan(self, limit: int) -> list[PatientKey]:
        """Whose plan is due, always the same ones first."""


class Plans(Protocol):
    """Where decisions are kept."""

    @property
    def keeps_aside(self) -> bool:
        """Whether there is time to make the next ones while it keeps some."""

    async def keep_plans(
        self,
        plans: Sequence[tuple[Person, Sequence[Decision]]],
        *,
        now: datetime,
        rules: Mapping[str, int] | None = None,
    ) -> PlanCounts:
        """Keep the difference, in one transaction, if these rules are in force."""


@dataclass(frozen=True, slots=True)
class _Made:
    """The plans made for some people, by the rules in force then."""

    keys: Sequence[PatientKey]
    plans: Sequence[tuple[Person, Sequence[Decision]]]
    now: datetime
    clinics: ClinicDirectory

    @property
    def failed(self) -> set[PatientKey]:
        """For whom no plan could be made."""
        return set(self.keys) - {person.key for person, _ in self.plans}


class Plan:
    """Plans; repeatable at any time, and made again where a crash left off.

    A person nobody can plan for is logged and left due; the others are planned.
    """

    def __init__(
        self,
        people: People,
        plans: Plans,
        worklist: Entries,
        clinics: Clinics,
        clock: Clock,
    ) -> None:
        self._people = people
        self._plans = plans
        self._worklist = worklist
        self._clinics = clinics
        self._clock = clock

    async def run(self, progress: Progress | None = None) -> PlanCounts:
        """Plan until nobody's plan is due; the counts of what changed."""
        total, tries = PlanCounts(), Counter[PatientKey]()
        while keys := await self._due(tries):
            async for made, counts in self._batches(keys):
                total += counts
                tries.update(made.keys)
                if progress is not None:
                    progress(len(tries))
                tries.update(dict.fromkeys(made.failed, _TRIES))
        if total.planned or total.withdrawn:
            log.info("made_plan", planned=total.planned, withdrawn=total.withdrawn)
        return total

    async def again(self, keys: Sequence[PatientKey]) -> None:
        """Plan these people now, because one of them just acted."""
        async for _ in self._batches(list(dict.fromkeys(keys))):
            pass

    async def _due(self, tries: Counter[PatientKey]) -> list[PatientKey]:
        """Whose plan is due and was not tried in vain in this run."""
        in_vain = {key for key, count in tries.items() if count >= _TRIES}
        keys = await self._people.to_plan(_AT_ONCE + len(in_vain))
        return [key for key in keys if key not in in_vain]

    async def _batches(
        self, keys: Sequence[PatientKey]
    ) -> AsyncIterator[tuple[_Made, PlanCounts]]:
        """The plans made for these people, and what changed, batch by batch."""
        starts = range(0, len(keys), _BATCH)
        batches = [keys[start : start + _BATCH] for start in starts]
        if self._plans.keeps_aside:
            async for made, counts in one_ahead(batches, self._make, self._keep):
                yield made, counts
            return
        for some in batches:
            made = await self._make(some)
            yield made, await self._keep(made)

    async def _make(self, keys: Sequence[PatientKey]) -> _Made:
        now, clinics = self._clock(), self._clinics()
        people = await readable.readable(
            self._people, keys, told_since=now - readable.CAPS_LOOK_BACK
        )
        plans = list(_decide(people, clinics, now))
        return _Made(keys, plans, now, clinics)

    async def _keep(self, made: _Made) -> PlanCounts:
        # First, so that no crash lets one be planned and not reported.
        await self._worklist.add_all(
            [
                entry
                for person, decisions in made.plans
                for entry in for_a_human(person, decisions, made.clinics, made.now)
            ]
        )
        return await self._plans.keep_plans(
            made.plans, now=made.now, rules=made.clinics.versions
        )


def _decide(
    people: Sequence[Person], clinics: ClinicDirectory, now: datetime
) -> Iterator[tuple[Person, Sequence[Decision]]]:
    for person in people:
        try:
            yield person, plan(person, clinics, now)
        except Exception as error:  # noqa: BLE001 - nobody waits for one impossible person
            error_name = type(error).__name__
            log.error("could_not_plan", **person.key._asdict(), error=error_name)
