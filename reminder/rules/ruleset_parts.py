"""How a ruleset is written as a whole: its rules, its limits, and what it builds on."""

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    PlainValidator,
    ValidationError,
    model_validator,
)

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
from reminder.rules.rule_parts import ID, Part, RulePart, Token, in_words
from reminder.rules.taken_ids import ids_taken, told_again


def _limit(value: object) -> int | None:
    if value == ANY:
        return None
    # A variable of the environment can hold nothing but text.
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError(f"write a whole number from 1, or '{ANY}'")
    return number


def _duration(text: str) -> timedelta:
    if text.split() == print_duration(timedelta(0)).split():
        return timedelta(0)
    span = parse_span(text)
    return timedelta(**{span.unit: span.count})


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
        found = list(ids_taken(part))
        try:
            validated = handler(part)
        except ValidationError as error:
            found += [told_again(one) for one in error.errors(include_url=False)]
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
