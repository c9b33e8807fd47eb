"""Turns claimed messages into what a transport needs: words, link and protection."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import structlog

from reminder.flows.readable import CAPS_LOOK_BACK, People, readable
from reminder.messages.callbacks import callback_token
from reminder.messages.compose import Visit, compose
from reminder.messages.links import link_token, link_url
from reminder.messages.render import Renderer, TemplateError
from reminder.model.clinics import ClinicDirectory, Clinics
from reminder.model.clock import Clock
from reminder.model.messages import ClaimedMessage, Message
from reminder.model.people import PatientKey
from reminder.model.reminders import Person
from reminder.model.rulesets import Tier
from reminder.rules.events import old_start
from reminder.rules.protection import protect
from reminder.rules.tiers import tier
from reminder.rules.where import clinic_of

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What composing needs: the templates, and the keys that make links."""

    renderer: Renderer
    public_url: str
    link_key: bytes = field(repr=False)
    callback_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ready:
    """A message of ours, composed and about to go."""

    claimed: ClaimedMessage
    message: Message


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A message of ours that cannot be made; `code` is short and holds no value."""

    claimed: ClaimedMessage
    code: str


class Composing:
    """Composes the same message the same way, however often it is tried."""

    def __init__(
        self, people: People, clinics: Clinics, words: Words, clock: Clock
    ) -> None:
        self._people = people
        self._clinics = clinics
        self._words = words
        self._clock = clock

    async def people_of(
        self, messages: Sequence[ClaimedMessage]
    ) -> dict[PatientKey, Person]:
        """Everyone these messages are about whose record can be read."""
        keys = {key.patient for message in messages for key in message.appointments}
        since = self._clock() - CAPS_LOOK_BACK
        people = await readable(self._people, sorted(keys), told_since=since)
        return {person.key: person for person in people}

    async def all(self, messages: Sequence[ClaimedMessage]) -> list[Ready | Spoilt]:
        """Each of them, composed if it can be."""
        people = await self.people_of(messages)
        return [self.one(message, people) for message in messages]

    def one(
        self, message: ClaimedMessage, people: Mapping[PatientKey, Person]
    ) -> Ready | Spoilt:
        """One message, composed for its address if it can be."""
        return unless_spoilt(message, lambda: self._compose(message, people))

    def _compose(
        self, message: ClaimedMessage, people: Mapping[PatientKey, Person]
    ) -> Ready:
        words, clinics = self._words, self._clinics()
        visits = visits_of(message, people, clinics, self._clock())
        consented = _consented(message, visits)
        protection = protect(message.channel, consented=consented)
        token = link_token(message.message_id, words.link_key)
        content = compose(
            words.renderer,
            message,
            visits,
            clinics.by_id(message.clinic_id),
            protection,
            link_url(words.public_url, token),
        )
        return Ready(
            message,
            Message(
                message_id=message.message_id,
                channel=message.channel,
                to=message.to,
                language=message.language,
                protection=protection,
                content=content,
                useful_until=message.useful_until,
                callback_token=callback_token(message.message_id, words.callback_key),
                attempt=message.attempt,
            ),
        )


Made = TypeVar("Made")


def unless_spoilt(message: ClaimedMessage, make: Callable[[], Made]) -> Made | Spoilt:
    """What `make` gives; one message that cannot be made is logged, and no more.

    Whatever it raises: the messages behind it belong to other patients.
    """
    try:
        return make()
    except TemplateError as error:
        code, what = "template-error", str(error)
    except Exception as error:  # noqa: BLE001 - a broken promise about one message
        code = what = type(error).__name__
    log.error("could_not_compose", message_id=str(message.message_id), error=what)
    return Spoilt(message, code)


def visits_of(
    message: ClaimedMessage,
    people: Mapping[PatientKey, Person],
    clinics: ClinicDirectory,
    now: datetime,
) -> list[Visit]:
    """The visits a message is about, the earliest first, each with its tier.

    The tier is that of the clinic a visit is at now, whoever sends the message.
    """
    sender = clinics.by_id(message.clinic_id)
    visits = []
    for key in message.appointments:
        person = people.get(key.patient)
        if person is None or person.patient is None:
            continue
        visits += [
            Visit(
                appointment,
                person.patient,
                tier(
                    appointment,
                    clinic_of(appointment, clinics, sender),
                    message.channel,
                    message.to,
                    person,
                ).tier,
                old_start(appointment, person, clinics, now),
            )
            for appointment in person.appointments
            if appointment.key == key
        ]
    # Of one time as well always in one order: patients answer with its number.
    return sorted(
        visits, key=lambda visit: (visit.appointment.start_at, visit.appointment.key)
    )


def _consented(message: ClaimedMessage, visits: Sequence[Visit]) -> bool:
    """Whether all it is about may be said in clear at this address.

    Where others can read along, a tier above the basic one says that they chose
    it. Nothing is said in clear where one of the visits is not known.
    """
    known = {visit.appointment.key for visit in visits}
    return (
        bool(visits)
        and known.issuperset(message.appointments)
        and all(visit.tier > Tier.BASIC for visit in visits)
    )
