"""What a person did, agreed to and was told of late, as the planner sees it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from reminder.model.answers import AnswerKind, AnswerState, WriteBackKind
from reminder.model.appointments import AppointmentKey
from reminder.model.people import (
    Channel,
    Consent,
    ConsentBy,
    ConsentKind,
    ContactPoint,
    PatientKey,
)
from reminder.model.reminders import Person, Told
from reminder.store.answers import AnswerStore
from reminder.store.appointments import AppointmentStore
from reminder.store.consents import ConsentStore
from reminder.store.database import Database
from reminder.store.exclusions import ExclusionStore
from reminder.store.keyring import KeyRing
from reminder.store.queue import MessageQueue
from reminder.store.store import Store
from tests.store import examples
from tests.store.given import (
    ANA,
    ANAS_PHONE,
    MINUTE,
    NOON,
    START,
    VISIT,
    answer,
    given,
    planned,
    send,
)

ADA = examples.ADA
BEA = replace(ADA, key=PatientKey("main", "p2"), contact_points=(examples.SMS,))
HOUR = timedelta(hours=1)


@pytest.fixture
async def appointments(store: Store) -> AppointmentStore:
    """Ada and Bea, sisters with a guardian in common, are known."""
    await store.appointments.keep_patients(
        "main", [ADA, BEA], asked=["p1", "p2"], seen_at=NOON
    )
    return store.appointments


async def people(
    store: AppointmentStore, told_since: datetime | None = None
) -> Mapping[str, Person]:
    found = await store.people([ADA.key, BEA.key], told_since=told_since)
    return {one.key.patient_id: one for one in found}


async def test_their_answers_come_the_newest_first(
    appointments: AppointmentStore, database: Database, ring: KeyRing
) -> None:
    answers = AnswerStore(database, ring)
    asked = [
        answer(at=NOON + MINUTE),
        answer(AnswerKind.CANCEL, at=NOON + HOUR, before_start_at=START),
        answer(at=NOON, appointment=AppointmentKey("main", "a7", "p1")),
    ]
    for one in asked:
        await answers.record(
            one, write_back=WriteBackKind.CONFIRM, now=NOON, first_try_at=NOON
        )
    await answers.settle(asked[0].answer_id, AnswerState.LOST, now=NOON)

    found = await people(appointments)

    lost = replace(asked[0], state=AnswerState.LOST)
    assert found["p1"].answers == (asked[1], lost, asked[2])
    assert found["p2"].answers == ()


async def test_only_the_last_word_on_an_address_is_a_consent_in_force(
    appointments: AppointmentStore, database: Database, ring: KeyRing
) -> None:
    consents = ConsentStore(database, ring)
    yes = consent(ANA)
    for one in (yes, consent(ANAS_PHONE), consent(ANAS_PHONE, MINUTE, given=False)):
        await consents.record(one)

    found = await people(appointments)

    assert found["p1"].consents == (yes,)
    assert found["p2"].consents == ()


async def test_what_staff_took_out_is_known_of_its_patient(
    appointments: AppointmentStore, database: Database
) -> None:
    await ExclusionStore(database).exclude(VISIT, NOON)

    found = await people(appointments)

    assert found["p1"].excluded == {VISIT}
    assert found["p2"].excluded == frozenset()


async def test_a_message_to_an_address_told_everybody_it_belongs_to(
    appointments: AppointmentStore, database: Database, ring: KeyRing
) -> None:
    """Two reminders in one message are one message, and Ada's guardian is Bea's."""
    to_ada = await told(database, ring, examples.EMAIL, NOON, "day", "week")
    to_both = await told(database, ring, examples.GUARDIAN_SMS, NOON + HOUR, "hour")
    too_long_ago = NOON - MINUTE

    found = await people(appointments, told_since=too_long_ago)

    own = Told(NOON, Channel.EMAIL, to_ada)
    shared = Told(NOON + HOUR, Channel.SMS, to_both)
    assert found["p1"].told == (own, shared)
    assert found["p2"].told == (shared,)


async def test_what_they_were_told_is_read_only_of_late_and_when_asked_for(
    appointments: AppointmentStore, database: Database, ring: KeyRing
) -> None:
    await told(database, ring, examples.EMAIL, NOON, "day")

    of_late = await people(appointments, told_since=NOON)
    not_asked_for = await people(appointments)

    assert of_late["p1"].told == ()
    assert not_asked_for["p1"].told == ()


async def told(
    database: Database, ring: KeyRing, to: ContactPoint, at: datetime, *steps: str
) -> UUID:
    """One message with a reminder for each of these steps was accepted."""
    some = [planned(step_id=step, routes=(to,), due_at=at) for step in steps]
    await given(database, ring, *some)
    [message] = await send(MessageQueue(database, ring), now=at)
    return message.message_id


def consent(
    to: ContactPoint, later: timedelta = timedelta(), *, given: bool = True
) -> Consent:
    return Consent(
        patient=ADA.key,
        kind=ConsentKind.DETAILS,
        given=given,
        to=to,
        by=ConsentBy.PATIENT,
        how="page",
        text_version="1",
        at=NOON + later,
    )


async def test_those_with_something_ahead_are_paged_through_in_order(
    store: Store,
) -> None:
    ids = [("a1", "p3"), ("a2", "p3"), ("a3", "p1"), ("a4", "p2"), ("a5", "p9")]
    some = [examples.booking(*one) for one in ids]
    past = examples.booking("a6", "p0", start_at=NOON - HOUR)
    for connection in ("main", "annex"):
        moved = [
            replace(one, key=one.key._replace(connection=connection))
            for one in (*some, past)
        ]
        await store.appointments.keep(
            connection, [examples.reading(one) for one in moved], seen_at=NOON
        )
    await store.appointments.mark_gone("main", ["a5"], at=NOON)

    found, after = list[PatientKey](), None
    while page := await store.appointments.upcoming(after, NOON, 2):
        assert len(page) <= 2
        found, after = found + page, page[-1]

    annex = [PatientKey("annex", one) for one in ("p1", "p2", "p3", "p9")]
    main = [PatientKey("main", one) for one in ("p1", "p2", "p3")]
    assert found == annex + main
    assert await store.appointments.count_upcoming(NOON) == len(found)
