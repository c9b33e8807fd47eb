"""One filled EHR for all tests that only read it."""

from collections.abc import AsyncIterator
from datetime import date

import pytest
import pytest_asyncio

from reminder.sandbox.ehr_server import EHRServer
from reminder.sandbox.generator import Practice, generate
from reminder.sandbox.serving import loopback_socket, url_of


@pytest.fixture(scope="package")
def spring() -> Practice:
    """The clinics from 1 March 2027 on: the clocks go forward on the 14th."""
    return generate(date(2027, 3, 1))


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def filled(
    tmp_path_factory: pytest.TempPathFactory, spring: Practice
) -> AsyncIterator[EHRServer]:
    """A running EHR that holds the spring practice and names itself in its links."""
    with loopback_socket() as own:
        ehr = EHRServer(tmp_path_factory.mktemp("ehr"), f"{url_of(own)}/fhir")
    await ehr.start()
    try:
        await ehr.load(spring.resources)
        yield ehr
    finally:
        await ehr.stop()
