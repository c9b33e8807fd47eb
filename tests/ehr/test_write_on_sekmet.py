"""Every style of writing against an independent FHIR server, and races on it."""

import asyncio
from uuid import uuid4

import pytest

from reminder.ehr.ehr import EHR
from reminder.ehr.errors import EHRConflict
from reminder.model.capabilities import WriteStyle
from reminder.model.readings import Written
from tests.ehr.conftest import MakeEHR
from tests.ehr.test_on_sekmet import Schedule
from tests.servers.sekmet import SEKMET

STYLES = ["transaction", "update", "rebook"]


def styled(make_ehr: MakeEHR, sekmet: SEKMET, style: str) -> EHR:
    """The EHR written to in one style, wherever that style can be."""
    only_moves = {} if style == "rebook" else {"cancel_by": style}
    confirms = {} if style in ("rebook", "transaction") else {"confirm_by": style}
    return make_ehr(
        base_url=sekmet.base_url,
        max_concurrent=8,
        move_by=style,
        **only_moves,
        **confirms,
    )


async def statuses(sekmet: SEKMET, day: Schedule, count: int) -> list[str]:
    slots = [await sekmet.read("Slot", day.slot_id(n)) for n in range(count)]
    return [each["status"] for each in slots]


async def on(sekmet: SEKMET, slot_id: str) -> list[str]:
    """The appointments that take place in a Slot."""
    found = await sekmet.search(f"Appointment?slot=Slot/{slot_id}")
    return [each["id"] for each in found if each["status"] == "booked"]


@pytest.mark.parametrize("style", STYLES)
async def test_a_move_is_one_booking_in_one_slot(
    sekmet: SEKMET, make_ehr: MakeEHR, style: str
) -> None:
    ehr = styled(make_ehr, sekmet, style)
    day = Schedule(visits=1, free=1)
    await sekmet.put(*day.resources)
    ask = uuid4()

    first = await ehr.reschedule(day.key(), day.slot_id(1), ask=ask)
    again = await ehr.reschedule(day.key(), day.slot_id(1), ask=ask)

    assert first.booked_as == again.booked_as
    assert await statuses(sekmet, day, 2) == ["free", "busy"]
    assert await on(sekmet, day.slot_id(1)) == [
        first.booked_as or day.key().appointment_id
    ]
    assert await on(sekmet, day.slot_id(0)) == []


@pytest.mark.parametrize("style", STYLES)
async def test_eight_patients_after_one_slot_and_one_gets_it(
    sekmet: SEKMET, make_ehr: MakeEHR, style: str
) -> None:
    ehr = styled(make_ehr, sekmet, style)
    day = Schedule(visits=8, free=1)
    await sekmet.put(*day.resources)

    outcomes = await asyncio.gather(
        *(ehr.reschedule(day.key(n), day.slot_id(8), ask=uuid4()) for n in range(8)),
        return_exceptions=True,
    )

    won = [n for n, each in enumerate(outcomes) if isinstance(each, Written)]
    assert len(won) == 1
    assert sum(isinstance(each, EHRConflict) for each in outcomes) == 7
    assert len(await on(sekmet, day.slot_id(8))) == 1
    for number in range(8):
        expected = [] if number in won else [day.key(number).appointment_id]
        assert await on(sekmet, day.slot_id(number)) == expected
    free = [n for n, s in enumerate(await statuses(sekmet, day, 9)) if s == "free"]
    assert free == won


@pytest.mark.parametrize("style", ["update", "patch"])
async def test_confirmed_cancelled_and_taken_back(
    sekmet: SEKMET, make_ehr: MakeEHR, style: str
) -> None:
    ehr = styled(make_ehr, sekmet, style)
    day = Schedule(visits=1)
    await sekmet.put(*day.resources)

    await ehr.confirm(day.key())
    confirmed = await sekmet.read("Appointment", day.key().appointment_id)
    await ehr.cancel(day.key())
    cancelled = await sekmet.read("Appointment", day.key().appointment_id)
    freed = await statuses(sekmet, day, 1)
    if style == "patch":
        # Where patches are the way, the EHR itself sees to its Slots.
        slot = await sekmet.read("Slot", day.slot_id(0))
        await sekmet.put(slot | {"status": "free"})
    await ehr.rebook(day.key(), [day.slot_id(0)])
    back = await sekmet.read("Appointment", day.key().appointment_id)

    assert confirmed["participant"][1]["status"] == "accepted"
    assert cancelled["cancelationReason"]["coding"][0]["code"] == "pat"
    assert freed == ["free" if style == "update" else "busy"]
    assert back["status"] == "booked"
    assert "cancelationReason" not in back


async def test_a_patched_move_has_the_times_of_its_slot(
    sekmet: SEKMET, make_ehr: MakeEHR
) -> None:
    day = Schedule(visits=1, free=1)
    await sekmet.put(*day.resources)

    await styled(make_ehr, sekmet, "patch").reschedule(day.key(), day.slot_id(1))

    kept = await sekmet.read("Appointment", day.key().appointment_id)
    slot = await sekmet.read("Slot", day.slot_id(1))
    assert kept["slot"] == [{"reference": f"Slot/{day.slot_id(1)}"}]
    assert (kept["start"], kept["end"]) == (slot["start"], slot["end"])


@pytest.mark.parametrize(
    ("style", "kind"), [("response", "AppointmentResponse"), ("task", "Task")]
)
async def test_a_request_is_left_once_however_often_it_is_made(
    sekmet: SEKMET, make_ehr: MakeEHR, style: str, kind: str
) -> None:
    ehr = styled(make_ehr, sekmet, style)
    day = Schedule(visits=1, free=1)
    await sekmet.put(*day.resources)
    ask = uuid4()

    first = await ehr.reschedule(day.key(), day.slot_id(1), ask=ask)
    again = await ehr.reschedule(day.key(), day.slot_id(1), ask=ask)

    assert first.requested == again.requested
    [left] = await sekmet.search(f"{kind}?identifier={ask.urn}")
    assert first.requested == f"{kind}/{left['id']}"
    about = left.get("focus") or left["appointment"]
    assert about["reference"] == f"Appointment/{day.key().appointment_id}"
    assert await statuses(sekmet, day, 2) == ["busy", "free"]


@pytest.mark.parametrize("style", ["response", "task", "request"])
async def test_what_the_clinic_has_done_is_no_request_any_more(
    sekmet: SEKMET, make_ehr: MakeEHR, style: str
) -> None:
    ehr = styled(make_ehr, sekmet, style)
    day = Schedule(visits=1)
    await sekmet.put(*day.resources)
    ask = uuid4()
    asked = await ehr.cancel(day.key(), ask=ask)
    kept = await sekmet.read("Appointment", day.key().appointment_id)
    await sekmet.put(kept | {"status": "cancelled"})

    done = await ehr.cancel(day.key(), ask=ask)

    assert asked.requested is not None
    assert done.requested is None
    assert done.readings[0].bookings[0].status == "cancelled"


async def test_the_styles_are_what_the_statement_allows(
    sekmet: SEKMET, make_ehr: MakeEHR
) -> None:
    writing = await make_ehr(base_url=sekmet.base_url).writing()

    assert writing.confirm is WriteStyle.UPDATE
    assert writing.cancel is WriteStyle.TRANSACTION
    assert writing.move is WriteStyle.TRANSACTION
