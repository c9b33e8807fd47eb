"""Settings of the clinics and their rules, turned into the words the rules know."""

from datetime import date, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from reminder.model.clinics import Clinic, QuietHours
from reminder.model.offsets import Offset
from reminder.model.people import Channel
from reminder.model.rulesets import Rule, Ruleset, Step
from reminder.rules.calendar import public_holidays
from reminder.rules.offsets import parse_offset

_ANY_YEAR = 2027


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not an IANA time zone such as America/New_York")
    return name


def _offset(text: object) -> Offset:
    if not isinstance(text, str):
        raise ValueError("write an offset as text, such as '24 hours before'")  # noqa: TRY004 - pydantic reports only ValueError
    return parse_offset(text)


def _quiet_hours(text: object) -> QuietHours:
    if isinstance(text, QuietHours):
        return text
    start, _, end = str(text).partition("-")
    try:
        return QuietHours(time.fromisoformat(start), time.fromisoformat(end))
    except ValueError:
        raise ValueError("write quiet hours as '20:00-08:00'") from None


class Part(BaseModel):
    """What every part of the tree has in common."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        arbitrary_types_allowed=True,
    )


class StepSettings(Part):
    """One step of a rule."""

    id: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    """A short name that stays with this step: what was sent is known by it."""

    offset: Annotated[Any, BeforeValidator(_offset)]
    """When it is due: '24 hours before', '3 days before at 18:30', '5 business days
    before at 10:00'.
    """

    channels: tuple[Channel, ...] = Field(min_length=1)
    """The channels in order: the next one is tried when one fails."""

    template: str = Field(default="reminder", pattern=r"^[a-z-]{1,40}$")
    """Which words to use."""

    def step(self) -> Step:
        """As the rules know it."""
        return Step(self.id, self.offset, self.channels, self.template)


class RuleSettings(Part):
    """What a clinic's patients are told, and when."""

    name: str
    """A name for people."""

    steps: tuple[StepSettings, ...] = Field(min_length=1)
    """The reminders, each with its own id."""


class ClinicSettings(Part):
    """One clinic."""

    id: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    """A short name of your own for this clinic; it must never change afterwards."""

    connection: str
    """The `name` of the connection its appointments come from."""

    name: str = Field(min_length=1, max_length=120)
    """The clinic's name as patients know it."""

    short_name: str = Field(min_length=1, max_length=40)
    """What a lock screen may show: no specialty, no department."""

    zone: Annotated[str, AfterValidator(_zone)]
    """The IANA time zone of its wall clock."""

    locations: frozenset[str] = frozenset()
    """The FHIR ids of its Locations."""

    languages: tuple[str, ...] = Field(default=("en",), min_length=1)
    """The languages it writes in, the usual one first."""

    phone: str = ""
    """The number patients may call, as it should be printed."""

    address: str = ""
    """Where it is, as it should be printed, when the Location has no address."""

    quiet_hours: Annotated[QuietHours, BeforeValidator(_quiet_hours)] = QuietHours(
        time(20), time(8)
    )
    """When nobody is disturbed, in its own wall clock."""

    age_of_majority: int = Field(default=18, ge=0, le=30)
    """Below this age, in years, a guardian is told instead of the patient."""

    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    """ISO 3166 country whose public holidays are no business days."""

    subdivision: str | None = None
    """ISO 3166-2 part of the country, such as NY."""

    closures: frozenset[date] = frozenset()
    """The clinic's own days off."""

    undo_limit_h: int = Field(default=2, ge=0)
    """Hours before the start until which a patient can take back a move or a
    cancellation.
    """

    rule: tuple[RuleSettings, ...] = ()
    """Its rules; none means that nothing is sent."""

    @field_validator("rule")
    @classmethod
    def _step_ids_differ(
        cls, rules: tuple[RuleSettings, ...]
    ) -> tuple[RuleSettings, ...]:
        ids = [step.id for rule in rules for step in rule.steps]
        if len(ids) != len(set(ids)):
            raise ValueError("two steps have the same id")
        return rules

    @model_validator(mode="after")
    def _holidays_are_known(self) -> "ClinicSettings":
        public_holidays(self.country, self.subdivision, _ANY_YEAR)
        return self

    def clinic(self) -> Clinic:
        """As the rules know it."""
        return Clinic(
            clinic_id=self.id,
            connection=self.connection,
            name=self.name,
            short_name=self.short_name,
            zone=ZoneInfo(self.zone),
            location_ids=self.locations,
            languages=self.languages,
            phone=self.phone,
            address=self.address,
            quiet_hours=self.quiet_hours,
            age_of_majority=self.age_of_majority,
            country=self.country,
            subdivision=self.subdivision,
            closures=self.closures,
            undo_limit_h=self.undo_limit_h,
            ruleset=Ruleset(
                rules=tuple(
                    Rule(rule.name, tuple(step.step() for step in rule.steps))
                    for rule in self.rule
                )
            ),
        )
