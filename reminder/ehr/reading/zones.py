"""In which time zone a patient lives, where the record leaves no doubt."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from zoneinfo import available_timezones

from reminder.ehr.reading.instants import is_current
from reminder.ehr.reading.raw import Resource, objects

TIMEZONE = "http://hl7.org/fhir/StructureDefinition/timezone"

_NO_PLACES = frozenset({"Factory", "localtime", "posixrules"})
_UNITED_STATES = frozenset(
    {"US", "USA", "U.S.", "U.S.A.", "UNITED STATES", "UNITED STATES OF AMERICA"}
)

# 49 CFR 71.3 to 71.14, as of 2013. Left out, since they are parted: AK, FL, ID,
# IN, KS, KY, MI, ND, NE, NV, OR, SD, TN, TX; and AZ, where only the Navajo
# Nation moves its clocks (15 U.S.C. 260a).
_STATES = {
    "America/New_York": """
        CT Connecticut, DC District of Columbia, DE Delaware, GA Georgia,
        MA Massachusetts, MD Maryland, ME Maine, NC North Carolina,
        NH New Hampshire, NJ New Jersey, NY New York, OH Ohio, PA Pennsylvania,
        RI Rhode Island, SC South Carolina, VA Virginia, VT Vermont,
        WV West Virginia
    """,
    "America/Chicago": """
        AL Alabama, AR Arkansas, IA Iowa, IL Illinois, LA Louisiana, MN Minnesota,
        MO Missouri, MS Mississippi, OK Oklahoma, WI Wisconsin
    """,
    "America/Denver": "CO Colorado, MT Montana, NM New Mexico, UT Utah, WY Wyoming",
    "America/Los_Angeles": "CA California, WA Washington",
    "America/Puerto_Rico": "PR Puerto Rico",
    "America/St_Thomas": "VI Virgin Islands",
    "Pacific/Guam": "GU Guam",
    "Pacific/Honolulu": "HI Hawaii",
    "Pacific/Pago_Pago": "AS American Samoa",
    "Pacific/Saipan": "MP Northern Mariana Islands",
}


def home_zone(patient: Resource, *, now: datetime, country: str) -> str | None:
    """The IANA zone of a Patient's home; None where it is not certain.

    As the record states it, on the Patient or on the current home address; else
    from that address's state, where all of the state keeps one time. `country`
    (ISO 3166) is that of addresses that name none.
    """
    homes = list(_homes(patient, now))
    for holders in ([patient], homes):
        stated = {zone for holder in holders for zone in _stated(holder)}
        if stated:
            return stated.pop() if len(stated) == 1 else None
    reckoned = {_of_state(home, country) for home in homes}
    return reckoned.pop() if len(reckoned) == 1 else None


def _homes(patient: Resource, now: datetime) -> Iterator[Resource]:
    """The current home addresses; where no use is said at all, those without."""
    current = [
        address
        for address in objects(patient.get("address"))
        if address.get("type") != "postal" and is_current(address.get("period"), now)
    ]
    has_uses = any(address.get("use") for address in current)
    wanted = "home" if has_uses else None
    return (address for address in current if address.get("use") == wanted)


def _stated(holder: Resource) -> Iterator[str]:
    for extension in objects(holder.get("extension")):
        zone = extension.get("valueCode")
        if extension.get("url") == TIMEZONE and isinstance(zone, str):
            yield from {zone} & _zones()


def _of_state(address: Resource, country: str) -> str | None:
    named, state = address.get("country"), address.get("state")
    if not isinstance(state, str):
        return None
    where = named if isinstance(named, str) and named.strip() else country
    if where.strip().upper() not in _UNITED_STATES:
        return None
    return _by_state().get(state.strip().upper().removeprefix("US-"))


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - _NO_PLACES)


@cache
def _by_state() -> dict[str, str]:
    by_state: dict[str, str] = {}
    for zone, states in _STATES.items():
        for state in " ".join(states.split()).upper().split(", "):
            code, _, name = state.partition(" ")
            by_state[code] = by_state[name] = zone
    return by_state
