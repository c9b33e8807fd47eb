"""Every state, reason and note of a reminder is said in one whole sentence."""

import itertools
import re
from dataclasses import replace
from uuid import UUID

import pytest

from reminder.model.appointments import AppointmentKey
from reminder.model.people import Channel
from reminder.model.reasons import NOTES, SENTENCES, Note, Reason
from reminder.model.reminders import Reminder, ReminderKey, ReminderState
from reminder.model.rulesets import Caps, Rule, Ruleset
from reminder.rules.explain import explain
from reminder.rules.plan import plan
from tests.rules.examples import (
    DAY,
    EMAIL,
    HOURS,
    MADRID,
    SMS,
    WEEK,
    appointment,
    clinic,
    directory,
    keep,
    person,
    utc,
)

HARBOR = clinic(rules=[Rule("standard", (WEEK, DAY), name="Standard")])

STATES_WITH_REASON = [
    ReminderState.SKIPPED,
    ReminderState.WITHDRAWN,
    ReminderState.HELD,
    ReminderState.EXPIRED,
    ReminderState.FAILED,
]


def reminder(state: ReminderState = ReminderState.PLANNED, **changes) -> Reminder:
    """Five business days before a visit on Tue 8 Dec 2026 at 14:00 in New York."""
    step_id = changes.pop("step_id", "week")
    key = AppointmentKey("ehr", "a1", "p1")
    return Reminder(
        **{
            "reminder_id": UUID(int=1),
            "key": ReminderKey(key, step_id, utc("2026-12-08T19:00")),
            "state": state,
            "clinic_id": "harbor",
            "template": "reminder",
            "language": "en",
            "channel": Channel.EMAIL,
            "routes": (EMAIL, SMS),
            "due_at": utc("2026-12-01T15:00"),
            "useful_until": utc("2026-12-07T19:00"),
            "rule_id": "standard",
        }
        | changes
    )


def skipped(reason: Reason, **changes) -> Reminder:
    nothing = {"channel": None, "routes": (), "due_at": None, "useful_until": None}
    return reminder(ReminderState.SKIPPED, reason=reason, **(nothing | changes))


BY_STANDARD = "5 business days before at 10:00, by the rule 'Standard'"

