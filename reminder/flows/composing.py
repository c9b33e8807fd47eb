"""Turns claimed messages into what a transport needs: words, link and protection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from reminder.messages.callbacks import callback_token
from reminder.messages.compose import Visit, compose
from reminder.messages.links import link_token, link_url
from reminder.messages.render import Renderer
from reminder.model.clinics import ClinicDirectory
from reminder.model.messages import ClaimedMessage, Message
from reminder.model.people import PatientKey
from reminder.model.reminders import Person
from reminder.rules.protection import protect


class People(Protocol):
    """Everyone's world."""

    async def people(self, keys: Sequence[PatientKey]) -> list[Person]:
        """Their world, everything the planner needs."""


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


class Composing:
    """Composes the same message the same way, however often it is tried."""

    def __init__(self, people: People, clinics: ClinicDirectory, words: Words) -> None:
        self._people = people
        self._clinics = clinics
        self._words = words

    async def people_of(
        self, messages: Sequence[ClaimedMessage]
    ) -> dict[PatientKey, Person]:
        """Everyone these messages are about, in one read."""
        keys = {key.patient for message in messages for key in message.appointments}
        return {
            person.key: person for person in await self._people.people(sorted(keys))
        }

    async def all(self, messages: Sequence[ClaimedMessage]) -> list[Ready]:
        """Each of them, composed."""
        people = await self.people_of(messages)
        return [self.one(message, people) for message in messages]

    def one(
        self, message: ClaimedMessage, people: Mapping[PatientKey, Person]
    ) -> Ready:
        """One message, composed for its address."""
        words, protection = self._words, protect(message.channel)
        token = link_token(message.message_id, words.link_key)
        content = compose(
            words.renderer,
            message,
            visits_of(message, people),
            self._clinics.by_id(message.clinic_id),
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


def visits_of(
    message: ClaimedMessage, people: Mapping[PatientKey, Person]
) -> list[Visit]:
    """The visits a message is about, the earliest first."""
    visits = []
    for key in message.appointments:
        person = people.get(key.patient)
        if person is None or person.patient is None:
            continue
        visits += [
            Visit(appointment, person.patient)
            for appointment in person.appointments
            if appointment.key == key
        ]
    return sorted(visits, key=lambda visit: visit.appointment.start_at)
