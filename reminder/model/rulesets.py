"""What a clinic wants its patients to be told: rules, steps, limits, and versions."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Literal

from reminder.model.offsets import HoursBefore, MinutesBefore, Offset
from reminder.model.people import Channel

ORGANISATION = "organisation"
"""The owner of the ruleset that those of the clinics may extend."""


class Mode(StrEnum):
    """How the patient comes to the visit."""

    IN_PERSON = "in-person"
    TELEHEALTH = "telehealth"


class Visitor(StrEnum):
    """Whether the patient has been here before, as far as we know."""

    NEW = "new"
    RETURNING = "returning"


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time as people say it: 3 days are calendar days, 72 hours are not."""

    count: int
    unit: Literal["minutes", "hours", "days"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which appointments a rule is for.

    Every criterion that is given must hold; of several values of one, any. The
    codes are FHIR's, as `code` or `system|code`, or the text of the
    CodeableConcept; capitals do not count. Ages are in years at the visit,
    `age_below` not included. `booked_ahead_*` is how long before the visit it
    was booked.
    """

    appointment_types: frozenset[str] = frozenset()
    service_types: frozenset[str] = frozenset()
    service_categories: frozenset[str] = frozenset()
    specialties: frozenset[str] = frozenset()
    locations: frozenset[str] = frozenset()
    practitioners: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    mode: Mode | None = None
    visitor: Visitor | None = None
    age_from: int | None = None
    age_below: int | None = None
    booked_ahead_at_least: Span | None = None
    booked_ahead_less_than: Span | None = None


@dataclass(frozen=True, slots=True)
class UnlessConfirmed:
    """'unless confirmed': not once the patient has confirmed."""


@dataclass(frozen=True, slots=True)
class OnlyIfUnconfirmed:
    """'only if unconfirmed': not once the patient has answered in any way."""


@dataclass(frozen=True, slots=True)
class OnlyIfConfirmed:
    """'only if confirmed'."""


@dataclass(frozen=True, slots=True)
class OnlyIfBookedAhead:
    """'only if booked more than 7 days before'."""

    more_than: Span


@dataclass(frozen=True, slots=True)
class OnlyFirstOfTheDay:
    """'only first of the day': not for a patient's later visits of one day."""


Condition = (
    UnlessConfirmed
    | OnlyIfUnconfirmed
    | OnlyIfConfirmed
    | OnlyIfBookedAhead
    | OnlyFirstOfTheDay
)


class QuietPolicy(StrEnum):
    """What becomes of a step that is due in quiet hours."""

    NEAREST = "nearest"
    """Later where that leaves an hour before the visit, else earlier."""
    LATER = "later"
    EARLIER = "earlier"
    DROP = "drop"


class LatePolicy(StrEnum):
    """What becomes of a step that could not be sent in time, after an outage."""

    SEND = "send"
    SHORTEN = "shorten"
    """In fewer words: by the template's `-late` sibling."""
    DROP = "drop"


class InsidePolicy(StrEnum):
    """What becomes of a step whose moment was over when the visit was booked."""

    SKIP = "skip"
    AT_ONCE = "at-once"


class Tier(IntEnum):
    """How much a message may say; the lowest of all that have a say counts."""

    BASIC = 1
    """Date, time and the clinic's phone."""
    STANDARD = 2
    """Beside these the clinic and its address, and the patient's first name."""
    FULL = 3
    """Beside these the practitioner and the instructions."""


class Urgency(IntEnum):
    """What goes first, and what gives way where not everything may go."""

    LOW = 0
    """After the visit: thanks, an offer of a new time."""
    NORMAL = 1
    """Reminders, and that a visit was booked."""
    HIGH = 2
    """A visit was cancelled or moved: who does not hear of it comes in vain."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to be told: when, by which channels in order, in which words.

    `step_id` stays through every version of a ruleset: a reminder already
    sent is known by it. `useful` is how long before the visit a step before it
    stops being of use.
    """

    step_id: str
    offset: Offset
    channels: tuple[Channel, ...]
    template: str = "reminder"
    conditions: tuple[Condition, ...] = ()
    quiet: QuietPolicy = QuietPolicy.NEAREST
    late: LatePolicy = LatePolicy.SEND
    inside: InsidePolicy = InsidePolicy.SKIP
    useful: MinutesBefore | HoursBefore = MinutesBefore(30)


@dataclass(frozen=True, slots=True)
class Rule:
    """The steps of those appointments that `match`; without steps nothing is told.

    `rule_id` stays through every version; a clinic's rule takes the place of
    the organisation's with the same id. `name` is for people.
    """

    rule_id: str
    steps: tuple[Step, ...] = ()
    match: Match = Match()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Caps:
    """How many messages one person gets on these channels; None: as many as come.

    A day is a calendar day where the person is; a week is any seven of them.
    """

    a_day: int | None = 1
    a_week: int | None = 3
    channels: frozenset[Channel] = frozenset({Channel.SMS, Channel.VOICE})


@dataclass(frozen=True, slots=True)
class Leads:
    """Between which leads a patient's own choice may lie; None: it has no say."""

    shortest: timedelta = timedelta(hours=2)
    longest: timedelta = timedelta(days=7)
    allowed: bool = True


@dataclass(frozen=True, slots=True)
class Tiers:
    """The most a message may say on each channel, where nothing forbids it."""

    email: Tier = Tier.STANDARD
    sms: Tier = Tier.STANDARD
    voice: Tier = Tier.BASIC


@dataclass(frozen=True, slots=True)
class Confidential:
    """Services of which no guardian is told by us, from an age in years on."""

    services: frozenset[str] = frozenset()
    from_age: int = 12


@dataclass(frozen=True, slots=True)
class Settling:
    """How long a change must have stood before it is told.

    A booking made within `rebooking` of a cancellation, of the same patient
    for the same service, is a move.
    """

    moves: timedelta = timedelta(minutes=5)
    rebooking: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """All that decides what one clinic's patients are told, at one version.

    `sensitive` are services (type, category, specialty, appointment type) and
    Locations of which messages say no more than the basic tier. What
    happened before `published_at` (UTC) is not told as news.
    """

    rules: tuple[Rule, ...] = ()
    caps: Caps = Caps()
    leads: Leads = Leads()
    tiers: Tiers = Tiers()
    sensitive: frozenset[str] = frozenset()
    confidential: Confidential = Confidential()
    settling: Settling = Settling()
    version: int = 0
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesetDocument:
    """A ruleset as its owner wrote it; None is inherited, or the default.

    `extends` adds the organisation's rules, but for those named in `without`
    and those the owner has a rule of the same id for.
    """

    owner: str
    extends: bool = False
    rules: tuple[Rule, ...] = ()
    without: frozenset[str] = frozenset()
    caps: Caps | None = None
    leads: Leads | None = None
    tiers: Tiers | None = None
    sensitive: frozenset[str] | None = None
    confidential: Confidential | None = None
    settling: Settling | None = None


class VersionState(StrEnum):
    """Where a version stands."""

    DRAFT = "draft"
    PUBLISHED = "published"
    """In force."""
    SUPERSEDED = "superseded"
    """Was in force; kept as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesetVersion:
    """One version of one owner's ruleset; once published it is never changed.

    A draft has the version it will be published as. `by` says who: a person's
    name, or `reminder.toml`. Instants are UTC.
    """

    owner: str
    version: int
    state: VersionState
    document: RulesetDocument
    changed_at: datetime
    by: str = ""
    note: str = ""
    published_at: datetime | None = None
    revision: int = field(default=0)
    """Counts the changes of a draft: who saves over another's change is told."""
