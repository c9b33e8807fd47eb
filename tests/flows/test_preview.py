"""What other rules would send to everyone with a visit ahead; nothing is kept."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from reminder.flows.preview import CalendarEntry, Preview
from reminder.model.clinics import ClinicDirectory
from reminder.model.offsets import HoursAfter, HoursBefore
from reminder.model.people import Channel, PatientKey, Preference
from reminder.model.readings import Reading
from reminder.model.reminders import Person, ReminderState
from reminder.model.rulesets import Caps, Rule, Ruleset, Step
from reminder.rules.plan import plan
from reminder.rules.plan_comparison import PreviewReport
from reminder.store.keyring import KeyRing
from reminder.store.store import Store, open_store
from tests.fakes import FakeClock
from tests.flows.world import ELM, EMAIL, MAIN, NOW, TOMORROW, patient, visit

HOUR = timedelta(hours=1)
NOON = TOMORROW + 2 * HOUR
"""Noon in New York tomorrow: whatever is told a few hours before is told by day."""


def clinics(*steps: Step) -> ClinicDirectory:
    """Elm Street with these steps for every visit, and no limit of messages."""
    rules = (Rule("visits", steps),)
    ruleset = Ruleset(rules=rules, caps=Caps(a_day=None, a_week=None))
    return ClinicDirectory((replace(ELM, ruleset=ruleset),))


def before(hours: int, step_id: str = "day", *channels: Channel) -> Step:
    return Step(step_id, HoursBefore(hours), channels or (Channel.EMAIL,))


TWO_HOURS = clinics(before(2))
NOTHING = clinics()


@pytest.fixture
async def store(sqlite_url: str, ring: KeyRing) -> AsyncIterator[Store]:
    """The store's own part is tried on both kinds elsewhere."""
    opened = await open_store(sqlite_url, ring)
    yield opened
    await opened.aclose()


@pytest.fixture
def preview(store: Store) -> Preview:
    return Preview(store.appointments, FakeClock(NOW))


async def booked(
    store: Store, *patient_ids: str, start_at: datetime = NOON, visit_id: str = "a"
) -> None:
    """Each of them has a visit, and an e-mail address of their own."""
    bookings = [
        visit(f"{visit_id}-{one}", one, start_at=start_at) for one in patient_ids
    ]
    await store.appointments.keep(
        MAIN,
        [Reading(one.key.appointment_id, "f", (one,)) for one in bookings],
        seen_at=NOW - HOUR,
    )
    people = [
        patient(one, contact_points=(replace(EMAIL, value=f"{one}@example.org"),))
        for one in patient_ids
    ]
    await store.appointments.keep_patients(
        MAIN, people, asked=list(patient_ids), seen_at=NOW - HOUR
    )


async def planned(store: Store, directory: ClinicDirectory, patient_id: str) -> Person:
    """Their plan is made by these rules and kept."""
    [person] = await store.appointments.people([PatientKey(MAIN, patient_id)])
    decisions = plan(person, directory, NOW)
    await store.reminders.keep_plans([(person, decisions)], now=NOW)
    [person] = await store.appointments.people([PatientKey(MAIN, patient_id)])
    return person


def change(report: PreviewReport) -> tuple[int, int, int]:
    return report.added, report.removed, report.moved


async def test_where_nobody_has_a_visit_nothing_is_sent(preview: Preview) -> None:
    report = await preview.compare(NOTHING, TWO_HOURS)

    assert report == PreviewReport(by_day={}, by_channel={}, by_template={})


async def test_everyone_with_a_visit_ahead_is_looked_at_once(
    store: Store,
) -> None:
    preview = Preview(store.appointments, FakeClock(NOW), page=2)
    await booked(store, "p1", "p2", "p3", "p4", "p5")
    await booked(store, "p3", visit_id="b", start_at=NOON + 24 * HOUR)
    await booked(store, "p6", visit_id="past", start_at=NOW - HOUR)
    seen: list[tuple[int, int]] = []

    report = await preview.compare(
        NOTHING, TWO_HOURS, progress=lambda done, total: seen.append((done, total))
    )

    assert (report.people, report.total, change(report)) == (5, 6, (6, 0, 0))
    assert seen == [(2, 5), (4, 5), (5, 5)]


async def test_it_says_what_is_otherwise_for_whom(
    store: Store, preview: Preview
) -> None:
    await booked(store, "p1")
    same, moved = before(2, "near"), before(20)

    report = await preview.compare(
        clinics(before(22), before(3, "gone"), same), clinics(moved, same)
    )

    assert (report.total_before, report.total, change(report)) == (3, 2, (0, 1, 1))
    assert [
        (
            one.appointment.appointment_id,
            one.step_id,
            one.before and one.before.due_at,
            one.after and one.after.due_at,
        )
        for one in report.affected
    ] == [
        ("a-p1", "day", NOON - 22 * HOUR, NOON - 20 * HOUR),
        ("a-p1", "gone", NOON - 3 * HOUR, None),
    ]
    assert report.appointments == 1


