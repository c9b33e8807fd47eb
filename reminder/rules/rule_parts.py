"""How a rule and its steps are written: every key with its sentence, and its errors."""

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    model_validator,
)

from reminder.model.offsets import HoursBefore, MinutesBefore, Offset
from reminder.model.people import Channel
from reminder.model.rulesets import (
    Condition,
    InsidePolicy,
    LatePolicy,
    Match,
    Mode,
    QuietPolicy,
    Rule,
    Span,
    Step,
    Visitor,
)
from reminder.rules.conditions import parse_condition
from reminder.rules.offsets import default_template, parse_offset, parse_span
from reminder.rules.steps import OWN_LEAD

ID = r"^[a-z0-9-]{1,40}$"

_Value = TypeVar("_Value")

Token = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)
]


class Part(BaseModel):
    """What every part of a ruleset or of the settings has in common."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        arbitrary_types_allowed=True,
    )


def in_words(parse: Callable[[str], _Value], example: str) -> PlainValidator:
    """A value written as text and read by `parse`, which explains its errors."""

    def read(text: object) -> _Value:
        if not isinstance(text, str):
            raise ValueError(f"write it as text, such as '{example}'")  # noqa: TRY004 - pydantic reports only ValueError
        return parse(text)

    return PlainValidator(read)


_IN_HOURS = "write minutes or hours before the visit: '2 hours before'"
_OTHER_UNITS = re.compile("day|week|month|when")


def _useful(text: str) -> MinutesBefore | HoursBefore:
    try:
        offset = parse_offset(text)
    except ValueError as error:
        # What it advises may be right for a step, and be refused here next.
        if _OTHER_UNITS.search(str(error)):
            raise ValueError(_IN_HOURS) from None
        raise
    if not isinstance(offset, MinutesBefore | HoursBefore):
        raise ValueError(_IN_HOURS)  # noqa: TRY004 - pydantic reports only ValueError
    return offset


def _no_channel_twice(channels: tuple[Channel, ...]) -> tuple[Channel, ...]:
    if len(channels) != len(set(channels)):
        raise ValueError("a channel is named twice")
    return channels


def _not_reserved(step_id: str) -> str:
    if step_id == OWN_LEAD:
        raise ValueError("this id stands for the patient's own choice; take another")
    return step_id


def _printable(name: str) -> str:
    """What turns the words after it around, or moves a cursor, is no name."""
    if any(unicodedata.category(char) in {"Cc", "Cf"} for char in name):
        raise ValueError("it holds a character that cannot be seen")
    return name


def slug(name: str) -> str:
    """A name as an id: 'Every visit' is `every-visit`; empty if it has no letters."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.findall("[a-z0-9]+", plain.lower())
    return "-".join(words)[:40].strip("-")


Useful = Annotated[MinutesBefore | HoursBefore, in_words(_useful, "2 hours before")]
ASpan = Annotated[Span, in_words(parse_span, "7 days")]


class StepPart(Part):
    """One step of a rule."""

    id: Annotated[str, AfterValidator(_not_reserved)] = Field(pattern=ID)
    """A short name that stays with this step: what was sent is known by it."""

    offset: Annotated[Offset, in_words(parse_offset, "24 hours before")]
    """When it is due: '24 hours before', '3 days before at 18:30', '5 business days
    before at 10:00', 'the Friday before at 15:00', '2 hours after', 'when booked',
    'when moved', 'when cancelled', 'when missed'.
    """

    channels: Annotated[tuple[Channel, ...], AfterValidator(_no_channel_twice)] = Field(
        min_length=1
    )
    """The channels in order: the next one is tried when one fails."""

    template: str | None = Field(default=None, pattern=r"^[a-z-]{1,40}$")
    """Which words to use; those that go with the offset unless others are named."""

    conditions: tuple[
        Annotated[Condition, in_words(parse_condition, "unless confirmed")], ...
    ] = ()
    """What must hold when it is due: 'unless confirmed', 'only if unconfirmed', 'only
    if confirmed', 'only if booked more than 7 days before', 'only first of the day'.
    """

    quiet: QuietPolicy = QuietPolicy.NEAREST
    """Where it goes when it is due in quiet hours: nearest, later, earlier, or drop."""

    late: LatePolicy = LatePolicy.SEND
    """What becomes of it when it could not be sent in time: send, shorten, or drop."""

    inside: InsidePolicy = InsidePolicy.SKIP
    """What becomes of it when its moment was over at booking: skip, or at-once."""

    useful: Useful = MinutesBefore(30)
    """Until when it is of use: '2 hours before' the visit it is not sent any more."""

    def step(self) -> Step:
        """As the rules know it."""
        return Step(
            step_id=self.id,
            offset=self.offset,
            channels=self.channels,
            template=self.template or default_template(self.offset),
            conditions=self.conditions,
            quiet=self.quiet,
            late=self.late,
            inside=self.inside,
            useful=self.useful,
        )


