"""What was tried at one EHR before it is relied on, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reminder.model.capabilities import SearchPlan, Writing


class Verdict(StrEnum):
    """How a trial ended."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    UNKNOWN = "unknown"
    """It could not be tried, or its answer proves nothing."""


Fact = str | int | float | bool
Facts = Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that was tried. `tried` is the sentence that was put to the test.

    `found` are codes, counts and milliseconds, never anything of a patient;
    `instead` is what Reminder does because of it, or what to change. Where one
    that is `needed` fails, this EHR cannot be worked with as it is.
    """

    name: str
    tried: str
    verdict: Verdict
    found: Facts = field(default_factory=dict)
    instead: str = ""
    needed: bool = False


@dataclass(frozen=True, slots=True)
class ChosenPlan:
    """The search plan that suits, and why. None: nothing suits."""

    plan: SearchPlan | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionReport:
    """Everything that was tried at one EHR, in order, and what follows.

    `locations` are the Location ids seen in a sample of appointments, and in
    how many of these; `practitioners` likewise. `limits` are sentences about
    what is known of this make of EHR, `writing_but` about what the trials
    showed against the ways of writing it states.
    """

    base_url: str
    asked_at: datetime
    requests: int
    fhir_version: str
    software: str
    profile: str | None
    profile_title: str
    trials: tuple[Trial, ...]
    search: ChosenPlan
    strict: bool
    writing: Writing
    locations: Mapping[str, int]
    practitioners: Mapping[str, int]
    limits: tuple[str, ...]
    writing_but: tuple[str, ...] = ()

    def trial(self, name: str) -> Trial | None:
        """The trial of that name, if it came to that."""
        return next((each for each in self.trials if each.name == name), None)

    def passed(self, name: str) -> bool:
        """Whether the trial of that name was held and passed."""
        trial = self.trial(name)
        return trial is not None and trial.verdict is Verdict.PASS

    @property
    def obstacles(self) -> tuple[Trial, ...]:
        """The failed trials that must pass before anything works."""
        return tuple(
            each for each in self.trials if each.needed and each.verdict is Verdict.FAIL
        )

    @property
    def can_work(self) -> bool:
        """Whether Reminder can work with this EHR as it is."""
        return self.search.plan is not None and not self.obstacles
