"""How a ruleset is written as a whole: its rules, its limits, and what it builds on."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    PlainValidator,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from reminder.model.people import Channel
from reminder.model.rulesets import (
    Caps,
    Confidential,
    Leads,
    RulesetDocument,
    Settling,
    Tier,
    Tiers,
)
from reminder.rules.document_text import ANY, print_duration
from reminder.rules.offsets import parse_span
from reminder.rules.rule_parts import ID, Part, RulePart, Token, in_words, slug


def _limit(value: object) -> int | None:
    if value == ANY:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"write a whole number from 1, or '{ANY}'")
    return value


def _duration(text: str) -> timedelta:
    if text.split() == print_duration(timedelta(0)).split():
        return timedelta(0)
    span = parse_span(text)
    return timedelta(**{span.unit: span.count})


ID_TAKEN = "id_taken"
"""The kind of error that says that an id stands for two things."""

Limit = Annotated[int | None, PlainValidator(_limit)]
Duration = Annotated[timedelta, in_words(_duration, "2 hours")]
TierName = Literal["basic", "standard", "full"]


class CapsPart(Part):
    """How many messages one person gets."""

    a_day: Limit = 1
    """At most so many on one day, or 'any'."""

    a_week: Limit = 3
    """At most so many in seven days, or 'any'."""

    channels: frozenset[Channel] = Caps().channels
    """The channels whose messages are counted together."""

    def value(self) -> Caps:
        """As the rules know it."""
        return Caps(self.a_day, self.a_week, self.channels)


class LeadsPart(Part):
    """What patients may choose of when they are told."""

    shortest: Duration = Leads().shortest
    """Not later than so long before the visit."""

    longest: Duration = Leads().longest
    """Not earlier than so long before the visit."""

    allowed: bool = True
    """Whether their choice takes the place of the steps before the visit."""

    @model_validator(mode="after")
    def _in_order(self) -> "LeadsPart":
        if self.shortest > self.longest:
            raise ValueError("the shortest lead is longer than the longest")
        return self

    def value(self) -> Leads:
        """As the rules know it."""
        return Leads(self.shortest, self.longest, self.allowed)


class TiersPart(Part):
    """How much a message may say."""

    email: TierName = "standard"
    """The most an e-mail says: basic, standard or full."""

    sms: TierName = "standard"
    """The most a text message says: basic, standard or full."""

    voice: TierName = "basic"
    """The most a call says: basic, standard or full."""

    def value(self) -> Tiers:
        """As the rules know it."""
        email, sms, voice = (
            Tier[one.upper()] for one in (self.email, self.sms, self.voice)
        )
        return Tiers(email, sms, voice)


class ConfidentialPart(Part):
    """Of which visits of minors no guardian is told."""

    services: frozenset[Token] = frozenset()
    """The services, types or specialties, each as code, system|code or text."""

    from_age: int = Field(default=12, ge=0, le=30)
    """From this age in years on."""

    def value(self) -> Confidential:
        """As the rules know it."""
        return Confidential(self.services, self.from_age)


class SettlingPart(Part):
    """How long a change must have stood before it is told."""

    moves: Duration = Settling().moves
    """So long a move waits for another one; '0 minutes' tells each at once."""

    rebooking: Duration = Settling().rebooking
    """Booked anew so soon after a cancellation is a move."""

    def value(self) -> Settling:
        """As the rules know it."""
        return Settling(self.moves, self.rebooking)


class RulesetPart(Part):
    """The rules of one owner, and their limits."""

    rule: tuple[RulePart, ...] = ()
    """The rules: of those that fit an appointment, the most specific one counts."""

    caps: CapsPart | None = None
    """How many messages one person gets."""

    leads: LeadsPart | None = None
    """What patients may choose of when they are told."""

    tiers: TiersPart | None = None
    """How much a message may say."""

    sensitive: frozenset[Token] | None = None
    """Services, types, specialties and Locations of which messages say the least."""

    confidential: ConfidentialPart | None = None
    """Of which visits of minors no guardian is told."""

    settling: SettlingPart | None = None
    """How long a change must have stood before it is told."""

    @model_validator(mode="wrap")
    @classmethod
    def _ids_differ(cls, part: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401 - whatever was written
        found = list(_ids_taken(part))
        try:
            validated = handler(part)
        except ValidationError as error:
            found += [_again(one) for one in error.errors(include_url=False)]
            validated = None
        if validated is None or found:
            raise ValidationError.from_exception_data(cls.__name__, found)
        return validated

    def ruleset(
        self,
        owner: str,
        extends: bool = False,  # noqa: FBT001, FBT002 - named like the key
        without: frozenset[str] = frozenset(),
    ) -> RulesetDocument:
        """As the rules know it, the ruleset of that owner."""
        return RulesetDocument(
            owner=owner,
            extends=extends,
            without=without,
            rules=tuple(rule.rule() for rule in self.rule),
            caps=self.caps.value() if self.caps else None,
            leads=self.leads.value() if self.leads else None,
            tiers=self.tiers.value() if self.tiers else None,
            sensitive=self.sensitive,
            confidential=self.confidential.value() if self.confidential else None,
            settling=self.settling.value() if self.settling else None,
        )


class NamedRulePart(RulePart):
    """A rule whose id does not change with its name."""

    id: str = Field(pattern=ID)
    """A short name that stays with this rule through every version."""


class DocumentPart(RulesetPart):
    """A ruleset by itself."""

    owner: str = Field(pattern=ID)
    """Whose it is: a clinic's id, or organisation."""

    extends: bool = False
    """Whether the organisation's rules count as well."""

    without: frozenset[Token] = frozenset()
    """The ids of those of the organisation's rules that do not count."""

    rule: tuple[NamedRulePart, ...] = ()
    """The rules: of those that fit an appointment, the most specific one counts."""

    def document(self) -> RulesetDocument:
        """As the rules know it."""
        return self.ruleset(self.owner, self.extends, self.without)


def _ids_taken(part: object) -> Iterator[InitErrorDetails]:
    """Each rule and each step whose id an earlier one of the ruleset has."""
    rules: Counter[str] = Counter()
    steps: Counter[str] = Counter()
    for i, rule in _tables(part, "rule"):
        rule_id = rule.get("id") or slug(str(rule.get("name", "")))
        rules[str(rule_id)] += 1
        if rule_id and rules[str(rule_id)] > 1:
            yield _taken("rule", rule_id, ("rule", i, "id" if "id" in rule else "name"))
        for j, step in _tables(rule, "steps"):
            step_id = step.get("id")
            steps[str(step_id)] += 1
            if step_id and steps[str(step_id)] > 1:
                yield _taken("step", step_id, ("rule", i, "steps", j, "id"))


def _tables(part: object, key: str) -> Iterator[tuple[int, dict[str, object]]]:
    listed = part.get(key) if isinstance(part, dict) else None
    for place, table in enumerate(listed if isinstance(listed, list | tuple) else ()):
        if isinstance(table, dict):
            yield place, table


def _taken(what: str, taken: object, place: tuple[int | str, ...]) -> InitErrorDetails:
    said = f"two {what}s have the id {str(taken)!r}"
    return _detail(ID_TAKEN, said, place)


def _again(details: ErrorDetails) -> InitErrorDetails:
    return _detail(details["type"], details["msg"], details["loc"])


def _detail(kind: str, said: str, place: tuple[int | str, ...]) -> InitErrorDetails:
    # PydanticCustomError asks for literals, and fills in whatever braces it finds.
    error = PydanticCustomError(kind, "{said}", {"said": said})
    return InitErrorDetails(type=error, loc=place, input=None)
