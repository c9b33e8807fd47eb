"""The visit for the patient's own calendar."""

from reminder.flows.respond.door import Ask, Refusal
from reminder.flows.respond.page_states import Step
from reminder.flows.respond.pages import CalendarFile, Visits
from reminder.flows.respond.present import Presence, Present
from reminder.messages.invitation import calendar_file


class Calendar:
    """Hands out calendar files, which a stranger cannot make."""

    def __init__(self, presence: Presence, key: bytes) -> None:
        self._presence = presence
        self._key = key

    async def file(self, ask: Ask, language: str) -> CalendarFile | Visits | Refusal:
        """The visit as a calendar file, while it is still to come."""
        present = await self._presence.at(ask, Step.SEE)
        if not isinstance(present, Present):
            return present
        if not present.is_open:
            return present.closed()
        known, now = present.known, present.visitor.now
        return CalendarFile(
            calendar_file(known.appointment, known.clinic, language, now, self._key)
        )
