"""Preferences and opt-outs: remembered, and the plan follows."""

from datetime import timedelta

import pytest

from reminder.model.people import Channel, ContactPoint, PatientKey, Preference
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.preferences import PreferenceStore, blocked
from tests.store.given import ANA, ANAS_PHONE, NOON, given_person, revisions

PATIENT = PatientKey("main", "p1")
SIBLING = PatientKey("main", "p2")


@pytest.fixture
def preferences(database: Database, ring: KeyRing) -> PreferenceStore:
    return PreferenceStore(database, ring)


async def stopped(database: Database, ring: KeyRing) -> set[ContactPoint]:
    calls = ContactPoint(Channel.VOICE, ANAS_PHONE.value)
    async with database.read() as session:
        return await blocked(session, ring, [ANA, ANAS_PHONE, calls])


async def test_who_never_said_has_no_preference(preferences: PreferenceStore) -> None:
    assert await preferences.preference(PATIENT) == Preference()


@pytest.mark.parametrize(
    "preference",
    [
        pytest.param(
            Preference(Channel.SMS, "es", timedelta(days=2)), id="channel-and-words"
        ),
        pytest.param(Preference(nothing=True), id="nothing-at-all"),
        pytest.param(
            Preference(stopped_clinics=frozenset({"elm", "oak"})), id="two-clinics"
        ),
        pytest.param(
            Preference(stopped_channels=frozenset({Channel.SMS, Channel.VOICE})),
            id="two-channels",
        ),
        pytest.param(Preference(), id="as-the-clinic-plans-it"),
    ],
)
async def test_the_last_thing_said_is_kept_and_planned_for(
    preferences: PreferenceStore,
    database: Database,
    ring: KeyRing,
    preference: Preference,
) -> None:
    await given_person(database, ring, PATIENT, ANA)
    await given_person(database, ring, SIBLING, ANA)
    before = Preference(
        Channel.EMAIL,
        stopped_clinics=frozenset({"ash"}),
        stopped_channels=frozenset({Channel.EMAIL}),
    )
    await preferences.keep(PATIENT, before, now=NOON)

    await preferences.keep(PATIENT, preference, now=NOON)

    assert await preferences.preference(PATIENT) == preference
    assert await preferences.preference(SIBLING) == Preference()
    assert await revisions(database) == {"p1": 3, "p2": 1}


async def test_an_address_that_says_stop_is_stopped_for_all_who_share_it(
    preferences: PreferenceStore, database: Database, ring: KeyRing
) -> None:
    await given_person(database, ring, PATIENT, ANA, ANAS_PHONE)
    await given_person(database, ring, SIBLING, ANAS_PHONE)
    await given_person(database, ring, PatientKey("main", "p3"), ANA)

    await preferences.opt_out(ANAS_PHONE, "STOP", at=NOON)

    assert await stopped(database, ring) == {ANAS_PHONE}
    assert await revisions(database) == {"p1": 2, "p2": 2, "p3": 1}


async def test_stop_said_twice_is_said_once(
    preferences: PreferenceStore, database: Database, ring: KeyRing
) -> None:
    await preferences.opt_out(ANAS_PHONE, "STOP", at=NOON)

    await preferences.opt_out(ANAS_PHONE, "21610", at=NOON)

    assert await stopped(database, ring) == {ANAS_PHONE}


async def test_an_address_may_come_back(
    preferences: PreferenceStore, database: Database, ring: KeyRing
) -> None:
    await given_person(database, ring, PATIENT, ANAS_PHONE)
    await preferences.opt_out(ANAS_PHONE, "STOP", at=NOON)

    await preferences.opt_in(ANAS_PHONE)

    assert await stopped(database, ring) == set()
    assert await revisions(database) == {"p1": 3}
