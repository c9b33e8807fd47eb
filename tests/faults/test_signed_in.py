"""A whole reading of an EHR that demands tokens, which run out in the middle of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from reminder.sandbox.fhir_faults.named import FAULTS
from reminder.store.keyring import KeyRing
from reminder.store.store import open_store
from tests.faults.clinic import Clinic, in_front_of
from tests.servers import sekmet as sekmet_server
from tests.servers.sekmet import SEKMET

pytestmark = pytest.mark.asyncio(loop_scope="package")

SMART_CLIENT = {
    "client_id": "reminder",
    "client_secret": "hush",
    "scopes": "system/*.cruds",
}
SETTINGS = {
    "server_auth": {
        "types": ["smart", "bearer"],
        "tokens": ["the-test-itself"],
        "smart_clients": [SMART_CLIENT],
    },
    "server_behaviour": {"absolute_references": True},
}


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SEKMET]:
    folder: Path = tmp_path_factory.mktemp("guarded")
    headers = {"Authorization": "Bearer the-test-itself"}
    async with sekmet_server.running(
        folder, settings=SETTINGS, headers=headers
    ) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="package")
async def clinic(
    guarded: SEKMET, sqlite_url: str, ring: KeyRing
) -> AsyncIterator[Clinic]:
    store = await open_store(sqlite_url, ring)
    async with in_front_of(guarded) as server, Clinic(guarded, server, store) as clinic:
        await clinic.configure(auth=credentials(clinic, "hush"))
        yield clinic


def credentials(clinic: Clinic, secret: str) -> dict[str, Any]:
    origin = clinic.server.base_url.removesuffix("/fhir")
    return {
        "kind": "client-credentials",
        "client_id": "reminder",
        "client_secret": secret,
        "token_url": f"{origin}/auth/token",
    }


def tokens_asked_for(clinic: Clinic) -> int:
    return clinic.server.requests.count(("POST", "/auth/token"))


@pytest.mark.parametrize("after", [3, 6, 9])
async def test_a_token_that_runs_out_midway_is_replaced_and_nothing_is_lost(
    clinic: Clinic, after: int
) -> None:
    await clinic.book(0, 1, 2, 3, 4)
    clinic.wrong(FAULTS["token-expired"].limited(times=1, after=after))

    report = await clinic.sync()

    assert report.available, report
    assert tokens_asked_for(clinic) == 2
    assert await clinic.mirror() == clinic.truth()


async def test_who_is_not_let_in_any_more_withdraws_nobody(clinic: Clinic) -> None:
    await clinic.book(0, 1, 2, 3, 4)
    await clinic.sync()
    clinic.clock.move_on(minutes=30)
    await clinic.configure(auth=credentials(clinic, "not-hush"))

    report = await clinic.sync()

    assert not report.available
    assert await clinic.mirror() == clinic.truth()
