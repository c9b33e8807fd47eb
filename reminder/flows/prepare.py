"""Makes claimed messages ready to go: read again, decide again, compose."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

import structlog

from reminder.flows.composing import Composing, Ready, Spoilt, unless_spoilt
from reminder.flows.fresh import Fresh
from reminder.model.appointments import AppointmentKey
from reminder.model.clinics import ClinicDirectory, Clinics
from reminder.model.clock import Clock
from reminder.model.messages import ClaimedMessage, MessageKind
from reminder.model.people import PatientKey
from reminder.model.reasons import Reason
from reminder.model.reminders import Person
from reminder.rules.again import decide_again, is_early, quiet_hours_end
from reminder.rules.lateness import is_shortened, shortened
from reminder.rules.on_file import still_on_file

log = structlog.get_logger()


class Claims(Protocol):
    """The messages, as this chapter needs them."""

    async def drop(
        self,
        claimed: ClaimedMessage,
        reasons: Mapping[UUID, Reason],
        *,
        now: datetime,
    ) -> ClaimedMessage | None:
        """Take reminders out of a message; None when nothing is left."""

    async def hold(
        self,
        claimed: Sequence[ClaimedMessage],
        *,
        until: datetime,
        now: datetime,
        reason: Reason = Reason.EHR_UNAVAILABLE,
    ) -> None:
        """Put messages back until an instant, saying why."""


@dataclass(slots=True)
class Prepared:
    """What became of a batch: what may go, what cannot be made, and how many wait."""

    ready: list[Ready] = field(default_factory=list)
    spoilt: list[Spoilt] = field(default_factory=list)
    held: int = 0
    dropped: int = 0


class Prepare:
    """Whatever keeps one message back keeps back no other."""

    def __init__(
        self,
        *,
        queue: Claims,
        composing: Composing,
        fresh: Fresh,
        replan: Callable[[Sequence[PatientKey]], Awaitable[None]],
        clinics: Clinics,
        clock: Clock,
    ) -> None:
        self._queue = queue
        self._composing = composing
        self._fresh = fresh
        self._replan = replan
        self._clinics = clinics
        self._clock = clock

    async def run(self, claimed: Sequence[ClaimedMessage]) -> Prepared:
        """All of them, each as far as it may go now."""
        prepared = Prepared()
        going, people = await self._vouched_for(claimed, prepared)
        elsewhere: set[PatientKey] = set()
        for message in going:
            elsewhere |= await self._one(message, people, prepared)
        if elsewhere:
            await self._replan(sorted(elsewhere))
        return prepared

    async def _vouched_for(
        self, claimed: Sequence[ClaimedMessage], prepared: Prepared
    ) -> tuple[list[ClaimedMessage], dict[PatientKey, Person]]:
        """Those the EHR still vouches for, and their people; the others are held.

        Only reminders need it. A new link or an answer is about what a patient
        has just done, and they are waiting for it.
        """
        reminding = [message for message in claimed if message.reminders]
        keys = {key for message in reminding for key in message.appointments}
        people = await self._composing.people_of(claimed)
        stale = self._fresh.stale(keys, people.values())
        if not stale:
            return list(claimed), people
        unknown = await self._fresh.read(stale)
        if fresh := stale - unknown.keys():
            await self._replan(sorted({key.patient for key in fresh}))
        held = await self._hold(reminding, unknown)
        prepared.held += len(held)
        going = [message for message in claimed if message.message_id not in held]
        return going, await self._composing.people_of(going)

    async def _hold(
        self,
        messages: Sequence[ClaimedMessage],
        unknown: Mapping[AppointmentKey, datetime],
    ) -> set[UUID]:
        waiting: dict[datetime, list[ClaimedMessage]] = {}
        for message in messages:
            if some := unknown.keys() & set(message.appointments):
                until = max(unknown[key] for key in some)
                waiting.setdefault(until, []).append(message)
        for until, held in waiting.items():
            await self._queue.hold(held, until=until, now=self._clock())
        return {one.message_id for held in waiting.values() for one in held}

    async def _one(
        self,
        message: ClaimedMessage,
        people: Mapping[PatientKey, Person],
        prepared: Prepared,
    ) -> set[PatientKey]:
        """Prepare one; the people whose reminders are to be planned anew."""
        now, clinics = self._clock(), self._clinics()
        reasons = unless_spoilt(
            message, lambda: _reasons(message, people, clinics, now)
        )
        if isinstance(reasons, Spoilt):
            prepared.spoilt.append(reasons)
            return set()
        if reasons is Reason.QUIET_HOURS:
            await self._wait_for_the_morning(message, people, now)
            prepared.held += 1
            return set()
        kept = await self._drop(message, reasons, now) if reasons else message
        if kept is None:
            prepared.dropped += 1
        else:
            told = _as_told(kept, people, clinics, now)
            _add(prepared, self._composing.one(told, people))
        return _elsewhere(message, reasons)

    async def _wait_for_the_morning(
        self,
        message: ClaimedMessage,
        people: Mapping[PatientKey, Person],
        now: datetime,
    ) -> None:
        clinics = self._clinics()
        patients = [people.get(key.patient) for key in message.appointments]
        until = quiet_hours_end(clinics.by_id(message.clinic_id), patients, now)
        await self._queue.hold(
            [message], until=until, now=now, reason=Reason.QUIET_HOURS
        )

    async def _drop(
        self, message: ClaimedMessage, reasons: Mapping[UUID, Reason], now: datetime
    ) -> ClaimedMessage | None:
        log.info(
            "withdrew_reminders",
            message_id=str(message.message_id),
            reasons=sorted(set(reasons.values())),
        )
        return await self._queue.drop(message, reasons, now=now)


def _reasons(
    message: ClaimedMessage,
    people: Mapping[PatientKey, Person],
    clinics: ClinicDirectory,
    now: datetime,
) -> dict[UUID, Reason] | Literal[Reason.QUIET_HOURS] | Spoilt:
    """Why some of its reminders may not go at all, or that all of it must wait.

    A new link or an answer goes only to an address that is still on file: it
    may have waited since it was asked for. An answer waits for the morning as
    a reminder does: nobody knows how long ago the patient asked. What is said
    to a text message goes at once, and to whoever wrote it where it is about
    nobody; what it numbers is all of it there, or it does not go.
    """
    if not message.reminders:
        clinic = clinics.by_id(message.clinic_id)
        about, is_reply = message.appointments, message.kind is MessageKind.REPLY
        if is_reply and not about:
            return {}
        still = still_on_file(message.to, about, people, clinics, clinic)
        if not still or (is_reply and len(still) < len(about)):
            return Spoilt(message, "address-not-on-file")
        patients = [people.get(key.patient) for key in message.appointments]
        is_answer = message.kind is MessageKind.ANSWER
        waits = is_answer and quiet_hours_end(clinic, patients, now) > now
        return Reason.QUIET_HOURS if waits else {}
    reasons: dict[UUID, Reason] = {}
    for reminder in message.reminders:
        person = people[reminder.key.appointment.patient]
        reason = decide_again(reminder, person, clinics, now)
        if reason is Reason.QUIET_HOURS:
            return reason
        if reason is not None:
            reasons[reminder.reminder_id] = reason
    return reasons | _early(message, reasons, people, clinics, now)


def _as_told(
    message: ClaimedMessage,
    people: Mapping[PatientKey, Person],
    clinics: ClinicDirectory,
    now: datetime,
) -> ClaimedMessage:
    """The message as it goes now: shorter if it is late and its step wants that.

    An answer speaks only of visits its address may still hear of.
    """
    if not message.reminders:
        clinic, about = clinics.by_id(message.clinic_id), message.appointments
        still = still_on_file(message.to, about, people, clinics, clinic)
        return replace(message, appointments=still)
    if not is_shortened(message.reminders, clinics, now):
        return message
    return replace(message, template=shortened(message.template))


def _early(
    message: ClaimedMessage,
    reasons: Mapping[UUID, Reason],
    people: Mapping[PatientKey, Person],
    clinics: ClinicDirectory,
    now: datetime,
) -> dict[UUID, Reason]:
    """What is left is planned anew if none of it is due without what was dropped."""
    left = [one for one in message.reminders if one.reminder_id not in reasons]
    if not reasons or not left:
        return {}
    if all(
        is_early(one, people[one.key.appointment.patient], clinics, now) for one in left
    ):
        return {one.reminder_id: Reason.REPLANNED for one in left}
    return {}


def _elsewhere(
    message: ClaimedMessage, reasons: Mapping[UUID, Reason]
) -> set[PatientKey]:
    """Whose reminder goes to another address or under another clinic's name.

    Nobody else plans for them: their world is as the last plan saw it.
    """
    return {
        reminder.key.appointment.patient
        for reminder in message.reminders
        if reasons.get(reminder.reminder_id) is Reason.REPLANNED
    }


def _add(prepared: Prepared, made: Ready | Spoilt) -> None:
    match made:
        case Ready():
            prepared.ready.append(made)
        case Spoilt():
            prepared.spoilt.append(made)
