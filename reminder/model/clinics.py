"""Clinics, their rules, and the windows in which a step is due."""

from dataclasses import dataclass, field
from datetime import date, time
from zoneinfo import ZoneInfo

from reminder.model.people import Channel


@dataclass(frozen=True, slots=True)
class HoursBefore:
    """Elapsed time before the start: 24 hours is not a calendar day."""

    hours: int


@dataclass(frozen=True, slots=True)
class DaysBefore:
    """Calendar days before the start's date in the clinic's zone, at a wall time."""

    days: int
    at: time


@dataclass(frozen=True, slots=True)
class BusinessDaysBefore:
    """As `DaysBefore`, counting only the clinic's business days."""

    days: int
    at: time


Offset = HoursBefore | DaysBefore | BusinessDaysBefore


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to be told: when, by which channels in order, in which words.

    `step_id` stays through every version of a ruleset: a reminder already
    sent is known by it.
    """

    step_id: str
    offset: Offset
    channels: tuple[Channel, ...]
    template: str = "reminder"


@dataclass(frozen=True, slots=True)
class Rule:
    """Which steps appointments get. In this version: every booked one."""

    name: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A span of the clinic's wall clock in which nobody is disturbed.

    It may cross midnight. `start == end` means no quiet hours.
    """

    start: time
    end: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """Where a ruleset applies.

    `short_name` is what a lock screen may show. `country` and `subdivision`
    (ISO 3166) choose the public holidays, `closures` are the clinic's own
    days off. `undo_limit_h` is how many hours before the start a patient can
    still take back a move or a cancellation.
    """

    clinic_id: str
    connection: str
    name: str
    short_name: str
    zone: ZoneInfo
    location_ids: frozenset[str] = frozenset()
    languages: tuple[str, ...] = ("en",)
    phone: str = ""
    address: str = ""
    quiet_hours: QuietHours = QuietHours(time(20), time(8))
    age_of_majority: int = 18
    country: str | None = None
    subdivision: str | None = None
    closures: frozenset[date] = frozenset()
    rules: tuple[Rule, ...] = ()
    undo_limit_h: int = 2


@dataclass(frozen=True, slots=True)
class ClinicDirectory:
    """Every clinic of this installation, found by connection and Location.

    `defaults` maps a connection to the clinic that takes appointments whose
    Location belongs to none.
    """

    clinics: tuple[Clinic, ...]
    defaults: dict[str, str] = field(default_factory=dict)

    def by_id(self, clinic_id: str) -> Clinic:
        """The clinic of that id; KeyError when there is none."""
        for clinic in self.clinics:
            if clinic.clinic_id == clinic_id:
                return clinic
        raise KeyError(clinic_id)

    def find(self, connection: str, location_id: str | None) -> Clinic | None:
        """The clinic a Location belongs to, else the connection's default."""
        for clinic in self.clinics:
            if clinic.connection == connection and location_id in clinic.location_ids:
                return clinic
        default = self.defaults.get(connection)
        return self.by_id(default) if default is not None else None