EXAMPLES = {
    "planned": (
        reminder(),
        f"E-mail on Tue 1 Dec 2026 at 10:00 AM EST, {BY_STANDARD};"
        " then text message if that fails;"
        " of use until Mon 7 Dec 2026 at 2:00 PM EST.",
    ),
    "planned, moved out of quiet hours": (
        reminder(wanted_at=utc("2026-12-01T11:30"), notes=(Note.QUIET_LATER,)),
        f"E-mail on Tue 1 Dec 2026 at 10:00 AM EST, {BY_STANDARD};"
        " then text message if that fails;"
        " moved later, out of quiet hours (wanted 6:30 AM);"
        " of use until Mon 7 Dec 2026 at 2:00 PM EST.",
    ),
    "planned, moved to the day before": (
        reminder(
            wanted_at=utc("2026-12-02T05:30"),
            notes=(Note.QUIET_EARLIER, Note.TOGETHER),
            routes=(EMAIL,),
            useful_until=None,
        ),
        f"E-mail on Tue 1 Dec 2026 at 10:00 AM EST, {BY_STANDARD};"
        " moved earlier, out of quiet hours (wanted Wed 2 Dec 2026 at 12:30 AM EST);"
        " in one message with another visit.",
    ),
    "planned with another visit that is due before it": (
        reminder(
            wanted_at=utc("2026-12-01T22:00"),
            notes=(Note.TOGETHER,),
            routes=(EMAIL,),
            useful_until=None,
        ),
        f"E-mail on Tue 1 Dec 2026 at 10:00 AM EST, {BY_STANDARD};"
        " in one message with another visit (wanted 5:00 PM).",
    ),
    "planned with another visit that is due at the same moment": (
        reminder(
            wanted_at=utc("2026-12-01T15:00"),
            notes=(Note.TOGETHER, Note.CAP_CHANNEL),
            routes=(EMAIL,),
            useful_until=None,
        ),
        f"E-mail on Tue 1 Dec 2026 at 10:00 AM EST, {BY_STANDARD};"
        " in one message with another visit; by another channel, to stay within the"
        " limit of messages.",
    ),
    "planned for a visit booked after its moment": (
        reminder(
            wanted_at=utc("2026-11-30T15:00"),
            notes=(Note.AT_ONCE,),
            routes=(EMAIL,),
            useful_until=None,
        ),
        f"E-mail on Tue 1 Dec 2026 at 10:00 AM EST, {BY_STANDARD};"
        " at once, since it was booked after the step's moment"
        " (wanted Mon 30 Nov 2026 at 10:00 AM EST).",
    ),
    "in a message": (
        reminder(ReminderState.IN_MESSAGE, routes=(EMAIL,)),
        f"E-mail on Tue 1 Dec 2026 at 10:00 AM EST, {BY_STANDARD};"
        " being sent now; of use until Mon 7 Dec 2026 at 2:00 PM EST.",
    ),
    "in a message by its second channel": (
        reminder(ReminderState.IN_MESSAGE, channel=Channel.SMS, useful_until=None),
        f"Text message on Tue 1 Dec 2026 at 10:00 AM EST, {BY_STANDARD};"
        " being sent now; after e-mail failed.",
    ),
    "sent": (
        reminder(ReminderState.SENT, told_at=utc("2026-12-01T15:02")),
        f"Sent by e-mail on Tue 1 Dec 2026 at 10:02 AM EST, {BY_STANDARD}.",
    ),
    "sent, nobody wrote down when": (
        reminder(ReminderState.SENT),
        f"Sent by e-mail, due on Tue 1 Dec 2026 at 10:00 AM EST, {BY_STANDARD}.",
    ),
    "sent with another visit": (
        reminder(
            ReminderState.SENT,
            told_at=utc("2026-12-01T15:00"),
            notes=(Note.TOGETHER,),
        ),
        f"Sent by e-mail on Tue 1 Dec 2026 at 10:00 AM EST, {BY_STANDARD};"
        " in one message with another visit.",
    ),
    "answered": (
        reminder(ReminderState.ANSWERED, told_at=utc("2026-12-01T16:00")),
        f"Sent by e-mail on Tue 1 Dec 2026 at 11:00 AM EST, {BY_STANDARD};"
        " the patient has answered.",
    ),
    "skipped": (
        skipped(Reason.CONFIRMED),
        f"Not sent: the patient has confirmed ({BY_STANDARD}).",
    ),
    "skipped without a rule": (
        skipped(Reason.NO_RULE, step_id="", rule_id=""),
        "Not sent: no rule of the clinic is for appointments of this kind.",
    ),
    "withdrawn": (
        reminder(ReminderState.WITHDRAWN, reason=Reason.MOVED),
        "Withdrawn: the appointment moved; new reminders were planned"
        f" (e-mail on Tue 1 Dec 2026 at 10:00 AM EST, {BY_STANDARD}).",
    ),
    "withdrawn after it was sent": (
        reminder(
            ReminderState.WITHDRAWN,
            reason=Reason.CANCELLED,
            channel=None,
            told_at=utc("2026-12-01T15:02"),
        ),
        "Withdrawn: the appointment was cancelled (on Tue 1 Dec 2026 at 10:00 AM EST,"
        f" {BY_STANDARD}, sent on Tue 1 Dec 2026 at 10:02 AM EST).",
    ),
    "held for want of the EHR": (
        reminder(ReminderState.HELD, reason=Reason.EHR_UNAVAILABLE),
        "Held: the EHR could not be asked whether it still holds"
        f" (e-mail on Tue 1 Dec 2026 at 10:00 AM EST, {BY_STANDARD}).",
    ),
    "held over the night": (
        reminder(ReminderState.HELD, reason=Reason.QUIET_HOURS),
        "Held: it goes when quiet hours end"
        f" (e-mail on Tue 1 Dec 2026 at 10:00 AM EST, {BY_STANDARD}).",
    ),
    "expired": (
        reminder(ReminderState.EXPIRED, reason=Reason.NO_LONGER_USEFUL),
        "Not sent: it could not be sent while it was still useful"
        f" (e-mail on Tue 1 Dec 2026 at 10:00 AM EST, {BY_STANDARD}).",
    ),
    "failed": (
        reminder(ReminderState.FAILED, reason=Reason.NOT_DELIVERED),
        "Failed: every channel was tried and none delivered"
        f" (e-mail on Tue 1 Dec 2026 at 10:00 AM EST, {BY_STANDARD}).",
    ),
    "by a step and a rule that are gone": (
        skipped(Reason.NO_LONGER_A_STEP, step_id="month", rule_id="old"),
        "Not sent: the clinic's rules no longer have this step"
        " (by the step 'month', by the rule 'old').",
    ),
    "by a rule without a name, and no rule at all": (
        skipped(Reason.TOO_LATE, step_id="day", rule_id=""),
        "Not sent: the moment for this step had passed when we learned of it"
        " (24 hours before).",
    ),
    "sent late, by its second channel": (
        reminder(
            ReminderState.SENT,
            channel=Channel.SMS,
            told_at=utc("2026-12-01T17:30"),
        ),
        f"Sent by text message on Tue 1 Dec 2026 at 12:30 PM EST, {BY_STANDARD};"
        " after e-mail failed; late, it was due 10:00 AM.",
    ),
    "sent on the next day": (
        reminder(ReminderState.SENT, told_at=utc("2026-12-02T13:00")),
        f"Sent by e-mail on Wed 2 Dec 2026 at 8:00 AM EST, {BY_STANDARD};"
        " late, it was due Tue 1 Dec 2026 at 10:00 AM EST.",
    ),
    "by the patient's own choice, which is no longer known": (
        skipped(Reason.CONFIRMED, step_id="own-lead"),
        "Not sent: the patient has confirmed (at the time the patient chose, by the"
        " rule 'Standard').",
    ),
    "by the patient's own choice": (
        reminder(
            step_id="own-lead",
            wanted_at=utc("2026-12-06T19:00"),
            notes=(Note.OWN_LEAD,),
            routes=(EMAIL,),
            useful_until=None,
        ),
        "E-mail on Tue 1 Dec 2026 at 10:00 AM EST, 48 hours before,"
        " by the rule 'Standard'; when the patient asked for it.",
    ),
}


