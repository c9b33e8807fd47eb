"""What a new plan changes in an old one, state by state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
    History,
)
from reminder.model.people import Channel, ContactPoint
from reminder.model.reasons import Note, Reason
from reminder.model.reminders import (
    Decision,
    Person,
    Planned,
    Reminder,
    ReminderKey,
    ReminderState,
    Skipped,
)
from reminder.model.rulesets import Urgency
from reminder.store.plan_difference import Difference, SetAside, difference

START = datetime(2027, 3, 9, 14, 30, tzinfo=UTC)
KEY = AppointmentKey("main", "a1", "p1")
VISIT = ReminderKey(KEY, "week", START)
EMAIL = ContactPoint(Channel.EMAIL, "ada@example.org")
SMS = ContactPoint(Channel.SMS, "+15550100")

TELL = Planned(
    key=VISIT,
    clinic_id="north",
    template="reminder",
    language="en",
    routes=(EMAIL, SMS),
    due_at=START - timedelta(days=7),
    useful_until=START - timedelta(days=1),
)
SKIP = Skipped(VISIT, Reason.CANCELLED, "north")


def kept(state: ReminderState, reason: Reason | None = None) -> Reminder:
    told = state not in {ReminderState.SKIPPED}
    return Reminder(
        reminder_id=UUID(int=1),
        key=VISIT,
        state=state,
        clinic_id="north",
        template=TELL.template if told else "",
        language=TELL.language if told else "",
        channel=Channel.EMAIL if told else None,
        routes=TELL.routes if told else (),
        due_at=TELL.due_at if told else None,
        useful_until=TELL.useful_until if told else None,
        reason=reason,
    )


PLANNED = kept(ReminderState.PLANNED)


def person(start: datetime | None = START) -> Person:
    appointments = ()
    if start is not None:
        booked = Appointment(key=KEY, status=AppointmentStatus.BOOKED, start_at=start)
        appointments = (booked,)
    return Person(key=KEY.patient, patient=None, appointments=appointments)


def lines(result: Difference) -> list[str]:
    """A difference as a table can hold it."""
    return [
        *(f"new {type(one).__name__.lower()}" for one in result.new),
        *(f"told, was {one.state}" for one, _ in result.told),
        *(f"{one.state}: {one.reason}" for one in result.set_aside),
        *(["unchanged"] if result.unchanged else []),
    ]


S = ReminderState


@pytest.mark.parametrize(
    ("before", "decision", "expected"),
    [
        pytest.param(None, TELL, ["new planned"], id="a-new-step-is-planned"),
        pytest.param(None, SKIP, ["new skipped"], id="a-new-step-is-skipped"),
        pytest.param(PLANNED, TELL, ["unchanged"], id="the-same-plan-again"),
        pytest.param(
            kept(S.WITHDRAWN, Reason.MOVED), TELL, ["told, was withdrawn"], id="revived"
        ),
        pytest.param(
            kept(S.SKIPPED, Reason.OPTED_OUT),
            TELL,
            ["told, was skipped"],
            id="opted-in",
        ),
        pytest.param(
            kept(S.EXPIRED, Reason.NO_LONGER_USEFUL),
            TELL,
            ["told, was expired"],
            id="useful-again",
        ),
        *(
            pytest.param(
                kept(state), decision, ["unchanged"], id=f"{state}-stays-{name}"
            )
            for state in (S.IN_MESSAGE, S.HELD, S.SENT, S.ANSWERED, S.FAILED)
            for name, decision in (("when-planned", TELL), ("when-skipped", SKIP))
        ),
        pytest.param(PLANNED, SKIP, ["withdrawn: cancelled"], id="withdrawn"),
        pytest.param(
            kept(S.SKIPPED, Reason.CANCELLED), SKIP, ["unchanged"], id="skipped-again"
        ),
        pytest.param(
            kept(S.SKIPPED, Reason.OPTED_OUT),
            SKIP,
            ["skipped: cancelled"],
            id="skipped-for-another-reason",
        ),
        pytest.param(
            kept(S.SKIPPED, Reason.CANCELLED),
            replace(SKIP, rule_id="first"),
            ["skipped: cancelled"],
            id="skipped-by-another-rule",
        ),
        pytest.param(
            kept(S.WITHDRAWN, Reason.CANCELLED),
            SKIP,
            ["unchanged"],
            id="still-withdrawn",
        ),
        pytest.param(
            kept(S.WITHDRAWN, Reason.MOVED),
            SKIP,
            ["withdrawn: cancelled"],
            id="moved-back-but-cancelled",
        ),
        pytest.param(
            kept(S.EXPIRED, Reason.NO_LONGER_USEFUL),
            SKIP,
            ["unchanged"],
            id="expired-is-history-when-skipped",
        ),
    ],
)
def test_one_decision_about_one_kept_reminder(
    before: Reminder | None, decision: Decision, expected: list[str]
) -> None:
    result = difference(person(), [decision], [before] if before else [])

    assert lines(result) == expected


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(TELL, due_at=START - timedelta(days=6)), id="due"),
        pytest.param(replace(TELL, useful_until=START), id="useful-until"),
        pytest.param(replace(TELL, routes=(SMS,)), id="routes"),
        pytest.param(replace(TELL, template="prepare"), id="template"),
        pytest.param(replace(TELL, language="es"), id="language"),
        pytest.param(replace(TELL, clinic_id="south"), id="clinic"),
        pytest.param(replace(TELL, wanted_at=START), id="wanted"),
        pytest.param(replace(TELL, rule_id="first"), id="rule"),
        pytest.param(replace(TELL, together="9 March"), id="together"),
        pytest.param(replace(TELL, urgency=Urgency.HIGH), id="urgency"),
        pytest.param(replace(TELL, notes=(Note.AT_ONCE,)), id="notes"),
    ],
)
def test_a_planned_reminder_follows_every_change_of_the_plan(other: Planned) -> None:
    assert lines(difference(person(), [other], [PLANNED])) == ["told, was planned"]


@pytest.mark.parametrize(
    ("start", "state", "expected"),
    [
        (START, S.PLANNED, ["withdrawn: no-longer-a-step"]),
        (START + timedelta(hours=1), S.PLANNED, ["withdrawn: moved"]),
        (None, S.PLANNED, ["withdrawn: gone"]),
        (START, S.SKIPPED, []),
        (START + timedelta(hours=1), S.SKIPPED, []),
        (None, S.SKIPPED, []),
        (None, S.SENT, []),
        (None, S.ANSWERED, []),
        (None, S.IN_MESSAGE, []),
        (None, S.HELD, []),
        (None, S.FAILED, []),
        (None, S.EXPIRED, []),
        (START + timedelta(hours=1), S.WITHDRAWN, []),
    ],
)
def test_a_reminder_nobody_decides_about_any_more(
    start: datetime | None, state: ReminderState, expected: list[str]
) -> None:
    before = kept(state, None if state is S.PLANNED else Reason.CANCELLED)

    assert lines(difference(person(start), [], [before])) == expected


@pytest.mark.parametrize(
    ("n", "moves", "expected"),
    [
        pytest.param(1, 3, "withdrawn: moved", id="it-moved-again-and-back"),
        pytest.param(3, 3, "withdrawn: no-longer-a-step", id="of-the-last-move"),
        pytest.param(0, 2, "withdrawn: no-longer-a-step", id="of-no-move"),
    ],
)
def test_what_was_to_tell_of_an_earlier_move_is_overtaken_by_the_last(
    n: int, moves: int, expected: str
) -> None:
    before = replace(PLANNED, key=VISIT._replace(n=n))
    [visit] = person().appointments
    moved = replace(visit, history=History(moves=moves))

    result = difference(replace(person(), appointments=(moved,)), [], [before])

    assert lines(result) == [expected]


def test_a_move_withdraws_and_plans_anew_at_once() -> None:
    later = START + timedelta(days=1)
    new = replace(TELL, key=VISIT._replace(start_at=later))

    result = difference(person(later), [new], [PLANNED, kept_sent_step()])

    assert result.new == [new]
    assert result.set_aside == [SetAside(PLANNED, S.WITHDRAWN, Reason.MOVED, "north")]


def kept_sent_step() -> Reminder:
    sent = replace(kept(S.SENT), reminder_id=UUID(int=2))
    return replace(sent, key=VISIT._replace(step_id="day"))


def test_moved_back_a_withdrawn_reminder_revives_and_a_sent_one_stays_sent() -> None:
    day = replace(TELL, key=VISIT._replace(step_id="day"))
    withdrawn = kept(S.WITHDRAWN, Reason.MOVED)

    result = difference(person(), [TELL, day], [withdrawn, kept_sent_step()])

    assert result.told == [(withdrawn, TELL)]
    assert (result.new, result.set_aside, result.unchanged) == ([], [], 1)


def test_two_decisions_about_the_same_reminder_are_one() -> None:
    assert lines(difference(person(), [SKIP, TELL], [])) == ["new planned"]
