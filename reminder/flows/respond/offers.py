"""What a patient can choose about being told, and what a filled-in form means."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from reminder.flows.respond.page_states import Stop
from reminder.flows.respond.pages import Offers
from reminder.flows.respond.visits import Known
from reminder.model.clinics import Clinic
from reminder.model.people import Channel, Preference
from reminder.model.rulesets import Leads

LEADS = (
    timedelta(hours=2),
    timedelta(days=1),
    timedelta(days=2),
    timedelta(days=3),
    timedelta(days=7),
)
"""The times before a visit at which a patient may want to be told."""

_STOPS = {
    Channel.SMS: Stop.SMS,
    Channel.EMAIL: Stop.EMAIL,
    Channel.VOICE: Stop.VOICE,
}

Offered = TypeVar("Offered", bound=str | timedelta)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The form as it was sent, each field as its text; all of it may be forged.

    `details` is empty where it was not asked; `number` says about which number it
    was. `language_shown` is the language of the page it was on.
    """

    channel: str = ""
    language: str = ""
    lead: str = ""
    stops: frozenset[Stop] = frozenset()
    details: str = ""
    number: str = ""
    language_shown: str = ""


def offers(known: Known) -> Offers:
    """What this clinic can do, and what can be taken back here."""
    clinic, stopped = known.clinic, known.person.preference.stopped_channels
    usable = channels(known)
    return Offers(
        channels=usable,
        languages=clinic.languages,
        leads=_leads(clinic.ruleset.leads),
        stoppable=tuple(one for one in Channel if one in usable or one in stopped),
    )


def channels(known: Known) -> tuple[Channel, ...]:
    """What the clinic writes by and the patient, or the guardian, can be reached by."""
    reachable = {point.channel for one in known.told for point in one.contact_points}
    return tuple(one for one in _used(known.clinic) if one in reachable)


def chosen(
    wish: Wish, offers: Offers, before: Preference, clinic: Clinic
) -> Preference:
    """What they ask for now.

    What is not offered means 'as the clinic plans'; but what they asked for
    elsewhere, and this clinic cannot do, stays as it was.
    """
    here = frozenset({clinic.clinic_id})
    elsewhere = before.stopped_clinics - here
    return Preference(
        channel=_pick(offers.channels, wish.channel, before.channel),
        language=_pick(offers.languages, wish.language, before.language),
        lead=_pick(offers.leads, wish.lead, before.lead),
        nothing=Stop.EVERYTHING in wish.stops,
        stopped_clinics=elsewhere | here if Stop.CLINIC in wish.stops else elsewhere,
        stopped_channels=frozenset(
            one for one in offers.stoppable if _STOPS[one] in wish.stops
        ),
    )


def as_value(offered: str | timedelta) -> str:
    """What is offered, as the value of its radio button; a lead in minutes."""
    if isinstance(offered, timedelta):
        return str(offered // timedelta(minutes=1))
    return str(offered)


def _pick(
    offered: Sequence[Offered], said: str, before: Offered | None
) -> Offered | None:
    for one in offered:
        if as_value(one) == said:
            return one
    return before if before not in offered else None


def _leads(limits: Leads) -> tuple[timedelta, ...]:
    if not limits.allowed:
        return ()
    return tuple(one for one in LEADS if limits.shortest <= one <= limits.longest)


def _used(clinic: Clinic) -> tuple[Channel, ...]:
    used = {
        one
        for rule in clinic.ruleset.rules
        for step in rule.steps
        for one in step.channels
    }
    return tuple(one for one in Channel if one in used)
