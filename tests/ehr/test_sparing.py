"""What a whole connection does when the server asks to be spared, or is silent."""

import asyncio
from datetime import datetime, timedelta

import httpx
import pytest

from reminder.ehr.ehr import EHR
from reminder.ehr.errors import EHRError, EHRRefused, EHRUnavailable
from reminder.model.appointments import AppointmentKey
from tests.ehr.conftest import NOW, MakeEHR
from tests.ehr.keeping import DAY, read, visit
from tests.ehr.pretend import PretendServer, bundle, fixture, said

PAUSED = r"the EHR is left alone for a while$"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


async def ask(ehr: EHR) -> None:
    await ehr.appointments(["v1"])


async def fails(ehr: EHR, times: int) -> None:
    for _ in range(times):
        with pytest.raises(EHRError):
            await ask(ehr)


def found() -> httpx.Response:
    return said(bundle(visit(1)))


@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_that_asks_for_time_gets_it_from_everybody(
    make_ehr: MakeEHR, status: int
) -> None:
    clock = Clock()
    spare_me = said({}, status, Retry_After="120")
    server = PretendServer().on("GET Appointment", spare_me, found())
    ehr = make_ehr(server, clock=clock)
    await fails(ehr, 1)

    with pytest.raises(EHRUnavailable, match=PAUSED) as sync:
        await read(ehr)
    with pytest.raises(EHRUnavailable, match=PAUSED) as write:
        await ehr.confirm(AppointmentKey("north", "v1", "ana"))

    assert sync.value.retry_after == write.value.retry_after == timedelta(minutes=2)
    assert not write.value.sent
    assert ehr.paused_until == NOW + timedelta(minutes=2)
    assert len(server.asked) == 1
    clock.now += timedelta(minutes=2)
    assert (await read(ehr)).ids == {"v1"}
    assert ehr.paused_until is None


async def test_a_short_wait_is_waited_for(make_ehr: MakeEHR) -> None:
    server = PretendServer().on(
        "GET Appointment", said({}, 429, Retry_After="1"), found()
    )
    loop = asyncio.get_running_loop()
    begun = loop.time()

    kept = await read(make_ehr(server))

    assert kept.ids == {"v1"}
    assert loop.time() - begun >= 0.99


async def test_what_is_ever_only_a_moment_away_is_left_for_later(
    make_ehr: MakeEHR,
) -> None:
    server = PretendServer().on("GET Appointment", said({}, 429, Retry_After="0"))

    with pytest.raises(EHRUnavailable, match=r"^GET Appointment: 429$"):
        await read(make_ehr(server))

    assert server.times("GET Appointment") == 3


async def test_a_write_is_never_sent_again_unasked(make_ehr: MakeEHR) -> None:
    server = PretendServer().on(
        "GET Appointment/v1", said(fixture("appointment-booked", id="v1"))
    )
    server.on("PUT Appointment/v1", said({}, 503, Retry_After="0"))

    with pytest.raises(EHRUnavailable):
        await make_ehr(server, confirm_by="update").confirm(
            AppointmentKey("north", "v1", "ana")
        )

    assert server.times("PUT Appointment/v1") == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(said({}, 500), id="500"),
        pytest.param(said({}, 503), id="503"),
        pytest.param(httpx.ConnectError("no route"), id="no-connection"),
        pytest.param(httpx.ReadTimeout("slow"), id="timeout"),
    ],
)
async def test_a_server_that_fails_and_fails_is_left_alone(
    make_ehr: MakeEHR, answer: httpx.Response | Exception
) -> None:
    clock, is_down = Clock(), [True]

    def say(_: httpx.Request) -> httpx.Response:
        if is_down[0] and isinstance(answer, Exception):
            raise answer
        return answer if is_down[0] else found()  # type: ignore[return-value]

    server = PretendServer().on("GET Appointment", say)
    ehr = make_ehr(server, clock=clock, failures_before_pause=3)
    await fails(ehr, 3)

    with pytest.raises(EHRUnavailable, match=PAUSED):
        await ask(ehr)
    assert server.times("GET Appointment") == 3
    assert ehr.paused_until == NOW + timedelta(seconds=30)

    clock.now += timedelta(seconds=30)
    await fails(ehr, 1)
    assert server.times("GET Appointment") == 4
    assert ehr.paused_until == clock.now + timedelta(seconds=60)

    clock.now += timedelta(seconds=60)
    is_down[0] = False
    assert (await read(ehr, DAY)).ids == {"v1"}
    assert ehr.paused_until is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 423, 429, 501])
async def test_a_server_that_says_no_is_there(make_ehr: MakeEHR, status: int) -> None:
    server = PretendServer().on("GET Appointment", said({}, status))
    ehr = make_ehr(server, failures_before_pause=2)

    for _ in range(4):
        with pytest.raises((EHRRefused, EHRUnavailable), match=str(status)):
            await read(ehr)

    assert ehr.paused_until is None


async def test_of_many_that_wait_only_one_goes_to_see(make_ehr: MakeEHR) -> None:
    clock = Clock()
    server = PretendServer().on("GET Appointment", said({}, 500))
    ehr = make_ehr(server, clock=clock, failures_before_pause=1, max_concurrent=1)
    await fails(ehr, 1)
    clock.now += timedelta(seconds=30)

    answers = await asyncio.gather(
        *(ask(ehr) for _ in range(5)), return_exceptions=True
    )

    assert all(isinstance(each, EHRUnavailable) for each in answers)
    assert server.times("GET Appointment") == 2


class Doorman:
    """Lets one request through at a time, when told to."""

    def __init__(self, server: PretendServer) -> None:
        self.server = server
        self.seen: list[str] = []
        self._open = asyncio.Semaphore(0)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append("patient" if "_id" in request.url.params else "sync")
        await self._open.acquire()
        return self.server(request)

    async def let(self, *tasks: asyncio.Task) -> None:
        while not all(each.done() for each in tasks):
            self._open.release()
            await asyncio.sleep(0.001)


def pages_of_one() -> PretendServer:
    appointment = [
        said(bundle(visit(number, participant=PATIENT), next_link=f"?p={number + 1}"))
        for number in range(4)
    ]
    return PretendServer().on(
        "GET Appointment", *appointment, said(bundle(visit(9, participant=PATIENT)))
    )


PATIENT = [{"actor": {"reference": "Patient/ana"}, "status": "accepted"}]


async def test_a_read_before_a_message_goes_before_a_running_sync(
    make_ehr: MakeEHR,
) -> None:
    doorman = Doorman(pages_of_one())
    ehr = make_ehr(doorman, max_concurrent=1)
    syncs = [asyncio.create_task(read(ehr)) for _ in range(3)]
    await asyncio.sleep(0.01)
    patient = asyncio.create_task(ehr.appointments(["v9"]))
    await asyncio.sleep(0.01)

    await doorman.let(*syncs, patient)

    assert doorman.seen[:2] == ["sync", "patient"]


async def test_whoever_would_only_wait_in_line_is_told_at_once(
    make_ehr: MakeEHR,
) -> None:
    server = PretendServer().on("GET Appointment", said({}, 429, Retry_After="600"))
    ehr = make_ehr(server, requests_per_s=0.01, burst=1)
    await fails(ehr, 1)

    async with asyncio.timeout(1):
        with pytest.raises(EHRUnavailable, match=PAUSED):
            await ask(ehr)
