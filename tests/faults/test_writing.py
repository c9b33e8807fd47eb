"""Every fault of writing: one live booking afterwards, and Slots that agree with it.

Each act is tried as the write-back flow does it: again when the EHR could not
be asked or its answer was lost, no more when it said no.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from reminder.ehr.errors import EHRConflict, EHRError, EHRRefused, EHRUnavailable
from reminder.model.readings import Written
from reminder.sandbox.fhir_faults.declaring import FHIRFault
from reminder.sandbox.fhir_faults.named import FAULTS
from tests.faults.clinic import Clinic

pytestmark = pytest.mark.asyncio(loop_scope="package")

TRIES = 4
QUICK = {"read_timeout_s": 0.3, "connect_timeout_s": 0.1}
Act = Callable[[Clinic], Awaitable[Written]]


async def confirm(clinic: Clinic) -> Written:
    return await clinic.ehr.confirm(clinic.key(0))


async def cancel(clinic: Clinic) -> Written:
    return await clinic.ehr.cancel(clinic.key(0))


async def move(clinic: Clinic) -> Written:
    return await clinic.ehr.reschedule(clinic.key(0), clinic.slots.id(5))


@dataclass(frozen=True)
class Booked:
    """What is live of the patient's visits: when, and whether they come."""

    slots: tuple[int, ...]
    participation: str = "needs-action"


AS_IT_WAS = Booked((0,))
DONE = {
    confirm: Booked((0,), "accepted"),
    cancel: None,
    move: Booked((5,)),
}
ACTS = [pytest.param(act, id=act.__name__) for act in DONE]


def fault(name: str, *, times: int | None = None, after: int = 0, **config: Any) -> Any:
    how_often = f"-{times}-times" if times else ""
    later = f"-after-{after}" if after else ""
    limited = FAULTS[name].limited(times=times, after=after)
    return pytest.param(limited, config, id=f"{name}{how_often}{later}")


async def tried(clinic: Clinic, act: Act) -> EHRError | None:
    """Again and again while the EHR does not answer; the last error, if any.

    That a human was asked instead counts as a refusal.
    """
    error: EHRError | None = None
    for _ in range(TRIES):
        try:
            written = await act(clinic)
        except EHRUnavailable as unavailable:
            error = unavailable
            clinic.clock.move_on(minutes=20)
        except EHRError as no:
            return no
        else:
            asked_a_human = written.requested is not None
            return EHRRefused("requested") if asked_a_human else None
    return error