@pytest.mark.parametrize(("one", "said"), EXAMPLES.values(), ids=EXAMPLES)
def test_a_reminder_is_explained_in_one_sentence(one, said):
    assert explain(one, HARBOR) == said


def test_times_are_on_the_clinics_wall_clock_and_named():
    summer = reminder(
        due_at=utc("2026-07-01T08:00"), routes=(EMAIL,), useful_until=None
    )

    assert "Wed 1 Jul 2026 at 10:00 AM CEST" in explain(summer, clinic(MADRID))
    assert "Wed 1 Jul 2026 at 4:00 AM EDT" in explain(summer, clinic())


def test_a_zone_without_letters_is_said_by_its_offset():
    said = explain(reminder(), clinic("America/Sao_Paulo"))

    assert "Tue 1 Dec 2026 at 12:00 PM UTC-03" in said


def test_without_a_clinic_times_are_utc_and_steps_are_named_by_id():
    said = explain(reminder(routes=(EMAIL,)), None)

    assert said == (
        "E-mail on Tue 1 Dec 2026 at 3:00 PM UTC, by the step 'week',"
        " by the rule 'standard'; of use until Mon 7 Dec 2026 at 7:00 PM UTC."
    )


def test_a_wish_on_the_other_side_of_a_clock_change_is_said_with_its_day():
    moved = reminder(
        wanted_at=utc("2026-11-01T05:30"),
        due_at=utc("2026-11-01T13:00"),
        notes=(Note.QUIET_LATER,),
    )

    said = explain(moved, HARBOR)

    assert "(wanted Sun 1 Nov 2026 at 1:30 AM EDT)" in said
    assert said.startswith("E-mail on Sun 1 Nov 2026 at 8:00 AM EST")


@pytest.mark.parametrize("state", ReminderState)
def test_every_state_reason_and_note_makes_a_whole_sentence(state):
    bare = {"channel": None, "routes": (), "due_at": None, "useful_until": None}
    for reason, note, changes, place in itertools.product(
        [None, *Reason],
        [(), *zip(Note)],
        [{}, bare, {"rule_id": ""}],
        [HARBOR, None],
    ):
        one = reminder(state, reason=reason, notes=note, wanted_at=utc("2026-12-01"))
        said = explain(replace(one, **changes), place)
        assert re.fullmatch(r"[A-Z][^.]*\.", said), said
        assert not re.search(r"[{}]|None|  |\(\)|,,|;;|: ?[.;,(]|, ?\.|\d-\d{2}-", said)


@pytest.mark.parametrize("state", STATES_WITH_REASON)
def test_the_reason_is_in_the_sentence(state):
    for reason in Reason:
        said = explain(reminder(state, reason=reason), HARBOR)

        waits = state is ReminderState.HELD and reason is Reason.QUIET_HOURS
        words = SENTENCES[reason].removesuffix(".")[1:]
        assert (words in said) is not waits


@pytest.mark.parametrize("note", Note)
def test_each_note_is_said_of_what_is_planned_and_of_what_was_sent(note):
    for state in (ReminderState.PLANNED, ReminderState.SENT):
        assert NOTES[note] in explain(reminder(state, notes=(note,)), HARBOR)


def test_what_the_plan_decides_is_explained_with_all_its_notes():
    standard = Rule("standard", (WEEK, DAY, HOURS), name="Standard")
    here = clinic(ruleset=Ruleset(rules=(standard,), caps=Caps(a_week=1)))
    early = appointment(utc("2026-12-08T14:00"))
    later = appointment(utc("2026-12-08T19:00"), key=AppointmentKey("ehr", "a2", "p1"))
    decisions = plan(person(early, later), directory(here), utc("2026-11-20T12:00"))

    said = [explain(keep(one), here) for one in decisions]

    assert len(said) == 6
    assert all("by the rule 'Standard'" in one for one in said)
    assert all(NOTES[Note.TOGETHER] in one for one in said)
    assert any(
        "moved later, out of quiet hours (wanted 7:00 AM)" in one for one in said
    )
    assert any(NOTES[Note.CAP_CHANNEL] in one for one in said)


def test_nothing_of_the_patient_is_said():
    for state in ReminderState:
        said = explain(reminder(state, reason=Reason.GONE), HARBOR)
        assert not [one for one in (EMAIL.value, SMS.value, "a1", "p1") if one in said]
