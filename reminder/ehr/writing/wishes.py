"""What a patient wants of one appointment, under a name that a repeat bears as well."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from reminder.ehr.reading.raw import Resource, as_object, objects
from reminder.model.answers import WriteBackKind
from reminder.model.appointments import AppointmentKey

HELD_FOR = "urn:reminder:ask"
"""The identifier system by which a Slot says for which wish we took it.

One write after the other may end between two of them: only so does the next
try know that it was us who took the Slot.
"""

_UNASKED = UUID("5f1f7d0e-54a3-4b0e-9f0b-5d7f5a6c0f11")
"""Names wishes nobody gave a name: the same wish gets the same one."""

_IS_ALLOWED = {
    WriteBackKind.CANCEL: "is-cancelable",
    WriteBackKind.MOVE: "is-reschedulable",
}
_EXTENSIONS = "https://fhir-ehr.cerner.com/r4/StructureDefinition/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One wish. `slot_ids` are the Slots to take, as in a `WriteBack`.

    `before_slot_ids` are those a move leaves, where they are known: a move
    that ended half done no longer finds them in the Appointment. `start_at`
    (UTC) is when the visit was to start when the patient decided about it; None
    where nobody knows.
    """

    kind: WriteBackKind
    key: AppointmentKey
    ask: UUID
    slot_ids: tuple[str, ...] = ()
    before_slot_ids: tuple[str, ...] = ()
    start_at: datetime | None = None

    def identifier(self, system: str) -> Resource:
        """The identifier of what is created for this wish."""
        return {"system": system, "value": self.ask.urn}

    def token(self, system: str) -> str:
        """The same as the value of a search parameter."""
        return f"{system}|{self.ask.urn}"


def wish(
    kind: WriteBackKind,
    key: AppointmentKey,
    ask: UUID | None,
    slot_ids: Sequence[str] = (),
    before_slot_ids: Sequence[str] = (),
    *,
    start_at: datetime | None = None,
) -> Wish:
    """The wish, under a name of its own where it comes without one."""
    named = ask or uuid5(_UNASKED, "/".join((*key, kind, *slot_ids)))
    return Wish(
        kind=kind,
        key=key,
        ask=named,
        slot_ids=tuple(slot_ids),
        before_slot_ids=tuple(before_slot_ids),
        start_at=start_at,
    )


def is_forbidden(appointment: Resource, kind: WriteBackKind) -> bool:
    """Whether the EHR says of this very appointment that patients cannot do it.

    Oracle Health marks with two extensions what may be cancelled and moved.
    """
    name = _IS_ALLOWED.get(kind)
    return name is not None and any(
        each.get("url") == _EXTENSIONS + name and each.get("valueBoolean") is False
        for each in objects(appointment.get("extension"))
    )


def held_for(slot: Resource) -> frozenset[str]:
    """The wishes for which a Slot says that we took it."""
    return frozenset(
        str(each.get("value"))
        for each in objects(slot.get("identifier"))
        if each.get("system") == HELD_FOR
    )


def marked(slot: Resource, wish: Wish | None) -> None:
    """Write into a Slot for which wish it is held; None: for none any more."""
    others = [
        each
        for each in slot.get("identifier") or []
        if as_object(each).get("system") != HELD_FOR
    ]
    mark = [] if wish is None else [wish.identifier(HELD_FOR)]
    if others or mark:
        slot["identifier"] = others + mark
    else:
        slot.pop("identifier", None)
