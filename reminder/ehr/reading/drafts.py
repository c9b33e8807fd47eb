"""An appointment between its resource and a reading: what must be asked is missing."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from reminder.ehr.reading.bearers import Bearer
from reminder.ehr.reading.participants import Identifier, Sought
from reminder.ehr.reading.raw import Resource, fingerprint
from reminder.ehr.reading.references import Target
from reminder.ehr.reading.validate import Problem
from reminder.model.appointments import Appointment, Kind, ParticipationStatus, Place
from reminder.model.readings import Reading, Unreadable

_TYPE = "Appointment"
NO_ANSWER = "patient-search-refused"
NOBODY = "identifier-of-no-patient"
SEVERAL = "identifier-of-several-patients"
_LACKING = "-lacking"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a resource was read, as far as its content depends on it.

    `site_zone` is that of times which the EHR writes without one.
    """

    connection: str
    base_url: str
    join_url_extensions: tuple[str, ...] = ()
    accepted_is_confirmed: bool = True
    site_zone: ZoneInfo | None = None
    _read_as: str = field(init=False, repr=False, default="")

    def __post_init__(self) -> None:
        ways = (
            self.accepted_is_confirmed,
            self.site_zone and self.site_zone.key,
            *sorted(self.join_url_extensions),
        )
        digest = hashlib.blake2b(repr(ways).encode(), digest_size=3)
        object.__setattr__(self, "_read_as", digest.hexdigest())

    def fingerprint(self, resource: Resource) -> str:
        """The content's name, and another one when it is read another way."""
        return f"{fingerprint(resource)}-{self._read_as}"


@dataclass(frozen=True, slots=True)
class Site:
    """A Location or HealthcareService as its own resource describes it."""

    place: Place | None = None
    is_virtual: bool = False
    security: frozenset[str] = field(default=frozenset(), repr=False)


Hits = Mapping[Identifier, Mapping[str, Bearer] | None]
"""The Patients that bear an identifier, by id; None: the server will not say."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A reading whose place and practitioner are still only references.

    It says `accepted` as the resource does, whatever that means there.
    `participants` says which participant each patient is. While somebody is
    `sought` there may be no booking yet: `template` is what theirs will say.
    """

    reading: Reading
    location_id: str | None = None
    practitioner_id: str | None = None
    labelled: tuple[Target, ...] = ()
    accepted_is_confirmed: bool = True
    participants: Mapping[str, int] = field(default_factory=dict)
    sought: tuple[Sought, ...] = ()
    template: Appointment | None = field(default=None, repr=False)
    may_be_empty: bool = False
    """Nobody is expected: without any patient it is readable all the same."""

    def located(self, hits: Hits) -> "Draft | Unreadable":
        """The draft with the patients found who were sought.

        Exactly one hit counts. Who is not found is passed over while another
        patient is there.
        """
        if self.template is None or not self.sought:
            return self
        bookings = {each.key.patient_id: each for each in self.reading.bookings}
        participants, lost = dict(self.participants), list[tuple[Sought, Problem]]()
        for sought in self.sought:
            found = _only(sought, hits)
            if isinstance(found, Problem):
                lost.append((sought, found))
            elif found not in bookings:
                bookings[found] = booking(self.template, found, sought.participation)
                participants[found] = sought.participant
        if lost and not bookings and not self.may_be_empty:
            return self.unreadable(lost[0][1])
        flagged = [problem for sought, problem in lost if sought.is_certain]
        repairs = self.reading.repairs + tuple(map(self.unreadable, flagged))
        reading = replace(
            self.reading, bookings=tuple(bookings.values()), repairs=repairs
        )
        known = replace(self, reading=reading, participants=participants, sought=())
        return known.lacking() if lost else known

    def lacking(self) -> "Draft":
        """The draft as one to be read anew, though the EHR may not change it.

        Who is registered a minute later belongs to it, and so do labels that
        were withheld once: its fingerprint is another than the resource's.
        """
        as_read = self.reading.fingerprint.removesuffix(_LACKING)
        print_ = f"{as_read}{_LACKING}"
        bookings = tuple(
            replace(each, fingerprint=print_) for each in self.reading.bookings
        )
        reading = replace(self.reading, fingerprint=print_, bookings=bookings)
        return replace(self, reading=reading)

    def finished(
        self, sites: Mapping[Target, Site], practitioners: Mapping[str, str]
    ) -> Reading:
        """The reading with the names found; what was not found keeps its display.

        Where the EHR books everybody as accepted, that is no answer.
        """
        site = sites.get(Target("Location", self.location_id or ""), Site())
        practitioner = practitioners.get(self.practitioner_id or "")
        security = frozenset[str]().union(
            *(sites[each].security for each in self.labelled if each in sites)
        )
        bookings = tuple(
            replace(
                booking,
                participation=self._answered(booking.participation),
                place=site.place or booking.place,
                practitioner=practitioner or booking.practitioner,
                kind=_at(site, booking.kind, security),
            )
            for booking in self.reading.bookings
        )
        return replace(self.reading, bookings=bookings)

    def unreadable(self, problem: Problem) -> Unreadable:
        """That something about this appointment could not be read."""
        name, print_ = self.reading.appointment_id, self.reading.fingerprint
        return Unreadable(_TYPE, name, *problem, print_)

    def _answered(self, status: ParticipationStatus) -> ParticipationStatus:
        is_answer = self.accepted_is_confirmed or status != "accepted"
        return status if is_answer else ParticipationStatus.NEEDS_ACTION


def booking(
    template: Appointment, patient_id: str, participation: ParticipationStatus
) -> Appointment:
    """One patient's booking of an appointment."""
    key = template.key._replace(patient_id=patient_id)
    return replace(template, key=key, participation=participation)


def _only(sought: Sought, hits: Hits) -> str | Problem:
    """The one patient whom the identifiers mean, or why there is none."""
    found: set[str] = set()
    for identifier in sought.identifiers:
        bearers = hits.get(identifier)
        if bearers is None:
            return Problem(sought.path, NO_ANSWER)
        found.update(id_ for id_, each in bearers.items() if each.may_be(sought))
    if len(found) == 1:
        return found.pop()
    return Problem(sought.path, SEVERAL if found else NOBODY)


def _at(site: Site, kind: Kind, security: frozenset[str]) -> Kind:
    if not site.is_virtual and security <= kind.security:
        return kind
    telehealth = kind.telehealth or site.is_virtual
    return replace(kind, telehealth=telehealth, security=kind.security | security)
