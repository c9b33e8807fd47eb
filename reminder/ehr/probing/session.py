"""One examination of an EHR: what is known so far, and how each trial is held."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRError, EHRUnavailable
from reminder.ehr.probing.asking import MOST_REQUESTS, Asking, BudgetSpent
from reminder.ehr.reading.instants import instant_text
from reminder.ehr.reading.raw import Resource, objects
from reminder.ehr.reading.references import Target, is_id, resolve
from reminder.ehr.wire.client import Params
from reminder.model.capabilities import Capabilities
from reminder.model.clock import Clock
from reminder.model.trials import Fact, Facts, Trial, Verdict

MOST_SAMPLED = 100

Told = Callable[[int, int], None]
"""Told before each trial how many were held, and of how many."""


@dataclass(frozen=True, slots=True)
class Given:
    """Ids somebody gave to try with, where the EHR does not let us find any."""

    appointment: str | None = None
    patient: str | None = None
    practitioner: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """How one trial ended; what is None is as the attempt says."""

    verdict: Verdict
    found: Facts
    instead: str | None = None
    needed: bool | None = None


def either(good: object, found: Facts) -> Result:
    """It works if that is true, and this was found."""
    return Result(Verdict.PASS if good else Verdict.FAIL, found)


def passed(**found: Fact) -> Result:
    """It works."""
    return Result(Verdict.PASS, found)


def failed(
    instead: str | None = None, *, needed: bool | None = None, **found: Fact
) -> Result:
    """It does not work."""
    return Result(Verdict.FAIL, found, instead, needed)


def unknown(instead: str | None = None, **found: Fact) -> Result:
    """It could not be tried, or proves nothing."""
    return Result(Verdict.UNKNOWN, found, instead)


@dataclass(slots=True)
class Session:
    """What one trial leaves for the next.

    `direct`: there is a network between us and the server. `base` are the
    parameters of a search that finds appointments, and `base_rows` how many;
    None while none does. `sample` are appointments by their ids, at most a
    hundred; `read` is one of them as it was read by its id.
    """

    asking: Asking
    config: EHRConfig
    clock: Clock
    given: Given = Given()
    try_writes: bool = False
    direct: bool = True
    statement: Resource | None = field(default=None, repr=False)
    stated: Capabilities = Capabilities()
    clock_skew_s: int | None = None
    offered: bool = True
    strict: bool = True
    base: Params | None = field(default=None, repr=False)
    base_rows: int = 0
    sample: dict[str, Resource] = field(default_factory=dict, repr=False)
    read: Resource | None = field(default=None, repr=False)
    etag: str | None = None

    @property
    def base_url(self) -> str:
        """Where the EHR is."""
        return self.asking.client.base_url

    def keep(self, resources: Sequence[Resource]) -> None:
        """Add to the sample what has an id, while there is room."""
        for each in resources:
            resource_id = each.get("id")
            if is_id(resource_id) and len(self.sample) < MOST_SAMPLED:
                self.sample.setdefault(str(resource_id), each)

    def found_by(self, params: Params, resources: Sequence[Resource]) -> None:
        """This search finds appointments: the one that needs least is the base."""
        self.keep(resources)
        by_date_alone = self.base is not None and self.base[0][0] == "date"
        if len(resources) > self.base_rows and not by_date_alone:
            self.base, self.base_rows = params, len(resources)

    def actors(self, *types: str) -> Iterator[str]:
        """The ids of participants of these types in the sample, as often as there."""
        for resource in self.sample.values():
            for target in actors_of(resource, self.base_url):
                if target.resource_type in types:
                    yield target.resource_id


def actors_of(resource: Resource, base_url: str) -> Iterator[Target]:
    """The participants that are resources of the same server."""
    for participant in objects(resource.get("participant")):
        target = resolve(participant.get("actor"), base_url)
        if isinstance(target, Target):
            yield target


def period(start: datetime, end: datetime) -> list[tuple[str, str]]:
    """The search parameters of [start, end): always both bounds, always in UTC."""
    return [("date", f"ge{instant_text(start)}"), ("date", f"lt{instant_text(end)}")]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A trial to be held: the sentence, how, and what is done if it fails.

    When one that `gates` fails, the rest is not tried.
    """

    name: str
    tried: str
    run: Callable[[Session], Awaitable[Result]]
    instead: str = ""
    needed: bool = False
    gates: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How many seconds one trial may take, and all of them together."""

    one_s: float = 30
    all_s: float = 180


async def held(
    attempts: Sequence[Attempt], session: Session, limits: Limits, told: Told
) -> list[Trial]:
    """Each in its turn; what goes wrong in one is its own verdict."""
    trials: list[Trial] = []
    closed_by: str | None = None
    time = asyncio.get_running_loop().time
    until = time() + limits.all_s
    for attempt in attempts:
        told(len(trials), len(attempts))
        if closed_by is not None:
            result = unknown(why=f"not tried after {closed_by}")
        elif time() >= until:
            result = unknown(why=f"not tried: {limits.all_s:g} s were over")
        else:
            result = await _result(attempt, session, limits.one_s)
        trial = _trial(attempt, result)
        if attempt.gates and trial.verdict is Verdict.FAIL:
            closed_by = attempt.name
        trials.append(trial)
    return trials


async def _result(attempt: Attempt, session: Session, limit_s: float) -> Result:
    try:
        async with asyncio.timeout(limit_s):
            return await attempt.run(session)
    except EHRUnavailable as error:
        # A server that is busy has not said what it would have answered.
        is_later = not (error.sent or attempt.gates)
        return (unknown if is_later else failed)(answer=str(error))
    except EHRError as error:
        return failed(answer=str(error))
    except TimeoutError:
        return failed(answer=f"no end after {limit_s:g} s")
    except BudgetSpent:
        return unknown(why=f"{MOST_REQUESTS} requests are enough")
    except Exception as error:  # noqa: BLE001 - one trial must not cost the report
        return unknown(why=f"stopped by {type(error).__name__}")


def _trial(attempt: Attempt, result: Result) -> Trial:
    instead = result.instead
    if instead is None:
        instead = attempt.instead if result.verdict is Verdict.FAIL else ""
    needed = attempt.needed if result.needed is None else result.needed
    return Trial(
        attempt.name, attempt.tried, result.verdict, result.found, instead, needed
    )
