"""Records the EHR merged are one person: a stop under any of them holds for all."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from reminder.model.people import (
    Channel,
    Consent,
    ConsentBy,
    ConsentKind,
    Patient,
    PatientKey,
    Preference,
)
from reminder.store.merging import joined, merged_with
from reminder.store.store import Store
from tests.store.examples import ADA, MAIN, NOW, SMS, booking, reading, statements
from tests.store.test_appointments import due, keep, settle

LATER, LATEST = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
NOTHING = Preference(nothing=True)


def record(name: str, survivor: str | None = None) -> Patient:
    """A record of Ada; with a survivor it has the survivor's words."""
    return replace(ADA, key=PatientKey(MAIN, name), survivor_id=survivor)


async def given(store: Store, *records: Patient, at: object = NOW) -> None:
    await store.appointments.keep_patients(
        MAIN,
        records,
        asked=[one.key.patient_id for one in records],
        seen_at=at,  # type: ignore[arg-type]
    )


async def say(store: Store, name: str, preference: Preference) -> None:
    await store.preferences.keep(PatientKey(MAIN, name), preference, now=NOW)


async def heard(store: Store, *names: str) -> dict[str, Preference]:
    """How each is to be told, as the planner and as the pages read it."""
    keys = [PatientKey(MAIN, name) for name in names]
    people = await store.appointments.people(keys)
    planned = {one.key.patient_id: one.preference for one in people}
    shown = {key.patient_id: await store.preferences.preference(key) for key in keys}
    assert planned == shown
    return planned


async def test_the_survivor_is_kept_and_a_new_one_is_planned_for(store: Store) -> None:
    await given(store, record("old"))
    await settle(store)

    await given(store, record("old", "new"), at=LATER)

    [person] = await store.appointments.people([PatientKey(MAIN, "old")])
    assert person.patient == record("old", "new")
    assert await due(store) == {"old"}


@pytest.mark.parametrize("said_by", ["old", "older", "new"])
async def test_a_stop_under_one_record_holds_for_all(
    store: Store, said_by: str
) -> None:
    await given(store, record("old", "new"), record("older", "new"), record("new"))
    await given(store, record("stranger"))
    await say(store, said_by, NOTHING)

    stops = await heard(store, "old", "older", "new", "stranger")

    assert {name: one.nothing for name, one in stops.items()} == {
        "old": True,
        "older": True,
        "new": True,
        "stranger": False,
    }


async def test_a_stop_holds_where_the_survivor_was_read_later(store: Store) -> None:
    """The record it replaced may never be read again: it has no visit any more."""
    await given(store, record("old"))
    await say(store, "old", NOTHING)
    await given(store, replace(record("old", "new"), active=False), at=LATER)
    await given(store, record("new"), at=LATEST)

    stops = await heard(store, "old", "new")

    assert all(one.nothing for one in stops.values())


async def test_stops_add_up_and_the_first_wish_counts(store: Store) -> None:
    await given(store, record("old", "new"), record("new"))
    await given(store, record("apart"))
    clinic = Preference(Channel.SMS, stopped_clinics=frozenset({"elm"}))
    calls = Preference(Channel.EMAIL, "es", stopped_channels=frozenset({Channel.VOICE}))
    await say(store, "apart", clinic)
    await say(store, "new", calls)

    await given(store, record("apart", "new"), at=LATER)

    both = await heard(store, "old", "new", "apart")
    assert both["old"] == replace(calls, stopped_clinics=frozenset({"elm"}))
    assert both["new"] == both["old"]
    assert both["apart"] == replace(both["old"], channel=Channel.SMS)


async def test_what_is_lifted_under_one_record_is_lifted_for_all(
    store: Store,
) -> None:
    await given(store, record("old", "new"), record("new"))
    await say(store, "old", replace(NOTHING, channel=Channel.SMS))

    await say(store, "new", Preference(Channel.EMAIL))

    assert await heard(store, "old", "new") == {
        "old": Preference(Channel.SMS),
        "new": Preference(Channel.EMAIL),
    }


async def test_a_stop_plans_all_records_of_the_person_again(store: Store) -> None:
    await given(store, record("old", "new"), record("older", "new"), record("new"))
    await given(store, record("stranger"))
    await settle(store)

    await say(store, "old", NOTHING)
    after_old = await due(store)
    await settle(store)
    await say(store, "new", NOTHING)

    assert after_old == await due(store) == {"old", "older", "new"}


@pytest.mark.parametrize(
    ("before", "after", "planned"),
    [
        pytest.param(None, "new", {"old", "new", "older"}, id="merged"),
        pytest.param("new", None, {"old", "new", "older"}, id="parted"),
        pytest.param("other", "new", {"old", "other", "new", "older"}, id="elsewhere"),
        pytest.param("new", "new", set(), id="as-before"),
    ],
)
async def test_a_merge_plans_everybody_it_concerns(
    store: Store, before: str | None, after: str | None, planned: set[str]
) -> None:
    others = [record("older", "new"), record("new"), record("other"), record("far")]
    await given(store, record("old", before), *others)
    await settle(store)

    await given(store, record("old", after), at=LATER)

    assert await due(store) == planned


