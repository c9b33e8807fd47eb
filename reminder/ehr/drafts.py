"""An appointment between its resource and a reading: names to be found are missing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reminder.ehr.raw import Resource, fingerprint
from reminder.model.appointments import Kind, ParticipationStatus, Place
from reminder.model.readings import Reading


@dataclass(frozen=True, slots=True)
class Source:
    """Where a resource was read, as far as its content depends on it."""

    connection: str
    base_url: str
    join_url_extensions: tuple[str, ...] = ()
    accepted_is_confirmed: bool = True

    def fingerprint(self, resource: Resource) -> str:
        """The content's name, and another one when it is read another way."""
        name = fingerprint(resource)
        return name if self.accepted_is_confirmed else f"{name}-unasked"


@dataclass(frozen=True, slots=True)
class Site:
    """A Location as its own resource describes it."""

    place: Place | None
    is_virtual: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A reading whose place and practitioner are still only references.

    It says `accepted` as the resource does, whatever that means there.
    """

    reading: Reading
    location_id: str | None = None
    practitioner_id: str | None = None
    accepted_is_confirmed: bool = True

    def finished(
        self, sites: Mapping[str, Site], practitioners: Mapping[str, str]
    ) -> Reading:
        """The reading with the names found; what was not found keeps its display.

        Where the EHR books everybody as accepted, that is no answer.
        """
        site = sites.get(self.location_id or "", Site(None))
        practitioner = practitioners.get(self.practitioner_id or "")
        bookings = tuple(
            replace(
                booking,
                participation=self._answered(booking.participation),
                place=site.place or booking.place,
                practitioner=practitioner or booking.practitioner,
                kind=_at(site, booking.kind),
            )
            for booking in self.reading.bookings
        )
        return replace(self.reading, bookings=bookings)

    def _answered(self, status: ParticipationStatus) -> ParticipationStatus:
        is_answer = self.accepted_is_confirmed or status != "accepted"
        return status if is_answer else ParticipationStatus.NEEDS_ACTION


def _at(site: Site, kind: Kind) -> Kind:
    return replace(kind, telehealth=True) if site.is_virtual else kind
