"""Asks the EHR, or a human, for what it does not let us write ourselves."""

from dataclasses import dataclass

from reminder.ehr.errors import EHRConflict, EHRError, EHRRefused
from reminder.ehr.reading.instants import instant, instant_text
from reminder.ehr.reading.raw import Resource
from reminder.ehr.reading.references import is_id
from reminder.ehr.writing.decide import Decider, Edits
from reminder.ehr.writing.edits import Visit
from reminder.ehr.writing.exchange import Exchange
from reminder.ehr.writing.wishes import Wish
from reminder.model.answers import WriteBackKind
from reminder.model.appointments import ParticipationStatus
from reminder.model.capabilities import WriteStyle
from reminder.model.clock import Clock
from reminder.model.readings import Written

_OURS = ""
"""What is requested of nobody but our own worklist."""

_RESPONSE, _TASK = "AppointmentResponse", "Task"
_STATUS = {
    WriteBackKind.CONFIRM: ParticipationStatus.ACCEPTED,
    WriteBackKind.REBOOK: ParticipationStatus.ACCEPTED,
    WriteBackKind.CANCEL: ParticipationStatus.DECLINED,
    WriteBackKind.MOVE: ParticipationStatus.TENTATIVE,
}
_WORDS = {
    WriteBackKind.CONFIRM: "Patient confirms the appointment",
    WriteBackKind.REBOOK: "Patient asks to keep the appointment cancelled before",
    WriteBackKind.CANCEL: "Patient asks to cancel the appointment",
    WriteBackKind.MOVE: "Patient asks to move the appointment",
}


@dataclass(frozen=True, slots=True)
class Requests:
    """What only the EHR itself, or somebody at the clinic, can make so."""

    exchange: Exchange
    decider: Decider
    clock: Clock

    async def ours(self, wish: Wish) -> Written:
        """Nothing is written; what is so already is told as it is.

        Raises:
            EHRConflict: it cannot be any more, so nobody need be asked.
        """
        try:
            now = await self.exchange.visit(wish.key)
            is_so = await self.decider.needed(wish, now) is None
        except EHRConflict:
            raise
        except EHRError:
            # Our own worklist needs no EHR.
            return Written(requested=_OURS)
        return await self._so(now) if is_so else Written(requested=_OURS)

    async def write(self, wish: Wish, style: WriteStyle) -> Written:
        """Leave a request in the EHR, once however often this is called.

        Raises:
            EHRNotOffered: the EHR takes none.
        """
        now = await self.exchange.visit(wish.key)
        edits = await self.decider.needed(wish, now)
        if edits is None:
            return await self._so(now)
        kind = _TASK if style is WriteStyle.TASK else _RESPONSE
        found = await self._existing(kind, wish)
        if found is None:
            found = await self.exchange.create(self._made(kind, wish, edits), wish)
        return await self._became(wish, f"{kind}/{found or ''}")

    async def _became(self, wish: Wish, reference: str) -> Written:
        """An EHR may act on a request at once: only the Appointment tells."""
        try:
            now = await self.exchange.visit(wish.key)
            if await self.decider.needed(wish, now) is None:
                return await self._so(now)
        except EHRError:
            pass
        return Written(requested=reference)

    async def _so(self, now: Visit) -> Written:
        return Written((await self.exchange.finished(now),))

    async def _existing(self, kind: str, wish: Wish) -> str | None:
        token = ("identifier", wish.token(self.exchange.system))
        try:
            found = await self.exchange.found(kind, [token])
        except EHRRefused:
            return None
        mine = wish.identifier(self.exchange.system)["value"]
        for each in found:
            if mine in _values(each) and is_id(each.get("id")):
                return str(each["id"])
        return None

    def _made(self, kind: str, wish: Wish, edits: Edits) -> Resource:
        made = self._task if kind == _TASK else self._response
        return {
            "resourceType": kind,
            "identifier": [wish.identifier(self.exchange.system)],
            **made(wish, edits),
        }

    def _response(self, wish: Wish, edits: Edits) -> Resource:
        meant = edits.appointment.resource
        times = ("start", "end") if wish.kind is WriteBackKind.MOVE else ()
        return {
            "appointment": _reference("Appointment", wish.key.appointment_id),
            "actor": _reference("Patient", wish.key.patient_id),
            "participantStatus": _STATUS[wish.kind].value,
            **{name: meant[name] for name in times if name in meant},
        }

    def _task(self, wish: Wish, edits: Edits) -> Resource:
        words, was = _WORDS[wish.kind], edits.appointment.stored.resource.get("start")
        if wish.kind is WriteBackKind.MOVE:
            start = instant(edits.appointment.resource["start"])
            words += f" to {instant_text(start)}" if start else ""
        return {
            "status": "requested",
            "intent": "order",
            "code": {"text": _WORDS[wish.kind]},
            "description": words,
            "focus": _reference("Appointment", wish.key.appointment_id),
            "for": _reference("Patient", wish.key.patient_id),
            "authoredOn": instant_text(self.clock()),
            # Later than that it is of no use to anybody.
            **({"restriction": {"period": {"end": was}}} if was else {}),
        }


def _reference(resource_type: str, resource_id: str) -> Resource:
    return {"reference": f"{resource_type}/{resource_id}"}


def _values(resource: Resource) -> list[object]:
    # R4 allows an AppointmentResponse and a Task several identifiers.
    identifiers = resource.get("identifier")
    return [
        each.get("value")
        for each in (identifiers if isinstance(identifiers, list) else [])
        if isinstance(each, dict)
    ]
