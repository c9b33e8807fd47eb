"""How a patient wants to be told: which way, when, how much, and what not at all."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from reminder.flows.respond.details import (
    Consents,
    consent,
    is_about_another,
    text_details,
)
from reminder.flows.respond.door import Ask, Refusal
from reminder.flows.respond.offers import Wish, chosen, offers
from reminder.flows.respond.page_states import News, Step
from reminder.flows.respond.pages import ContactChoice, TextDetails, Visits
from reminder.flows.respond.present import Presence, Present
from reminder.model.people import Channel, Consent, PatientKey, Preference

log = structlog.get_logger()


class Preferences(Protocol):
    """How people asked to be reached."""

    async def keep(
        self, key: PatientKey, preference: Preference, *, now: datetime
    ) -> None:
        """Remember it."""


class Contact:
    """The choices, and what is kept of them."""

    def __init__(
        self,
        presence: Presence,
        preferences: Preferences,
        consents: Consents,
        replan: Callable[[Sequence[PatientKey]], Awaitable[None]],
    ) -> None:
        self._presence = presence
        self._preferences = preferences
        self._consents = consents
        self._replan = replan

    async def choose(self, ask: Ask) -> ContactChoice | Visits | Refusal:
        """What can be chosen, what is chosen now, and what is stopped."""
        present = await self._presence.at(ask, Step.SEE)
        if not isinstance(present, Present):
            return present
        return _choice(present)

    async def keep(self, ask: Ask, wish: Wish) -> ContactChoice | Visits | Refusal:
        """Keep what was chosen; the same again changes nothing, and says so.

        The choices again, and nothing kept, when they agreed to texts to a number
        that has changed since they saw it.
        """
        async with self._presence.turn(ask, Step.CONTACT) as present:
            if not isinstance(present, Present):
                return present
            asked = _details(present)
            if is_about_another(asked, wish):
                return _choice(present, renumbered=True)
            known, now = present.known, present.visitor.now
            before = known.person.preference
            # The page names the link's clinic beside the box that stops a clinic.
            named = present.visitor.opening.clinic
            wanted = chosen(wish, offers(known), before, named)
            said = consent(known, asked, wish, now)
            if wanted == before and said is None:
                return present.page(News.CONTACT_SAME)
            await self._save(known.key.patient, wanted, said, now)
            return await self._presence.again(present, _news(before, wanted))

    async def _save(
        self,
        key: PatientKey,
        wanted: Preference,
        said: Consent | None,
        now: datetime,
    ) -> None:
        await self._preferences.keep(key, wanted, now=now)
        if said is not None:
            await self._consents.record(said)
            log.info("recorded_consent", kind=said.kind, given=said.given)
        await self._replan([key])
        log.info("kept_preference", nothing=wanted.nothing)


def _choice(present: Present, *, renumbered: bool = False) -> ContactChoice:
    known = present.known
    return ContactChoice(
        here=present.visitor.here(Step.CONTACT),
        visit=present.view,
        preference=known.person.preference,
        offers=offers(known),
        details=_details(present),
        blocked=_blocked(present),
        renumbered=renumbered,
    )


def _details(present: Present) -> TextDetails | None:
    visitor = present.visitor
    return text_details(present.known, visitor.opening.link.to, visitor.tickets)


def _blocked(present: Present) -> tuple[Channel, ...]:
    """On which channels the visitor's own addresses said stop."""
    to, known = present.visitor.opening.link.to, present.known
    theirs = {to}.union(
        *(one.contact_points for one in known.told if to in one.contact_points)
    )
    stopped = {one.channel for one in theirs & known.person.blocked}
    return tuple(one for one in Channel if one in stopped)


def _news(before: Preference, wanted: Preference) -> News:
    stops_more = (
        wanted.nothing > before.nothing
        or wanted.stopped_clinics > before.stopped_clinics
        or bool(wanted.stopped_channels - before.stopped_channels)
    )
    return News.CONTACT_STOPPED if stops_more else News.CONTACT_KEPT
