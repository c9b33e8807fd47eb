"""What a patient can be shown behind a link: one frozen value a page, and no words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from reminder.flows.respond.page_states import (
    News,
    NoTimesBecause,
    Problem,
    Step,
    VisitState,
    WhyCall,
)
from reminder.model.appointments import Slot
from reminder.model.clinics import Clinic
from reminder.model.people import Channel, ConsentBy, ContactPoint, Preference


@dataclass(frozen=True, slots=True)
class TypedDate:
    """A date of birth as it was typed, to be shown again beside what is wrong."""

    month: str = field(default="", repr=False)
    day: str = field(default="", repr=False)
    year: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitView:
    """One visit as its patient may see it. Instants are UTC, shown in `zone`.

    `was_at` is the time it was moved from. `undo_until` is None when there is
    nothing to undo, or no time left for it. `asked_for` is the time the EHR
    is being asked for.
    """

    ref: str
    state: VisitState
    start_at: datetime
    end_at: datetime | None = None
    zone: ZoneInfo
    given: str = field(default="", repr=False)
    practitioner: str = field(default="", repr=False)
    place: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    join_url: str | None = field(default=None, repr=False)
    was_at: datetime | None = None
    undo_until: datetime | None = None
    asked_for: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A link nobody knows, or one that has stopped working: one page for both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """What every page behind a working link carries.

    `language` is the link's. `tickets` allow the page's own forms to act.
    """

    clinic: Clinic
    language: str
    token: str = field(repr=False)
    tickets: Mapping[Step, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A page behind a working link."""

    here: Here


@dataclass(frozen=True, slots=True, kw_only=True)
class AskBirthDate(Opened):
    """Asks for the date of birth; `tries_left` is told after a mismatch only."""

    problem: Problem | None = None
    typed: TypedDate = TypedDate()
    tries_left: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Burned(Opened):
    """Five dates were wrong: a new link is offered to who ticks the box."""

    unticked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLinkSent(Opened):
    """A new link is on its way to the contact on file."""

    channel: Channel
    already: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PleaseCall(Opened):
    """Only the clinic can help, and it has been told."""

    why: WhyCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits(Opened):
    """The visits the date of birth opened; `locked` more need another date.

    `about` is the visit that `news` is about.
    """

    visits: tuple[VisitView, ...]
    locked: int = 0
    news: News | None = None
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutVisit(Opened):
    """A page about one visit."""

    visit: VisitView


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCancel(AboutVisit):
    """Asks whether to cancel."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day with openings, in the clinic's calendar."""

    day: date
    n: int
    first_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseDay(AboutVisit):
    """A few days with openings; `taken` is the time somebody else just took."""

    days: tuple[Day, ...]
    page: int = 0
    more: bool = False
    taken: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseTime(AboutVisit):
    """One day's openings, by part of the day (the clinic's clock)."""

    day: date
    morning: tuple[Slot, ...] = ()
    afternoon: tuple[Slot, ...] = ()
    evening: tuple[Slot, ...] = ()
    unchosen: bool = False
    taken: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckMove(AboutVisit):
    """Shows the new time beside the old one, and asks."""

    slot: Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class NoTimes(AboutVisit):
    """There is no time to offer."""

    because: NoTimesBecause
    taken: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What can be chosen here; `stoppable` channels are those that can be stopped.

    `leads` is empty where the clinic keeps its own times.
    """

    channels: tuple[Channel, ...] = ()
    languages: tuple[str, ...] = ()
    leads: tuple[timedelta, ...] = ()
    stoppable: tuple[Channel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDetails:
    """The number whose texts may name the visit, and who says so; `given` is now.

    `ref` names the number in the form, so that a yes is to the one that was shown.
    """

    to: ContactPoint
    by: ConsentBy
    ref: str
    given: bool = False

    @property
    def ends_in(self) -> str:
        """Enough of the number to know one's own by."""
        return self.to.value[-2:]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactChoice(AboutVisit):
    """How the patient wants to be told, and what they can choose from.

    `details` is None where it is not theirs to choose. On `blocked` channels
    an address of the visitor's answered STOP. `renumbered` means that the form
    was about another number than there is now, so that nothing was saved.
    """

    preference: Preference
    offers: Offers
    details: TextDetails | None = None
    blocked: tuple[Channel, ...] = ()
    renumbered: bool = False


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """An iCalendar file (RFC 5545)."""

    content: bytes = field(repr=False)


Page = (
    Unknown
    | AskBirthDate
    | Burned
    | NewLinkSent
    | PleaseCall
    | Visits
    | CheckCancel
    | ChooseDay
    | ChooseTime
    | CheckMove
    | NoTimes
    | ContactChoice
)
