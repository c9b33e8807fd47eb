"""Nothing of a patient can be read in what the database keeps on disk."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlmodel import SQLModel

from reminder.model.appointments import Kind, Place
from reminder.model.people import (
    Channel,
    Consent,
    ConsentBy,
    ConsentKind,
    ContactPoint,
    Guardian,
    Patient,
    Preference,
)
from reminder.store.store import Store
from tests.store.examples import ADA, MAIN, NOW, booking, keep_plan, planned, reading

PLANTED = {
    "given": "Zanzibarina",
    "family": "Quetzalcoatl-Okafor",
    "birth date": "1901-02-03",
    "e-mail": "quill.q@canary.example.org",
    "number": "+15550177",
    "guardian's number": "+15550142",
    "place": "Canary Wharf Oncology",
    "address": "77 Canary Lane",
    "practitioner": "Dr. Quokka",
    "instructions": "nothing to eat before the colonoscopy",
    "service": "oncology follow-up",
    "zone": "Pacific/Kiritimati",
    "join link": "https://video.example.org/canary-room",
}

IN_CLEAR = "canary-appointment-id"


def patient() -> Patient:
    email = ContactPoint(Channel.EMAIL, PLANTED["e-mail"])
    sms = ContactPoint(Channel.SMS, PLANTED["number"])
    guardian = ContactPoint(Channel.SMS, PLANTED["guardian's number"])
    return replace(
        ADA,
        given=PLANTED["given"],
        family=PLANTED["family"],
        birth_date=PLANTED["birth date"],
        contact_points=(email, sms),
        zone=PLANTED["zone"],
        guardians=(Guardian("r1", (guardian,)),),
    )


def _agreed(to: ContactPoint) -> Consent:
    return Consent(
        patient=ADA.key,
        kind=ConsentKind.DETAILS,
        given=True,
        to=to,
        by=ConsentBy.PATIENT,
        how="page",
        text_version="details-1 en",
        at=NOW,
    )


async def live_through_everything(store: Store) -> None:
    """The patient is read, booked, planned for, changed, claimed for, opted out."""
    visit = replace(
        booking(IN_CLEAR),
        place=Place("l1", PLANTED["place"], PLANTED["address"]),
        practitioner=PLANTED["practitioner"],
        join_url=PLANTED["join link"],
        instructions=PLANTED["instructions"],
        kind=Kind(service_types=frozenset({PLANTED["service"]})),
    )
    await store.appointments.keep(MAIN, [reading(visit)], seen_at=NOW)
    await store.appointments.keep_patients(MAIN, [patient()], asked=["p1"], seen_at=NOW)
    await store.preferences.keep(ADA.key, Preference(lead=timedelta(days=2)), now=NOW)
    for number in patient().contact_points[1:]:
        await store.consents.record(_agreed(number))
    [person] = await store.appointments.people([ADA.key])
    told = replace(planned("week", IN_CLEAR), routes=patient().contact_points)
    await keep_plan(store, person, [told], now=NOW)
    [message] = await store.queue.claim_due(
        channels=[Channel.EMAIL],
        now=told.due_at,
        limit=10,
        lease=timedelta(minutes=1),
        node="n1",
    )
    assert message.to.value == PLANTED["e-mail"]
    await store.preferences.opt_out(message.to, "STOP", at=NOW)
    await store.appointments.keep_patients(
        MAIN, [replace(patient(), active=False)], asked=["p1"], seen_at=NOW
    )


def guises(text: str) -> Iterator[bytes]:
    """How `text` could lie in a file and still be read."""
    for variant in {text, text.lower(), text.upper()}:
        plain = variant.encode()
        yield plain
        yield variant.encode("utf-16-le")
        yield plain.hex().encode()
        for shift in range(3):
            # What stays the same wherever in a base64 text it begins.
            encoded = b64encode(b"\0" * shift + plain)
            yield encoded[-(-shift * 8 // 6) : (shift + len(plain)) * 8 // 6]
        for algorithm in ("md5", "sha1", "sha256"):
            digest = hashlib.new(algorithm, plain, usedforsecurity=False)
            yield digest.digest()
            yield digest.hexdigest().encode()


def found(kept: bytes) -> set[str]:
    return {
        name
        for name, text in PLANTED.items()
        if any(guise in kept for guise in guises(text))
    }


async def everything_kept(store: Store, url: str) -> bytes:
    if not store.database.is_postgres:
        # Before the store is closed: the WAL is still there.
        files = Path(url.removeprefix("sqlite:///")).parent.glob("reminder.db*")
        kept = {path.name: path.read_bytes() for path in files}
        assert len(kept["reminder.db-wal"]) > 0
        return b"".join(kept.values())
    tables = [table.name for table in SQLModel.metadata.sorted_tables]
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        return b"".join(_copied(cursor, table) for table in tables)


def _copied(cursor: psycopg.Cursor, table: str) -> bytes:
    with cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)") as copy:
        return b"".join(bytes(block) for block in copy)


async def test_what_is_on_disk_names_nobody(store: Store, database_url: str) -> None:
    await live_through_everything(store)

    kept = await everything_kept(store, database_url)

    assert IN_CLEAR.encode() in kept, "the search must be able to find something"
    assert found(kept) == set()


@pytest.mark.parametrize("name", list(PLANTED))
def test_the_search_would_find_each_of_them_in_any_guise(name: str) -> None:
    plain = PLANTED[name].encode()

    for leak in (plain, plain.hex().encode(), b64encode(b"to:" + plain + b"..")):
        assert found(b"\0\1" + leak + b"\2") == {name}
