"""How a patient wants to be reached, and the visit for their own calendar."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from reminder.flows.respond.door import Ask, Refusal
from reminder.flows.respond.page_states import News, Step
from reminder.flows.respond.pages import CalendarFile, ContactChoice, Visits
from reminder.flows.respond.present import Presence, Present
from reminder.flows.respond.visits import Known
from reminder.messages.invitation import calendar_file
from reminder.model.clinics import Clinic
from reminder.model.people import Channel, PatientKey, Preference
from reminder.rules.recipients import audience

log = structlog.get_logger()

NOTHING = "nothing"
LEADS = (
    timedelta(hours=2),
    timedelta(days=1),
    timedelta(days=2),
    timedelta(days=7),
)
"""The longest time before a visit at which a patient may want to be told."""


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
        replan: Callable[[Sequence[PatientKey]], Awaitable[None]],
        calendar_key: bytes,
    ) -> None:
        self._presence = presence
        self._preferences = preferences
        self._replan = replan
        self._calendar_key = calendar_key

    async def choose(self, ask: Ask) -> ContactChoice | Visits | Refusal:
        """What can be chosen, and what is chosen now."""
        present = await self._presence.at(ask, Step.SEE)
        if not isinstance(present, Present):
            return present
        known, visitor = present.known, present.visitor
        return ContactChoice(
            here=visitor.here(Step.CONTACT),
            visit=present.view,
            preference=known.preference,
            channels=channels(known),
            languages=known.clinic.languages,
            leads=LEADS,
        )

    async def keep(
        self, ask: Ask, *, channel: str, language: str, lead: str
    ) -> Visits | Refusal:
        """Keep what was chosen; what was not offered means 'as the clinic plans'."""
        async with self._presence.turn(ask, Step.CONTACT) as present:
            if not isinstance(present, Present):
                return present
            known, key = present.known, present.known.key.patient
            preference = Preference(
                channel=next((one for one in channels(known) if one == channel), None),
                language=language if language in known.clinic.languages else None,
                lead=next((one for one in LEADS if in_minutes(one) == lead), None),
                nothing=channel == NOTHING,
            )
            await self._preferences.keep(key, preference, now=present.visitor.now)
            await self._replan([key])
            log.info("kept_preference", nothing=preference.nothing)
            return await self._presence.again(present, News.CONTACT_KEPT)

    async def calendar(
        self, ask: Ask, language: str
    ) -> CalendarFile | Visits | Refusal:
        """The visit as a calendar file, while it is still to come."""
        present = await self._presence.at(ask, Step.SEE)
        if not isinstance(present, Present):
            return present
        if not present.is_open:
            return present.closed()
        known, now = present.known, present.visitor.now
        return CalendarFile(
            calendar_file(
                known.appointment, known.clinic, language, now, self._calendar_key
            )
        )


def in_minutes(lead: timedelta) -> str:
    """A lead as the value of a radio button."""
    return str(lead // timedelta(minutes=1))


def channels(known: Known) -> tuple[Channel, ...]:
    """What the clinic writes by and the patient, or the guardian, can be reached by."""
    people = audience(known.patient, known.clinic, known.appointment.start_at).people
    reachable = {point.channel for one in people for point in one.contact_points}
    return tuple(one for one in _used(known.clinic) if one in reachable)


def _used(clinic: Clinic) -> tuple[Channel, ...]:
    used = {
        one
        for rule in clinic.ruleset.rules
        for step in rule.steps
        for one in step.channels
    }
    return tuple(one for one in Channel if one in used)
