"""A server of its own for the whole run, and EHRs that speak to it or to a pretence."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest

from reminder.ehr.config import EHRConfig
from reminder.ehr.ehr import EHR
from tests.ehr.pretend import BASE_URL
from tests.servers.sekmet import SEKMET, running_sync

NOW = datetime(2027, 2, 20, 15, tzinfo=UTC)

MakeEHR = Callable[..., EHR]


@pytest.fixture(scope="session")
def sekmet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SEKMET]:
    with running_sync(tmp_path_factory.mktemp("sekmet")) as server:
        yield server


@pytest.fixture
async def make_ehr() -> AsyncIterator[MakeEHR]:
    """EHRs at NOW; those given a handler never reach a network."""
    made: list[EHR] = []

    def make(
        handler: Callable[[httpx.Request], httpx.Response] | None = None,
        *,
        clock: Callable[[], datetime] = lambda: NOW,
        **config: object,
    ) -> EHR:
        settings = {"base_url": BASE_URL, "requests_per_s": 1000, "burst": 1000}
        ehr = EHR(
            "north",
            EHRConfig.model_validate(settings | config),
            clock=clock,
            transport=httpx.MockTransport(handler) if handler else None,
        )
        made.append(ehr)
        return ehr

    yield make
    for ehr in made:
        await ehr.aclose()


@pytest.fixture
def ehr(sekmet: SEKMET, make_ehr: MakeEHR) -> EHR:
    """The EHR as it is on the real server."""
    return make_ehr(base_url=sekmet.base_url)
