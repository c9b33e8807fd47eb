"""Whether texts may name the visit: who may agree, to which number, in which words."""

import hmac
from datetime import datetime
from typing import Protocol

from reminder.flows.respond.offers import Wish, channels
from reminder.flows.respond.pages import TextDetails
from reminder.flows.respond.tickets import Tickets
from reminder.flows.respond.visits import Known
from reminder.model.people import (
    Channel,
    Consent,
    ConsentBy,
    ConsentKind,
    ContactPoint,
    Guardian,
    Patient,
)
from reminder.model.rulesets import Tier
from reminder.rules.consents import has_consented

WORDS = "details-2026-11"
"""Names the warning of the page; whoever changes a word of it must change this."""
YES, NO = "yes", "no"
HOW = "page"


class Consents(Protocol):
    """Who agreed to what."""

    async def record(self, consent: Consent) -> None:
        """Keep it, beside all that was said before."""


def text_details(
    known: Known, to: ContactPoint, tickets: Tickets
) -> TextDetails | None:
    """The number whose texts may name the visit, if this visitor can agree to it.

    `to` is where the link went. It tells who is here: of several guardians only
    the one whose address it is, and only for a number of theirs. None where
    texts never say more than a notice, for a confidential visit of a minor,
    and where no number is left on file.
    """
    if known.clinic.ruleset.tiers.sms is Tier.BASIC or known.is_in_confidence:
        return None
    visitor = next((one for one in known.told if to in one.contact_points), None)
    number = _number(visitor, to) if visitor else None
    if number is None or number in known.person.blocked:
        return None
    if Channel.SMS not in channels(known):
        return None
    by = ConsentBy.GUARDIAN if isinstance(visitor, Guardian) else ConsentBy.PATIENT
    given = has_consented(
        known.person, ConsentKind.DETAILS, number, of_minor=known.is_of_minor
    )
    ref = tickets.number_ref(known.key.patient, number)
    return TextDetails(to=number, by=by, ref=ref, given=given)


def consent(
    known: Known, asked: TextDetails | None, wish: Wish, now: datetime
) -> Consent | None:
    """What is to be recorded; None when nothing was asked, or nothing changes.

    Nothing is recorded about a number that the page did not show.
    """
    if asked is None or not _changes(asked, wish) or not _was_shown(asked, wish):
        return None
    return Consent(
        patient=known.key.patient,
        kind=ConsentKind.DETAILS,
        given=wish.details == YES,
        to=asked.to,
        by=asked.by,
        how=HOW,
        text_version=f"{WORDS} {wish.language_shown}",
        at=now,
    )


def is_about_another(asked: TextDetails | None, wish: Wish) -> bool:
    """Whether they chose for a number that is no longer the one they are asked about.

    Who chooses what holds for the new one already is not asked again.
    """
    return asked is not None and _changes(asked, wish) and not _was_shown(asked, wish)


def _changes(asked: TextDetails, wish: Wish) -> bool:
    return wish.details in {YES, NO} and (wish.details == YES) != asked.given


def _was_shown(asked: TextDetails, wish: Wish) -> bool:
    return hmac.compare_digest(asked.ref.encode(), wish.number.encode())


def _number(visitor: Patient | Guardian, to: ContactPoint) -> ContactPoint | None:
    """Where their texts go: the number the link came to, else their best."""
    if to.channel is Channel.SMS:
        return to
    numbers = (one for one in visitor.contact_points if one.channel is Channel.SMS)
    return next(numbers, None)
