"""Consents: every word is kept, the last one counts, and the plan follows."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from reminder.model.people import (
    Consent,
    ConsentBy,
    ConsentKind,
    PatientKey,
)
from reminder.store.consents import ConsentStore, in_force
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.statements import table
from reminder.store.tables import ConsentRow
from tests.store.given import ANA, ANAS_PHONE, NOON, given_person, revisions

PATIENT = PatientKey("main", "p1")
SIBLING = PatientKey("main", "p2")
HOUR = timedelta(hours=1)


def consent(**changes: Any) -> Consent:
    """Ana agrees to details at her phone, at noon on the page."""
    values: dict[str, Any] = {
        "patient": PATIENT,
        "kind": ConsentKind.DETAILS,
        "given": True,
        "to": ANAS_PHONE,
        "by": ConsentBy.PATIENT,
        "how": "page",
        "text_version": "details-1",
        "at": NOON,
    }
    return Consent(**(values | changes))


@pytest.fixture
async def consents(database: Database, ring: KeyRing) -> ConsentStore:
    await given_person(database, ring, PATIENT, ANA, ANAS_PHONE)
    await given_person(database, ring, SIBLING, ANAS_PHONE)
    return ConsentStore(database, ring)


async def test_a_consent_is_kept_with_all_its_circumstances(
    consents: ConsentStore,
) -> None:
    by_phone = consent(
        kind=ConsentKind.OWN_ADDRESS,
        to=ANA,
        by=ConsentBy.STAFF,
        how="phone",
        text_version="own-2",
        at=NOON + HOUR,
    )

    await consents.record(by_phone)
    await consents.record(consent())

    assert await consents.log(PATIENT) == [consent(), by_phone]
    assert await consents.log(PATIENT, ANA) == [by_phone]


async def test_a_consent_plans_its_patient_anew_and_speaks_for_nobody_else(
    consents: ConsentStore, database: Database
) -> None:
    await consents.record(consent())

    assert await revisions(database) == {"p1": 2, "p2": 1}
    assert await consents.log(SIBLING) == []


async def test_taking_back_leaves_the_consent_in_the_log(
    consents: ConsentStore,
) -> None:
    back = consent(given=False, at=NOON + HOUR)

    await consents.record(consent())
    await consents.record(back)

    log = await consents.log(PATIENT)
    assert log == [consent(), back]
    assert in_force(log) == ()


async def test_the_address_is_not_readable_in_the_table(
    consents: ConsentStore, database: Database
) -> None:
    await consents.record(consent())

    async with database.read() as session:
        [row] = (await session.execute(select(table(ConsentRow)))).all()
    assert ANAS_PHONE.value.encode() not in b"".join(
        cell for cell in row if isinstance(cell, bytes)
    )
    assert ANAS_PHONE.value not in repr(row)


YES, NO = consent(), consent(given=False, at=NOON + HOUR)


@pytest.mark.parametrize(
    ("log", "counts"),
    [
        pytest.param((), (), id="nobody-said-anything"),
        pytest.param((YES,), (YES,), id="agreed"),
        pytest.param((YES, NO), (), id="taken-back"),
        pytest.param(
            (YES, NO, consent(at=NOON + 2 * HOUR)),
            (consent(at=NOON + 2 * HOUR),),
            id="agreed-again",
        ),
        pytest.param(
            (YES, consent(given=False)), (), id="taken-back-at-the-same-instant"
        ),
        pytest.param(
            (YES, consent(given=False, to=ANA, at=NOON + HOUR)),
            (YES,),
            id="another-address-has-its-own-word",
        ),
        pytest.param(
            (YES, consent(given=False, kind=ConsentKind.OWN_ADDRESS, at=NOON + HOUR)),
            (YES,),
            id="another-kind-has-its-own-word",
        ),
    ],
)
def test_the_last_word_on_each_kind_and_address_counts_in_whatever_order_it_is_read(
    log: tuple[Consent, ...], counts: tuple[Consent, ...]
) -> None:
    assert {in_force(order) for order in permutations(log)} == {counts}