async def test_a_preview_keeps_no_plan_and_sends_nothing(
    store: Store, preview: Preview
) -> None:
    await booked(store, "p1")
    person = await planned(store, TWO_HOURS, "p1")

    await preview.compare(TWO_HOURS, clinics(before(3), before(4, "more")))

    assert await store.appointments.people([person.key]) == [person]
    assert await store.queue.counts() == {}


async def test_the_same_rules_again_change_nothing(
    store: Store, preview: Preview
) -> None:
    await booked(store, "p1", "p2")
    await planned(store, TWO_HOURS, "p1")

    report = await preview.compare(TWO_HOURS, clinics(before(2)))

    assert (change(report), report.affected, report.total) == ((0, 0, 0), (), 2)


async def test_what_is_told_after_a_visit_counts_for_visits_just_over(
    store: Store, preview: Preview
) -> None:
    await booked(store, "p1", visit_id="past", start_at=NOW - HOUR)
    thanks = Step("thanks", HoursAfter(30), (Channel.EMAIL,), "thanks")

    report = await preview.compare(NOTHING, clinics(thanks))

    assert report.people == 1


async def test_what_patients_asked_for_holds_in_a_preview_too(
    store: Store, preview: Preview
) -> None:
    await booked(store, "p1", "p2")
    key = PatientKey(MAIN, "p1")
    await store.preferences.keep(key, Preference(nothing=True), now=NOW)

    report = await preview.compare(NOTHING, TWO_HOURS)

    assert (report.added, report.people) == (1, 2)


async def test_only_as_many_are_named_as_were_asked_for(
    store: Store, preview: Preview
) -> None:
    await booked(store, "p1", "p2", "p3")

    report = await preview.compare(NOTHING, TWO_HOURS, limit=2)

    assert (len(report.affected), report.affected_total) == (2, 3)


@dataclass
class OddPeople:
    """Two people; nobody can plan for the first of them."""

    person: Person
    asked: list[datetime | None] = field(default_factory=list)

    async def count_upcoming(self, since: datetime) -> int:
        return 2

    async def upcoming(
        self, after: PatientKey | None, since: datetime, limit: int
    ) -> list[PatientKey]:
        return [] if after else [PatientKey(MAIN, "odd"), self.person.key]

    async def people(
        self, keys: Sequence[PatientKey], *, told_since: datetime | None = None
    ) -> list[Person]:
        self.asked.append(told_since)
        nothing_at_all: tuple[None, ...] = (None,)
        odd = replace(self.person, appointments=nothing_at_all)  # type: ignore[arg-type]
        return [odd, self.person]


async def test_one_impossible_person_stops_no_preview(store: Store) -> None:
    await booked(store, "p1")
    [person] = await store.appointments.people([PatientKey(MAIN, "p1")])
    people = OddPeople(person)

    report = await Preview(people, FakeClock(NOW)).compare(NOTHING, TWO_HOURS)

    assert (report.failed, report.people, report.added) == (1, 1, 1)
    assert people.asked == [NOW - timedelta(days=9)], "caps look a week back"


async def calendar(preview: Preview, directory: ClinicDirectory) -> list[CalendarEntry]:
    entries = await preview.calendar(PatientKey(MAIN, "p1"), directory)
    assert entries is not None
    return entries


async def test_a_calendar_tells_every_step_of_every_visit_in_order(
    store: Store, preview: Preview
) -> None:
    await booked(store, "p1", visit_id="b", start_at=NOON + 24 * HOUR)
    await booked(store, "p1")

    entries = await calendar(preview, clinics(before(400, "early"), before(2)))

    assert [
        (one.appointment.appointment_id, one.step_id, one.state, one.due_at)
        for one in entries
    ] == [
        ("a-p1", "day", ReminderState.PLANNED, NOON - 2 * HOUR),
        ("a-p1", "early", ReminderState.SKIPPED, None),
        ("b-p1", "day", ReminderState.PLANNED, NOON + 22 * HOUR),
        ("b-p1", "early", ReminderState.SKIPPED, None),
    ]
    assert entries[0].sentence.startswith("E-mail on Wed 3 Mar 2027 at 10:00 AM EST")
    assert entries[1].sentence.startswith("Not sent: the moment for this step")
    assert not any("Okafor" in one.sentence for one in entries)


async def test_a_calendar_tells_what_was_sent_as_it_was(
    store: Store, preview: Preview
) -> None:
    await booked(store, "p1")
    await planned(store, TWO_HOURS, "p1")
    await store.queue.claim_due(
        channels=(Channel.EMAIL,), now=NOON - HOUR, limit=9, lease=HOUR, node="one"
    )

    [entry] = await calendar(preview, clinics(before(1)))

    assert (entry.state, entry.due_at) == (ReminderState.IN_MESSAGE, NOON - 2 * HOUR)


async def test_who_is_not_known_has_no_calendar(preview: Preview) -> None:
    assert await preview.calendar(PatientKey(MAIN, "p1"), TWO_HOURS) is None