class MatchPart(Part):
    """Which appointments a rule is for."""

    appointment_types: frozenset[Token] = Field(default=frozenset(), min_length=1)
    """Of these appointment types, each as code, system|code or text."""

    service_types: frozenset[Token] = Field(default=frozenset(), min_length=1)
    """For these service types, each as code, system|code or text."""

    service_categories: frozenset[Token] = Field(default=frozenset(), min_length=1)
    """For services of these categories, each as code, system|code or text."""

    specialties: frozenset[Token] = Field(default=frozenset(), min_length=1)
    """Of these specialties, each as code, system|code or text."""

    locations: frozenset[Token] = Field(default=frozenset(), min_length=1)
    """At these places: the FHIR ids of their Locations."""

    practitioners: frozenset[Token] = Field(default=frozenset(), min_length=1)
    """With these people: the FHIR ids of their Practitioners."""

    tags: frozenset[Token] = Field(default=frozenset(), min_length=1)
    """With one of these tags (meta.tag), each as code or system|code."""

    languages: frozenset[Token] = Field(default=frozenset(), min_length=1)
    """Of patients who speak one of these languages, such as es."""

    mode: Mode | None = None
    """Of visits telehealth or in-person."""

    visitor: Visitor | None = None
    """Of patients new or returning."""

    age_from: int | None = Field(default=None, ge=0, le=150)
    """Of patients at least so many years old at the visit."""

    age_below: int | None = Field(default=None, ge=1, le=150)
    """Of patients not yet so many years old at the visit."""

    booked_ahead_at_least: ASpan | None = None
    """Booked at least so long before the visit: '7 days', '48 hours'."""

    booked_ahead_less_than: ASpan | None = None
    """Booked less than so long before the visit: '7 days', '48 hours'."""

    @model_validator(mode="after")
    def _some_age_fits(self) -> "MatchPart":
        first, end = self.age_from, self.age_below
        if first is not None and end is not None and first >= end:
            raise ValueError(f"nobody is at least {first} and not yet {end} years old")
        return self

    def match(self) -> Match:
        """As the rules know it."""
        return Match(**{name: getattr(self, name) for name in type(self).model_fields})


class RulePart(Part):
    """What is told about some appointments, and when."""

    id: str | None = Field(default=None, pattern=ID)
    """A short name that stays with this rule; made of its name if it has none."""

    name: Annotated[str, AfterValidator(_printable)] = Field(default="", max_length=120)
    """A name for people."""

    match: MatchPart | None = None
    """Which appointments it is for; all of them if nothing is said."""

    steps: tuple[StepPart, ...]
    """What is told, each with its own id; `steps = []` tells nothing."""

    @model_validator(mode="after")
    def _has_an_id(self) -> "RulePart":
        if not self.rule_id:
            raise ValueError("give it an id, such as id = 'every-visit'")
        return self

    @property
    def rule_id(self) -> str:
        """The id, or the name as an id."""
        return self.id or slug(self.name)

    def rule(self) -> Rule:
        """As the rules know it."""
        steps = tuple(step.step() for step in self.steps)
        match = self.match.match() if self.match else Match()
        return Rule(self.rule_id, steps, match, self.name)