async def test_a_merge_of_a_merge_is_one_person(store: Store) -> None:
    await given(store, record("a", "b"), record("b", "c"), record("c"))
    await say(store, "c", NOTHING)

    stops = await heard(store, "a", "b", "c")

    assert [one.nothing for one in stops.values()] == [True, True, True]


async def test_records_that_name_each_other_are_one_person(store: Store) -> None:
    await given(store, record("a", "b"), record("b", "a"))
    await say(store, "a", NOTHING)

    assert (await heard(store, "b"))["b"].nothing is True


async def test_a_survivor_nobody_has_met_speaks_for_the_replaced(store: Store) -> None:
    await say(store, "new", NOTHING)

    await given(store, record("old", "new"))

    assert (await heard(store, "old"))["old"].nothing is True


async def test_a_replaced_record_that_was_deleted_keeps_its_word(store: Store) -> None:
    await given(store, record("old", "new"), record("new"))
    await say(store, "old", NOTHING)

    await store.appointments.keep_patients(MAIN, [], asked=["old"], seen_at=LATER)

    assert (await heard(store, "new"))["new"].nothing is True


async def test_the_same_id_of_another_connection_is_another_person(
    store: Store,
) -> None:
    elsewhere = PatientKey("other", "new")
    await given(store, record("old", "new"), record("new"))
    await store.appointments.keep_patients(
        "other", [replace(ADA, key=elsewhere)], asked=["new"], seen_at=NOW
    )
    await say(store, "old", NOTHING)

    assert await store.preferences.preference(elsewhere) == Preference()


def consent(name: str, *, given: bool, at: object) -> Consent:
    return Consent(
        patient=PatientKey(MAIN, name),
        kind=ConsentKind.DETAILS,
        given=given,
        to=SMS,
        by=ConsentBy.PATIENT,
        how="page",
        text_version="details-1",
        at=at,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("said", "agreed"),
    [
        pytest.param(
            [("old", True), ("new", False)], False, id="taken-back-as-the-new"
        ),
        pytest.param(
            [("new", True), ("old", False)], False, id="taken-back-as-the-old"
        ),
        pytest.param([("old", True)], True, id="agreed-as-the-old"),
        pytest.param([("old", False), ("new", True)], True, id="agreed-at-last"),
    ],
)
async def test_of_an_address_the_last_word_of_the_person_counts(
    store: Store, said: list[tuple[str, bool]], agreed: bool
) -> None:
    await given(store, record("old", "new"), record("new"))
    await settle(store)
    for (name, yes), at in zip(said, (LATER, LATEST), strict=False):
        await store.consents.record(consent(name, given=yes, at=at))

    keys = [PatientKey(MAIN, name) for name in ("old", "new")]
    people = [one for key in keys for one in await store.appointments.people([key])]

    assert [bool(one.consents) for one in people] == [agreed, agreed]
    assert all(word.patient == one.key for one in people for word in one.consents)
    assert await due(store) == {"old", "new"}


async def test_many_merged_people_take_hardly_more_statements(store: Store) -> None:
    records = [record(f"old{n}", f"new{n}") for n in range(150)]
    records += [record(f"new{n}") for n in range(150)]
    await given(store, *records)
    await keep(store, *(reading(booking(f"a{n}", f"old{n}")) for n in range(150)))
    await say(store, "new7", NOTHING)

    with statements() as seen:
        people = await store.appointments.people([one.key for one in records[:150]])

    assert [one.key.patient_id for one in people if one.preference.nothing] == ["old7"]
    assert len(seen) == 10


async def test_merges_and_words_at_the_same_moment_do_not_block_each_other(
    store: Store,
) -> None:
    names = [f"old{n}" for n in range(6)]
    await given(store, record("new"), *(record(name) for name in names))

    async def merge(name: str) -> None:
        await given(store, record(name, "new"), at=LATER)

    async with asyncio.timeout(20):
        await asyncio.gather(
            *(merge(name) for name in names),
            *(say(store, name, NOTHING) for name in [*names, "new"]),
        )

    assert all((await heard(store, *names, "new")).values())
    async with store.database.read() as session:
        merged = await merged_with(session, MAIN, names)
    assert all(len(group) == 7 for group in merged.values())


def test_nothing_said_is_as_the_clinic_plans_it() -> None:
    assert joined([]) == joined([Preference()]) == Preference()


async def test_who_was_never_merged_is_not_named(store: Store) -> None:
    await given(store, record("a"), record("b", "c"))

    async with store.database.read() as session:
        assert await merged_with(session, MAIN, ["a", "nobody"]) == {}
        assert await merged_with(session, MAIN, ["a", "b"]) == {"b": ("b", "c")}
