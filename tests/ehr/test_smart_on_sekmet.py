"""An independent server that demands SMART Backend Services, and takes ours."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from reminder.ehr.config import EHRConfig
from reminder.ehr.ehr import EHR
from reminder.ehr.errors import EHRRefused
from reminder.ehr.wire.assertions import TYPE, assertion
from reminder.ehr.wire.auth import SMARTAuth
from reminder.ehr.wire.jwks import read_key
from reminder.ehr.wire.published import public_keys
from reminder.model.appointments import AppointmentKey
from reminder.web.well_known import well_known_routes
from tests.ehr import keys
from tests.servers.sekmet import SEKMET, running_sync

ALGS = ("RS384", "ES384")
ANA = {"resourceType": "Patient", "id": "ana", "name": [{"family": "Okafor"}]}
VISIT = {
    "resourceType": "Appointment",
    "id": "visit",
    "status": "booked",
    "start": "2027-03-01T15:00:00Z",
    "end": "2027-03-01T15:30:00Z",
    "participant": [{"actor": {"reference": "Patient/ana"}, "status": "needs-action"}],
}
USER, PASSWORD, TOKEN = "reminder", "hush-password", "hush-token"


def now() -> datetime:
    """The real time: the server looks at the real clock."""
    return datetime.fromtimestamp(time.time(), UTC)  # noqa: TID251 - as above


@dataclass
class Watching(httpx.AsyncBaseTransport):
    """The real network, and a list of what went over it."""

    asked: list[httpx.Request] = field(default_factory=list)
    _network: httpx.AsyncBaseTransport = field(
        default_factory=lambda: httpx.AsyncHTTPTransport(verify=False, trust_env=False)
    )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return await self._network.handle_async_request(request)

    async def aclose(self) -> None:
        await self._network.aclose()

    @property
    def token_requests(self) -> int:
        """How often a token was asked for."""
        return sum(one.url.path == "/auth/token" for one in self.asked)


@pytest.fixture(scope="module")
def page() -> Iterator[socket.socket]:
    """Where the page with our keys will be, before anybody serves it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, page: socket.socket
) -> Iterator[SEKMET]:
    folder = tmp_path_factory.mktemp("smart")
    clients: list[dict[str, str]] = []
    for alg in ALGS:
        file = folder / f"{alg}.pem"
        file.write_text(keys.public(keys.private(alg)))
        clients.append({"client_id": alg, "public_key_path": str(file)})
    url = f"http://127.0.0.1:{page.getsockname()[1]}/.well-known/jwks.json"
    clients += [
        {"client_id": "rotates", "jwks_url": url},
        {
            "client_id": "reads",
            "public_key_path": str(folder / "ES384.pem"),
            "scopes": "system/*.read",
        },
    ]
    auth = {
        "types": ["smart", "basic", "bearer"],
        "smart_clients": clients,
        "users": {USER: PASSWORD},
        "tokens": [TOKEN],
        "enforce_scopes": True,
    }
    settings = {"server_auth": auth}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with running_sync(folder, settings=settings, headers=headers) as running:
        asyncio.run(running.put(ANA))
        yield running


def smart(client_id: str, private_key: str, *published: str) -> dict[str, Any]:
    return {
        "kind": "smart",
        "client_id": client_id,
        "private_key": private_key,
        "published_keys": published,
    }


@contextlib.asynccontextmanager
async def connected(
    server: SEKMET, auth: dict[str, Any], network: Watching | None = None, **more: Any
) -> AsyncIterator[EHR]:
    given = {"base_url": server.base_url, "auth": auth, "requests_per_s": 1000}
    config = EHRConfig.model_validate(given | {"burst": 100} | more)
    ehr = EHR("north", config, clock=now, transport=network or Watching())
    try:
        yield ehr
    finally:
        await ehr.aclose()


async def read_ana(ehr: EHR) -> None:
    found = await ehr.patients(["ana"])
    assert [one.key.patient_id for one in found.patients] == ["ana"]


@pytest.mark.parametrize("alg", ALGS)
async def test_our_signature_is_taken(server: SEKMET, alg: str) -> None:
    async with connected(server, smart(alg, keys.private(alg))) as ehr:
        await read_ana(ehr)


async def test_what_we_ask_for_is_enough_to_confirm(server: SEKMET) -> None:
    await server.put(VISIT)
    async with connected(server, smart("ES384", keys.private("ES384"))) as ehr:
        await ehr.confirm(AppointmentKey("north", "visit", "ana"))

    [participant] = (await server.read("Appointment", "visit"))["participant"]
    assert participant["status"] == "accepted"


