"""How much a message may say: the lowest of all that have a say, and which it was."""

from dataclasses import dataclass
from typing import assert_never

from reminder.model.appointments import Appointment
from reminder.model.clinics import Clinic
from reminder.model.people import Channel, ConsentKind, ContactPoint
from reminder.model.reminders import Person
from reminder.model.rulesets import Tier, Tiers
from reminder.rules.consents import agreed_words, promise_everything
from reminder.rules.minors import is_in_confidence, is_minor
from reminder.rules.sensitivity import is_sensitive

_LIMITED = {
    Channel.EMAIL: "e-mail",
    Channel.SMS: "text messages",
    Channel.VOICE: "calls",
}
# Others can read these along: details are the patient's choice, 45 CFR 164.522(b).
_AGREED = {Channel.SMS: "text message", Channel.VOICE: "phone"}


@dataclass(frozen=True, slots=True)
class TierChoice:
    """A tier, and which say was the lowest: 'the service is sensitive'."""

    tier: Tier
    because: str


def tier(
    appointment: Appointment,
    clinic: Clinic,
    channel: Channel,
    to: ContactPoint,
    person: Person,
) -> TierChoice:
    """How much a message about this visit may say at this address.

    Of several that are equally low the one is named that would hold without
    the others: the visit, then the clinic, then the missing consent.
    """
    if is_sensitive(appointment, clinic.ruleset):
        return TierChoice(Tier.BASIC, "the service is sensitive")
    patient = person.patient
    if patient is not None and is_in_confidence(patient, clinic, appointment):
        return TierChoice(Tier.BASIC, "the service is confidential")
    limit = _of(clinic.ruleset.tiers, channel)
    of_clinic = TierChoice(limit, f"the clinic's limit for {_LIMITED[channel]}")
    agreed = _AGREED.get(channel)
    if agreed is None or limit is Tier.BASIC:
        return of_clinic
    of_minor = patient is not None and is_minor(patient, clinic, appointment.start_at)
    words = agreed_words(person, ConsentKind.DETAILS, to, of_minor=of_minor)
    if words is None:
        return TierChoice(Tier.BASIC, f"no consent to details by {agreed}")
    if limit is Tier.FULL and not promise_everything(words):
        return TierChoice(Tier.STANDARD, f"consent to no more by {agreed}")
    return of_clinic


def _of(tiers: Tiers, channel: Channel) -> Tier:
    match channel:
        case Channel.EMAIL:
            return tiers.email
        case Channel.SMS:
            return tiers.sms
        case Channel.VOICE:
            return tiers.voice
        case _:
            assert_never(channel)
