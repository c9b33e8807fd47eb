"""How many messages other rules would send, and which would go otherwise."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from reminder.model.appointments import AppointmentKey
from reminder.model.clinics import Clinic, ClinicDirectory
from reminder.model.people import Channel, ContactPoint, PatientKey
from reminder.model.reasons import Reason
from reminder.model.reminders import (
    Decision,
    Person,
    Planned,
    Reminder,
    ReminderKey,
    ReminderState,
    Skipped,
)
from reminder.rules.plan_comparison import PlanComparison, PreviewReport, Sending

NOW = datetime(2027, 3, 1, 15, tzinfo=UTC)
START = NOW + timedelta(days=3)
HOUR = timedelta(hours=1)
EMAIL = ContactPoint(Channel.EMAIL, "ana@example.org")
SMS = ContactPoint(Channel.SMS, "+12125550101")
CLINICS = ClinicDirectory(
    (
        Clinic(
            clinic_id="elm",
            connection="main",
            name="Elm",
            short_name="Elm",
            zone=ZoneInfo("America/New_York"),
        ),
    )
)


def key(step_id: str = "day", visit: str = "a1", patient: str = "p1") -> ReminderKey:
    return ReminderKey(AppointmentKey("main", visit, patient), step_id, START)


def planned(of: ReminderKey | None = None, **changes: Any) -> Planned:
    """A reminder by e-mail in two days, together with what else goes that day."""
    values: dict[str, Any] = {
        "key": of or key(),
        "clinic_id": "elm",
        "template": "reminder",
        "language": "en",
        "routes": (EMAIL, SMS),
        "due_at": START - timedelta(days=1),
        "useful_until": START,
        "together": "day/0",
    }
    return Planned(**(values | changes))


def kept(planned: Planned, state: ReminderState) -> Reminder:
    return Reminder(reminder_id=uuid4(), key=planned.key, state=state)


def person(patient: str = "p1", *reminders: Reminder) -> Person:
    return Person(key=PatientKey("main", patient), patient=None, kept=reminders)


def compared(
    before: list[Decision], after: list[Decision], *reminders: Reminder
) -> PreviewReport:
    comparison = PlanComparison(CLINICS, NOW)
    comparison.add(person("p1", *reminders), before, after)
    return comparison.report()


def change(report: PreviewReport) -> tuple[int, int, int]:
    return report.added, report.removed, report.moved


LATER = START - HOUR


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        pytest.param([], [planned()], (1, 0, 0), id="one-more"),
        pytest.param([planned()], [], (0, 1, 0), id="one-less"),
        pytest.param([planned()], [planned()], (0, 0, 0), id="the-same"),
        pytest.param(
            [planned()], [planned(due_at=LATER)], (0, 0, 1), id="at-another-time"
        ),
        pytest.param(
            [planned()],
            [planned(due_at=LATER, together="later/0")],
            (0, 0, 1),
            id="on-another-day",
        ),
        pytest.param(
            [planned()], [planned(routes=(SMS,))], (0, 0, 1), id="by-another-channel"
        ),
        pytest.param(
            [planned()], [planned(template="short")], (0, 0, 1), id="in-other-words"
        ),
        pytest.param(
            [planned()],
            [planned(useful_until=LATER)],
            (0, 0, 0),
            id="of-use-for-less-long",
        ),
        pytest.param(
            [planned()], [Skipped(key(), Reason.OVER_CAP)], (0, 1, 0), id="held-back"
        ),
        pytest.param(
            [planned()],
            [planned(), planned(key(visit="a2"))],
            (0, 0, 0),
            id="one-more-visit-in-the-same-message",
        ),
        pytest.param(
            [planned(), planned(key(visit="a2"))],
            [planned(key(visit="a2"))],
            (0, 0, 0),
            id="one-visit-less-in-the-same-message",
        ),
        pytest.param(
            [planned(), planned(key(visit="a2"))],
            [planned(), planned(key(visit="a2"), template="short")],
            (1, 0, 0),
            id="one-message-becomes-two",
        ),
        pytest.param(
            [planned(), planned(key(visit="a2"), template="short")],
            [planned(), planned(key(visit="a2"))],
            (0, 1, 0),
            id="two-messages-become-one",
        ),
        pytest.param(
            [planned(key("a")), planned(key("b"), template="b")],
            [planned(key("b")), planned(key("a"), template="b")],
            (0, 0, 2),
            id="two-that-change-places",
        ),
        pytest.param(
            [planned(key("a")), planned(key("b"), due_at=LATER, together="day/1")],
            [planned(key("b"), due_at=LATER)],
            (0, 1, 0),
            id="one-less-and-the-next-takes-its-place",
        ),
        pytest.param(
            [planned(key("a"))], [planned(key("b"))], (0, 0, 0), id="by-another-step"
        ),
        pytest.param(
            [planned(together="")],
            [planned(together=""), planned(key("b"), together="", due_at=LATER)],
            (1, 0, 0),
            id="what-is-not-to-go-together-counts-for-itself",
        ),
    ],
)
def test_messages_are_counted_not_reminders(
    before: list[Decision], after: list[Decision], changed: tuple[int, int, int]
) -> None:
    report = compared(before, after)

    assert change(report) == changed
    assert report.total - report.total_before == report.added - report.removed


@pytest.mark.parametrize("state", ["sent", "answered", "failed", "expired"])
def test_what_is_over_is_counted_on_neither_side(state: str) -> None:
    report = compared(
        [planned()], [planned(due_at=LATER)], kept(planned(), ReminderState(state))
    )

    assert (report.total, report.total_before, report.affected) == (0, 0, ())


def test_what_is_being_sent_is_still_counted() -> None:
    report = compared([planned()], [], kept(planned(), ReminderState.IN_MESSAGE))

    assert change(report) == (0, 1, 0)


def test_one_message_to_a_household_is_counted_once() -> None:
    comparison = PlanComparison(CLINICS, NOW)
    for patient in ("p1", "p2"):
        comparison.add(person(patient), [], [planned(key(patient=patient))])

    report = comparison.report()

    assert (report.total, report.added, report.people) == (1, 1, 2)
    assert report.appointments == report.affected_total == 2


def test_counts_are_by_the_clinics_day_the_channel_and_the_template() -> None:
    night = datetime(2027, 3, 3, 4, 30, tzinfo=UTC)
    report = compared(
        [],
        [
            planned(),
            planned(key("a"), due_at=night, together="night"),
            planned(key("b"), routes=(SMS, EMAIL)),
            planned(key("c"), template="booked"),
        ],
    )

    assert report.by_day == {date(2027, 3, 2): 1, date(2027, 3, 3): 3}
    assert report.by_channel == {Channel.EMAIL: 3, Channel.SMS: 1}
    assert report.by_template == {"booked": 1, "reminder": 3}
    assert list(report.by_day) == sorted(report.by_day)
    assert sum(report.by_day.values()) == report.total == 4


@pytest.mark.parametrize(
    ("due_at", "soon"),
    [
        pytest.param(NOW + HOUR, 1, id="in-an-hour"),
        pytest.param(NOW - HOUR, 1, id="due-already"),
        pytest.param(NOW + HOUR + timedelta(seconds=1), 0, id="later-than-that"),
    ],
)
def test_of_what_changes_it_says_how_much_would_go_within_the_hour(
    due_at: datetime, soon: int
) -> None:
    as_now = planned(key("same"), due_at=NOW, template="same")

    assert compared([as_now], [as_now, planned(due_at=due_at)]).soon == soon
    assert compared([planned()], [planned(due_at=due_at)]).soon == soon


def test_affected_reminders_are_named_with_before_and_after_and_the_reason() -> None:
    report = compared(
        [
            planned(key("cap")),
            planned(key("gone"), routes=(SMS,)),
            planned(key("same")),
        ],
        [
            Skipped(key("cap"), Reason.OVER_CAP),
            planned(key("new"), due_at=LATER),
            planned(key("same")),
        ],
    )

    was = Sending(START - timedelta(days=1), Channel.EMAIL, "reminder")
    assert [
        (one.step_id, one.before, one.after, one.reason) for one in report.affected
    ] == [
        ("cap", was, None, Reason.OVER_CAP),
        ("gone", was._replace(channel=Channel.SMS), None, Reason.NO_LONGER_A_STEP),
        ("new", None, was._replace(due_at=LATER), None),
    ]
    assert (report.affected_total, report.appointments) == (3, 1)
    assert report.affected[0].appointment == key().appointment


@pytest.mark.parametrize("limit", [0, 1, 7])
def test_no_more_are_named_than_asked_for_and_those_are_the_first_to_go(
    limit: int,
) -> None:
    comparison = PlanComparison(CLINICS, NOW, limit)
    days = [(17 * number) % 101 for number in range(101)]
    for number in days:
        one = key(patient=f"p{number}")
        due_at = NOW + timedelta(hours=number)
        comparison.add(person(f"p{number}"), [], [planned(one, due_at=due_at)])

    report = comparison.report()

    assert [one.first_at for one in report.affected] == [
        NOW + timedelta(hours=number) for number in range(limit)
    ]
    assert report.affected_total == 101


def test_who_cannot_be_planned_for_is_counted_apart() -> None:
    comparison = PlanComparison(CLINICS, NOW)

    comparison.add_failed()

    assert (comparison.report().failed, comparison.report().people) == (1, 0)
