"""Settings of the clinics and their rules, turned into the words the rules know."""

from datetime import date, time
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from reminder.model.clinics import Clinic, QuietHours
from reminder.model.rulesets import ORGANISATION, Ruleset, RulesetDocument
from reminder.rules.calendar import public_holidays
from reminder.rules.inheritance import effective
from reminder.rules.rule_parts import ID, Part
from reminder.rules.ruleset_parts import RulesetPart

Weekday = Literal[
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
"""In the order of `date.weekday()`."""

_MONDAY_TO_FRIDAY = frozenset(WEEKDAYS[:5])
_ANY_YEAR = 2027


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not an IANA time zone such as America/New_York")
    return name


def _not_the_organisation(clinic_id: str) -> str:
    if clinic_id == ORGANISATION:
        raise ValueError("this id stands for the rules that clinics share")
    return clinic_id


def _quiet_hours(text: object) -> QuietHours:
    if isinstance(text, QuietHours):
        return text
    start, _, end = str(text).partition("-")
    try:
        return QuietHours(time.fromisoformat(start), time.fromisoformat(end))
    except ValueError:
        raise ValueError("write quiet hours as '20:00-08:00'") from None


class PlaceSettings(Part):
    """Where a clinic is, when it works, and how patients know it."""

    id: Annotated[str, AfterValidator(_not_the_organisation)] = Field(pattern=ID)
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

    open_days: frozenset[date] = frozenset()
    """Days on which it works although it usually does not: a Saturday, a holiday."""

    business_weekdays: frozenset[Weekday] = Field(
        default=_MONDAY_TO_FRIDAY, min_length=1
    )
    """The days of the week on which it usually works, such as monday."""

    undo_limit_h: int = Field(default=2, ge=0)
    """Hours before the start until which a patient can take back a move or a
    cancellation.
    """

    @model_validator(mode="after")
    def _holidays_are_known(self) -> "PlaceSettings":
        public_holidays(self.country, self.subdivision, _ANY_YEAR)
        return self

    def place(self, ruleset: Ruleset) -> Clinic:
        """As the rules know it, with what its patients are told."""
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
            open_days=self.open_days,
            business_weekdays=frozenset(map(WEEKDAYS.index, self.business_weekdays)),
            ruleset=ruleset,
            undo_limit_h=self.undo_limit_h,
        )


class ClinicSettings(RulesetPart, PlaceSettings):
    """One clinic."""

    extends_organisation: bool = False
    """Whether the organisation's rules count as well, where it has some of its own."""

    without: frozenset[str] = frozenset()
    """The ids of those of the organisation's rules that do not count here."""

    def document(self) -> RulesetDocument | None:
        """The ruleset as it is written here; None if nothing of one is."""
        keys = {*RulesetPart.model_fields, "extends_organisation", "without"}
        if not self.model_fields_set & keys:
            return None
        return self.ruleset(self.id, self.extends_organisation, self.without)

    def clinic(self, organisation: RulesetDocument | None = None) -> Clinic:
        """As the rules know it; without rules of its own it has the organisation's."""
        document = self.document() or RulesetDocument(owner=self.id, extends=True)
        return self.place(effective(document, organisation).ruleset)


class OrganisationSettings(RulesetPart):
    """What the clinics may share."""

    def document(self) -> RulesetDocument:
        """The ruleset as it is written here."""
        return self.ruleset(ORGANISATION)
