"""Keeps who agreed to what, and who took it back: a log that is only ever added to."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, insert, select

from reminder.model.people import (
    Consent,
    ConsentBy,
    ConsentKind,
    ContactPoint,
    PatientKey,
)
from reminder.store.addresses import address_index, from_cell, to_cell
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.preferences import one_person
from reminder.store.revisions import raise_revisions
from reminder.store.sealing import Sealer
from reminder.store.statements import table
from reminder.store.tables import ConsentRow

_CONSENT = table(ConsentRow)
_TABLE = "consent"


class ConsentStore:
    """Consents with their circumstances; the plan follows each of them."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._database, self._ring = database, ring

    async def record(self, consent: Consent) -> None:
        """Add it to the log, and have the person planned again."""
        async with self._database.write() as session:
            await raise_revisions(session, one_person(consent.patient))
            await session.execute(insert(_CONSENT), _to_row(self._ring, consent))

    async def log(
        self, patient: PatientKey, to: ContactPoint | None = None
    ) -> list[Consent]:
        """All that was agreed or taken back, at one address or any, oldest first."""
        query = select(_CONSENT).where(
            _CONSENT.c.connection == patient.connection,
            _CONSENT.c.patient_id == patient.patient_id,
        )
        if to is not None:
            index = address_index(self._ring, to)
            query = query.where(_CONSENT.c.address_index == index)
        async with self._database.read() as session:
            rows = (await session.execute(query)).all()
        return sorted((to_consent(self._ring, row) for row in rows), key=_order)


def to_consent(ring: KeyRing, row: Row[Any]) -> Consent:
    """The consent a row of the table holds.

    Raises:
        CellUnreadable: the address in it is damaged.
    """
    cell = Sealer(ring, _TABLE).open(row.id, row.sealed)
    return Consent(
        patient=PatientKey(row.connection, row.patient_id),
        kind=ConsentKind(row.kind),
        given=row.given,
        to=from_cell(cell["to"]),
        by=ConsentBy(row.by),
        how=row.how,
        text_version=row.text_version,
        at=row.at,
    )


def in_force(consents: Iterable[Consent]) -> tuple[Consent, ...]:
    """Of one person's log the last word on each kind and address, where it is yes."""
    last = {(one.kind, one.to): one for one in sorted(consents, key=_order)}
    return tuple(one for one in last.values() if one.given)


def _order(consent: Consent) -> tuple[Any, ...]:
    """By time; of two at one instant the one that takes back counts."""
    return consent.at, not consent.given, consent.kind, consent.to.channel


def _to_row(ring: KeyRing, consent: Consent) -> dict[str, Any]:
    row_id = uuid4()
    return {
        "id": row_id,
        **consent.patient._asdict(),
        "kind": consent.kind.value,
        "given": consent.given,
        "channel": consent.to.channel.value,
        "address_index": address_index(ring, consent.to),
        "by": consent.by.value,
        "how": consent.how,
        "text_version": consent.text_version,
        "at": consent.at,
        "sealed": Sealer(ring, _TABLE).seal(row_id, {"to": to_cell(consent.to)}),
    }