async def test_many_requests_ask_for_one_token(server: SEKMET) -> None:
    network = Watching()
    auth = smart("ES384", keys.private("ES384"))
    async with connected(server, auth, network) as ehr:
        await asyncio.gather(*(read_ana(ehr) for _ in range(10)))

    assert network.token_requests == 1


async def test_a_signature_of_somebody_else_is_refused(server: SEKMET) -> None:
    async with connected(server, smart("ES384", keys.private("ES384", 2))) as ehr:
        with pytest.raises(EHRRefused, match=r"^token: 401 invalid_client$"):
            await read_ana(ehr)


@pytest.mark.parametrize(
    ("audience", "minutes", "statuses"),
    [
        pytest.param(None, 0, [200, 401], id="used-twice"),
        pytest.param("https://evil.example.org/token", 0, [401], id="audience"),
        pytest.param(None, 2, [401], id="too-far-ahead"),
        pytest.param(None, -5, [401], id="over"),
    ],
)
async def test_the_server_looks_at_what_is_signed(
    server: SEKMET, audience: str | None, minutes: int, statuses: list[int]
) -> None:
    url = server.base_url.removesuffix("/fhir") + "/auth/token"
    signed = assertion(
        read_key(keys.private("ES384")),
        client_id="ES384",
        audience=audience or url,
        now=now() + timedelta(minutes=minutes),
    )
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": TYPE,
        "client_assertion": signed,
    }

    async with httpx.AsyncClient(transport=Watching()) as client:
        answers = [await client.post(url, data=form) for _ in statuses]

    assert [one.status_code for one in answers] == statuses


async def test_a_clock_that_is_wrong_does_not_keep_us_out(server: SEKMET) -> None:
    network = Watching()
    given = {
        "base_url": server.base_url,
        "auth": smart("ES384", keys.private("ES384")),
    }
    ehr = EHR(
        "north",
        EHRConfig.model_validate(given),
        clock=lambda: now() + timedelta(minutes=12),
        transport=network,
    )

    await read_ana(ehr)
    await ehr.aclose()

    assert network.token_requests == 2


async def test_what_was_not_granted_is_known_and_refused(server: SEKMET) -> None:
    async with connected(server, smart("reads", keys.private("ES384"))) as ehr:
        await read_ana(ehr)
        tokens = ehr._client.tokens

        assert tokens.granted is not None
        assert "system/Appointment.rs" not in tokens.not_granted
        assert "system/Appointment.cu" in tokens.not_granted


async def test_keys_rotate_by_the_page_we_publish(
    server: SEKMET, page: socket.socket
) -> None:
    # Of one kind: SEKMET tries each key in turn, and breaks on one of another kind.
    old, new = keys.private("ES384"), keys.private("ES384", 3)
    before = smart("rotates", old, keys.public(new))
    after = smart("rotates", new, keys.public(old))
    published = public_keys([SMARTAuth.model_validate(before)])

    async with serving(page, published):
        async with connected(server, before) as ehr:
            await read_ana(ehr)
        async with connected(server, after) as ehr:
            await read_ana(ehr)


@contextlib.asynccontextmanager
async def serving(page: socket.socket, published: bytes) -> AsyncIterator[None]:
    """Our page, over HTTP."""
    app = FastAPI()
    app.include_router(well_known_routes(published))
    web = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    web.capture_signals = contextlib.nullcontext
    running = asyncio.create_task(web.serve([page.dup()]))
    try:
        yield
    finally:
        web.should_exit = True
        await running


@pytest.mark.parametrize(
    "auth",
    [
        pytest.param({"kind": "basic", "user": USER, "password": PASSWORD}, id="basic"),
        pytest.param({"kind": "bearer", "token": TOKEN}, id="bearer"),
    ],
)
async def test_what_never_changes_is_taken_too(
    server: SEKMET, auth: dict[str, Any]
) -> None:
    async with connected(server, auth) as ehr:
        await read_ana(ehr)


async def test_nothing_of_it_is_in_a_log_of_ours(
    server: SEKMET, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level("DEBUG")
    network = Watching()
    auth = smart("ES384", keys.private("ES384"))
    async with connected(server, auth, network) as ehr:
        await read_ana(ehr)

    token = network.asked[-1].headers["authorization"]
    assert token.startswith("Bearer ")
    assert token.removeprefix("Bearer ") not in caplog.text
    assert "eyJ" not in caplog.text
