"""What templates may speak of: flat, harmless strings, and no more than they need."""

from collections.abc import Mapping, Sequence

from reminder.messages.harmless import PLACE, one_line
from reminder.messages.visit_words import Visit, first_name, text_words, visit_words
from reminder.messages.when import text_direction
from reminder.model.clinics import Clinic
from reminder.model.people import ContactPoint, Patient
from reminder.model.rulesets import Tier

Words = Mapping[str, object]
"""The context of one template."""

NOTICE, NEW_LINK = "notice", "new-link"
WITHOUT_DETAILS = frozenset({NOTICE, NEW_LINK})
"""The messages that are handed nothing of any patient."""

AFTER_A_STOP = frozenset({"reply-stopped", "reply-not-me"})
"""What is said to a number that gets nothing more: how it would again."""
WHICH = "reply-which"
REPLIES = AFTER_A_STOP | {
    "reply-confirmed",
    "reply-cancelled",
    "reply-asked",
    "reply-link",
    "reply-state",
    "reply-started",
    "reply-help",
    "reply-read",
    WHICH,
}
"""What is said to a text message of a patient's: these are text messages only."""

DETAILS = ".details"
"""Ends the name of a text message that names the visit, by the patient's choice."""
LATE = "-late"
"""Ends the name of the shorter words for what could not be sent in time."""
_MAY_BE_LATE = frozenset({"reminder", "moved", "cancelled"})
WITH_LATE = frozenset(name + LATE for name in _MAY_BE_LATE)
"""Ours that have them."""
WITH_TEXT_DETAILS = frozenset({"booked", *_MAY_BE_LATE, *WITH_LATE})
"""The messages of ours that have such words."""

_SHORT_NAME = 40


def outline(clinic: Clinic) -> Words:
    """For a subject, which anybody may read over a shoulder: the short name alone."""
    return {"clinic": one_line(clinic.short_name, _SHORT_NAME)}


def text_message(clinic_name: str, link: str, phone: str = "") -> Words:
    """For a text message: who writes and where to look, nothing of any patient."""
    return {"clinic": clinic_name, "link": link, "phone": phone}


def text_details(
    clinic: Clinic,
    language: str,
    link: str,
    visits: Sequence[Visit],
    to: ContactPoint,
) -> Words:
    """For a text message that names the visits, the earliest first.

    `own` says that the message goes to the patient all of them belong to.
    """
    ordered = _in_order(visits)
    return {
        **text_message(one_line(clinic.short_name), link),
        "visits": tuple(text_words(visit, clinic, language) for visit in ordered),
        "own": _is_own(_only(ordered), to),
    }


def notice(
    clinic: Clinic,
    language: str,
    link: str,
    subject: str,
    tier: Tier = Tier.STANDARD,
) -> Words:
    """For an e-mail that says only that something waits: nothing of any patient.

    The clinic's name and address may tell what it treats, so the basic tier
    has its short name in their stead.
    """
    is_told = tier >= Tier.STANDARD
    return {
        **outline(clinic),
        "link": link,
        "subject": subject,
        "clinic_name": one_line(clinic.name if is_told else clinic.short_name),
        "clinic_address": one_line(clinic.address, PLACE) if is_told else "",
        "phone": one_line(clinic.phone),
        "phone_link": _phone_link(clinic.phone),
        "language": language,
        "direction": text_direction(language),
    }


def details(
    clinic: Clinic,
    language: str,
    link: str,
    subject: str,
    visits: Sequence[Visit],
    to: ContactPoint,
) -> Words:
    """For an e-mail that may name the visits, the earliest first.

    `name` is the first name when all visits are one patient's and the tier of
    each has it, else empty. `own` says that the message goes to that patient,
    not to a guardian.
    """
    ordered = _in_order(visits)
    only, tier = _only(ordered), least_tier(visits)
    return {
        **notice(clinic, language, link, subject, tier),
        "visits": tuple(visit_words(visit, clinic, language) for visit in ordered),
        "name": (
            first_name(ordered[0]) if only is not None and tier > Tier.BASIC else ""
        ),
        "own": _is_own(only, to),
    }


def least_tier(visits: Sequence[Visit]) -> Tier:
    """What all of the message may say; of visits that are not known, the least."""
    return min((visit.tier for visit in visits), default=Tier.BASIC)


def _in_order(visits: Sequence[Visit]) -> list[Visit]:
    return sorted(visits, key=lambda visit: visit.appointment.start_at)


def _only(visits: Sequence[Visit]) -> Patient | None:
    """The patient all of these visits belong to, if it is one."""
    patients = {visit.patient.key: visit.patient for visit in visits}
    return next(iter(patients.values())) if len(patients) == 1 else None


def _is_own(patient: Patient | None, to: ContactPoint) -> bool:
    return patient is not None and to in patient.contact_points


def _phone_link(phone: str) -> str:
    """The number as RFC 3966 wants it in a `tel:` URI; empty when it has no digit."""
    digits = "".join(filter("0123456789".__contains__, phone))
    return ("+" if phone.strip().startswith("+") else "") + digits