async def live(clinic: Clinic) -> Booked | None:
    """The patient's one booking that is to take place, as the EHR has it.

    The Slots that are busy are those of live bookings, of whomever.
    """
    query = f"Appointment?practitioner=lee&date=ge{clinic.noon:%Y-%m-%dT%H:%M:%SZ}"
    every = await clinic.upstream.search(f"{query}&_count=200")
    ours = [one for one in every if clinic.name in str(one["participant"])]
    coming = [one for one in ours if one["status"] in ("booked", "pending")]
    held = {each["reference"] for one in coming for each in one["slot"]}
    busy = {f"Slot/{slot}" for slot in await clinic.busy_slots()}
    assert busy == held
    mine = [one for one in coming if clinic.patients[0] in str(one["participant"])]
    if not mine:
        return None
    [visit] = mine
    [patient] = [
        one
        for one in visit["participant"]
        if one["actor"]["reference"].startswith("Patient/")
    ]
    numbers = [each["reference"].rpartition("-s")[2] for each in visit["slot"]]
    return Booked(tuple(map(int, numbers)), patient["status"])


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    ("fault", "config"),
    [
        fault("too-many-requests", times=1, after=1),
        fault("too-many-requests-for-seconds", times=1, after=1),
        fault("unavailable", times=1, after=2),
        fault("gateway-timeout", times=1, after=2),
        fault("locked", times=1),
        fault("conflict", times=1),
        fault("precondition-failed", times=1),
        fault("done-and-gateway-timeout", times=1),
        fault("done-and-cut-off", times=1),
        fault("done-and-silent", times=1, **QUICK),
        fault("silence-before", times=1, after=2, **QUICK),
        fault("versions-ignored"),
        fault("versions-required"),
        fault("transactions-not-atomic"),
        fault("says-no-transactions"),
        fault("deleted-is-404"),
        fault("wrong-content-type"),
        fault("byte-order-mark"),
        fault("strictness-ignored"),
        fault("statement-missing"),
        fault("stale-search"),
    ],
)
async def test_an_act_is_done_once_although_the_ehr_knows(
    clinic: Clinic, act: Act, fault: FHIRFault, config: dict[str, Any]
) -> None:
    await clinic.book(0, 1)
    await clinic.configure(**config)
    clinic.wrong(fault)

    error = await tried(clinic, act)

    assert error is None
    assert await live(clinic) == DONE[act]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    ("fault", "config"),
    [
        fault("too-many-requests"),
        fault("unavailable"),
        fault("locked"),
        fault("failed-dependency"),
        fault("precondition-required"),
        fault("precondition-failed"),
        fault("unprocessable"),
        fault("not-allowed"),
        fault("forbidden"),
        fault("token-expired"),
        fault("said-and-not-done"),
    ],
)
async def test_what_the_ehr_will_not_do_leaves_all_as_it_was(
    clinic: Clinic, act: Act, fault: FHIRFault, config: dict[str, Any]
) -> None:
    await clinic.book(0, 1)
    await clinic.configure(**config)
    clinic.wrong(fault)

    error = await tried(clinic, act)

    assert error is not None
    assert await live(clinic) == AS_IT_WAS


@pytest.mark.parametrize("act", [cancel, move])
async def test_where_transactions_are_only_stated_a_human_is_asked(
    clinic: Clinic, act: Act
) -> None:
    await clinic.book(0, 1)
    clinic.wrong(FAULTS["transactions-refused"])

    error = await tried(clinic, act)

    assert str(error) == "requested"
    assert await live(clinic) == AS_IT_WAS


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("locked", EHRUnavailable, id="423-is-later"),
        pytest.param("conflict", EHRConflict, id="409-is-a-conflict"),
        pytest.param("precondition-failed", EHRConflict, id="412-is-a-conflict"),
        pytest.param("failed-dependency", EHRUnavailable, id="424-is-later"),
        pytest.param("unprocessable", EHRRefused, id="422-is-no"),
        pytest.param("precondition-required", EHRRefused, id="428-is-no"),
    ],
)
async def test_what_is_no_answer_is_told_apart(
    clinic: Clinic, name: str, expected: type[EHRError]
) -> None:
    await clinic.book(0)
    clinic.wrong(FAULTS[name])

    with pytest.raises(expected):
        await move(clinic)


@pytest.mark.parametrize(
    "names",
    [
        pytest.param((), id="sound"),
        pytest.param(("transactions-not-atomic",), id="transactions-not-atomic"),
        pytest.param(("says-no-transactions",), id="says-no-transactions"),
        pytest.param(("versions-ignored",), id="versions-ignored"),
        pytest.param(("says-no-transactions", "versions-ignored"), id="no-versions"),
        pytest.param(
            ("transactions-not-atomic", "versions-ignored"),
            id="transactions-not-atomic-and-versions-ignored",
        ),
    ],
)
async def test_a_slot_that_is_taken_in_the_last_moment_goes_to_whoever_was_first(
    clinic: Clinic, names: tuple[str, ...]
) -> None:
    await clinic.book(0, 1)
    clinic.wrong(clinic.taken_at_the_last_moment(5), *map(FAULTS.__getitem__, names))

    error = await tried(clinic, move)

    assert isinstance(error, EHRConflict)
    assert await live(clinic) == AS_IT_WAS
