"""Says in one sentence what became of a reminder, or will, and why.

The sentence is for the people of the clinic, on its wall clock, and names no
patient: it says when, by which channel, by which step and rule, and what made
it different from what the step asks for.
"""

from datetime import UTC, datetime, timedelta, tzinfo

from reminder.model.clinics import Clinic
from reminder.model.offsets import HoursBefore
from reminder.model.people import Channel
from reminder.model.reasons import NOTES, SENTENCES, Note, Reason
from reminder.model.reminders import Reminder, ReminderState
from reminder.model.rulesets import Rule, Step
from reminder.rules.lateness import is_late
from reminder.rules.offsets import print_offset
from reminder.rules.phrases import CHANNEL, moment, moment_beside, sentence
from reminder.rules.steps import OWN_LEAD

_MOVED = (Note.QUIET_LATER, Note.QUIET_EARLIER, Note.TOGETHER, Note.AT_ONCE)
"""Notes of something that is told at another moment than its step says."""

_ENDED = {
    ReminderState.HELD: "Held",
    ReminderState.SKIPPED: "Not sent",
    ReminderState.EXPIRED: "Not sent",
    ReminderState.WITHDRAWN: "Withdrawn",
    ReminderState.FAILED: "Failed",
}
"""How a sentence begins that goes on with the reason."""

_HELD = {
    Reason.QUIET_HOURS: "it goes when quiet hours end",
    Reason.EHR_UNAVAILABLE: "the EHR could not be asked whether it still holds",
}
"""Why something waits: these reasons say otherwise where nothing is to come."""


def explain(reminder: Reminder, clinic: Clinic | None) -> str:
    """One sentence for a reminder in any state; times in UTC without a clinic.

    Steps and rules are said as they are now; those that are gone are named by
    their id.
    """
    zone: tzinfo = clinic.zone if clinic is not None else UTC
    story = _Story(reminder, clinic, zone)
    match reminder.state:
        case ReminderState.PLANNED | ReminderState.IN_MESSAGE:
            return story.to_come()
        case ReminderState.SENT | ReminderState.ANSWERED:
            return story.told()
        case _:
            return story.ended(_ENDED[reminder.state])


def step_of(reminder: Reminder, clinic: Clinic | None) -> Step | None:
    """The step it follows, if the clinic's rules still have it."""
    steps = (step for rule in _rules(clinic) for step in rule.steps)
    return next((one for one in steps if one.step_id == reminder.key.step_id), None)


def rule_name(rule_id: str, clinic: Clinic | None) -> str:
    """What people call a rule; its id where it has no name, or is gone."""
    named = {rule.rule_id: rule.name for rule in _rules(clinic)}
    return named.get(rule_id) or rule_id


def _rules(clinic: Clinic | None) -> tuple[Rule, ...]:
    return clinic.ruleset.rules if clinic is not None else ()


class _Story:
    """The parts of a sentence about one reminder."""

    def __init__(self, reminder: Reminder, clinic: Clinic | None, zone: tzinfo) -> None:
        self._reminder, self._clinic, self._zone = reminder, clinic, zone

    def to_come(self) -> str:
        """'E-mail on …, 24 hours before, by the rule …; then …; of use until …'."""
        reminder = self._reminder
        when = [f"on {self._moment(reminder.due_at)}"] if reminder.due_at else []
        opening = " ".join([self._channel() or "message", *when])
        until = reminder.useful_until
        return _joined(
            ", ".join([opening, *self._by()]),
            "being sent now" if reminder.state is ReminderState.IN_MESSAGE else "",
            *self._tried(),
            *self._next(),
            *self._notes(),
            f"of use until {self._moment(until)}" if until else "",
        )

    def told(self) -> str:
        """'Sent by e-mail on …, 24 hours before, by the rule …'."""
        reminder = self._reminder
        channel = self._channel()
        opening = f"sent by {channel}" if channel else "sent"
        if reminder.told_at:
            opening += f" on {self._moment(reminder.told_at)}"
        elif reminder.due_at:
            opening += f", due on {self._moment(reminder.due_at)}"
        answered = reminder.state is ReminderState.ANSWERED
        return _joined(
            ", ".join([opening, *self._by()]),
            "the patient has answered" if answered else "",
            *self._tried(),
            self._late(),
            *self._notes(),
        )

    def ended(self, what: str) -> str:
        """'Not sent: the patient has confirmed (24 hours before, by the rule …)'."""
        reminder = self._reminder
        parts = self._by()
        if reminder.due_at:
            when = f"on {self._moment(reminder.due_at)}"
            parts.insert(0, f"{self._channel()} {when}".strip())
        if reminder.told_at:
            parts.append(f"sent on {self._moment(reminder.told_at)}")
        aside = f" ({', '.join(parts)})" if parts else ""
        return sentence(f"{what}: {self._because()}{aside}")

    def _because(self) -> str:
        reason = self._reminder.reason
        if reason is None:
            return "no reason was kept"
        if self._reminder.state is ReminderState.HELD and reason in _HELD:
            return _HELD[reason]
        words = SENTENCES[reason].removesuffix(".")
        return words[0].lower() + words[1:]

    def _by(self) -> list[str]:
        """'24 hours before', 'by the rule 'Standard''; nothing where no step has it."""
        key, rule_id = self._reminder.key, self._reminder.rule_id
        said: list[str] = []
        if step := step_of(self._reminder, self._clinic):
            said.append(print_offset(step.offset))
        elif key.step_id == OWN_LEAD:
            said.append(self._own_lead())
        elif key.step_id:
            said.append(f"by the step '{key.step_id}'")
        if rule_id:
            said.append(f"by the rule '{rule_name(rule_id, self._clinic)}'")
        return said

    def _own_lead(self) -> str:
        wanted_at = self._reminder.wanted_at
        if wanted_at is None:
            return "at the time the patient chose"
        lead = self._reminder.key.start_at - wanted_at
        return print_offset(HoursBefore(lead // timedelta(hours=1)))

    def _tried(self) -> list[str]:
        """'after e-mail failed', for each channel before the present one."""
        channels, place = self._channels()
        return [f"after {CHANNEL[one]} failed" for one in channels[:place]]

    def _next(self) -> list[str]:
        """'then text message if that fails', for each channel after it."""
        channels, place = self._channels()
        return [f"then {CHANNEL[one]} if that fails" for one in channels[place + 1 :]]

    def _channels(self) -> tuple[list[Channel], int]:
        channels = [route.channel for route in self._reminder.routes]
        now = self._reminder.channel
        return (channels, channels.index(now)) if now in channels else ([], 0)

    def _late(self) -> str:
        told_at, due_at = self._reminder.told_at, self._reminder.due_at
        if told_at is None or due_at is None or not is_late(due_at, told_at):
            return ""
        return f"late, it was due {moment_beside(due_at, told_at, self._zone)}"

    def _notes(self) -> list[str]:
        notes = self._reminder.notes
        moved = next((note for note in notes if note in _MOVED), None)
        return [
            NOTES[note] + (self._wanted() if note is moved else "") for note in notes
        ]

    def _wanted(self) -> str:
        wanted_at, due_at = self._reminder.wanted_at, self._reminder.due_at
        if wanted_at is None or due_at is None or wanted_at == due_at:
            return ""
        return f" (wanted {moment_beside(wanted_at, due_at, self._zone)})"

    def _channel(self) -> str:
        channel: Channel | None = self._reminder.channel
        return CHANNEL[channel] if channel is not None else ""

    def _moment(self, at: datetime) -> str:
        return moment(at, self._zone)


def _joined(*parts: str) -> str:
    return sentence("; ".join(part for part in parts if part))
