"""Records in the EHR that a message was sent: which, when, how; not a word of it."""

from urllib.parse import urlencode

import orjson

from reminder.ehr.capabilities import CapabilityCache
from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRRefused
from reminder.ehr.finding.bundles import search
from reminder.ehr.reading.instants import instant_text
from reminder.ehr.reading.raw import Resource
from reminder.ehr.wire.client import FHIRClient
from reminder.ehr.wire.outcomes import not_written
from reminder.model.answers import Communication
from reminder.model.people import Channel

_TYPE = "Communication"
_CATEGORIES = "http://terminology.hl7.org/CodeSystem/communication-category"
_MEDIA = "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode"
_MEDIUM = {
    Channel.EMAIL: ("EMAILWRIT", "email"),
    Channel.SMS: ("SMSWRIT", "SMS message"),
    Channel.VOICE: ("PHONE", "telephone"),
}
_SEVERAL_ALREADY = 412


class CommunicationWriter:
    """Writes Communications of one server, each once."""

    def __init__(
        self, client: FHIRClient, config: EHRConfig, capabilities: CapabilityCache
    ) -> None:
        self._client = client
        self._system = config.communication_system
        self._capabilities = capabilities

    async def record(self, communication: Communication) -> None:
        """See `EHR.record`."""
        about = f"POST {_TYPE}"
        can = await self._capabilities.get()
        if not can.communications:
            raise EHRRefused(f"{about}: not offered")
        token = f"{self._system}|{communication.identifier.urn}"
        # Where the server cannot look itself, we look: not proof against a
        # race, but there is one writer for each message.
        if not can.conditional_create and await self._is_there(token):
            return
        answer = await self._client.write(
            "POST",
            self._client.url(_TYPE),
            orjson.dumps(_resource(communication, self._system)),
            about=about,
            headers={"If-None-Exist": urlencode({"identifier": token})},
        )
        if not (200 <= answer.status < 300 or answer.status == _SEVERAL_ALREADY):
            raise not_written(answer)

    async def _is_there(self, token: str) -> bool:
        found = await search(
            self._client, _TYPE, [("identifier", token), ("_count", "1")], max_pages=1
        )
        return bool(found.matches)


def _resource(communication: Communication, system: str) -> Resource:
    medium, display = _MEDIUM[communication.channel]
    key = communication.appointment
    return {
        "resourceType": _TYPE,
        "identifier": [{"system": system, "value": communication.identifier.urn}],
        "status": "completed",
        "category": [{"coding": [{"system": _CATEGORIES, "code": "reminder"}]}],
        "medium": [
            {"coding": [{"system": _MEDIA, "code": medium, "display": display}]}
        ],
        "subject": {"reference": f"Patient/{key.patient_id}"},
        "about": [{"reference": f"Appointment/{key.appointment_id}"}],
        "topic": {"coding": [{"code": communication.template}]},
        "sent": instant_text(communication.sent_at),
    }
