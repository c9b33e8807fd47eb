"""Clinics: their places, their calendar and wall clock, and the rules they follow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from zoneinfo import ZoneInfo

from reminder.model.rulesets import Ruleset


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
    days off and `open_days` those on which it works although it usually does
    not. `business_weekdays` are its usual days, 0 for Monday. `undo_limit_h` is
    how many hours before the start a patient can still take back a move or a
    cancellation.
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
    open_days: frozenset[date] = frozenset()
    business_weekdays: frozenset[int] = frozenset(range(5))
    ruleset: Ruleset = Ruleset()
    undo_limit_h: int = 2


@dataclass(frozen=True, slots=True, eq=False)
class ClinicDirectory:
    """Every clinic of this installation, found by connection and Location.

    A directory is itself and no other: what is worked out for it is kept for it.

    `defaults` maps a connection to the clinic that takes appointments whose
    Location belongs to none. `fingerprint` changes whenever a clinic or its
    rules do. `versions` are those of the rulesets in force in it, by owner;
    None where it was not made of any.
    """

    clinics: tuple[Clinic, ...]
    defaults: dict[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    versions: Mapping[str, int] | None = None

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


Clinics = Callable[[], ClinicDirectory]
"""The clinics with the rules that are in force now."""
