from pathlib import Path

import httpx
import pytest

from reminder.sandbox.ehr_server import EHRServer
from reminder.sandbox.errors import SandboxError
from reminder.sandbox.generator import Practice

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_every_generated_resource_is_accepted_and_found(
    filled: EHRServer, spring: Practice
) -> None:
    kinds = {resource["resourceType"] for resource in spring.resources}

    async with httpx.AsyncClient(trust_env=False) as client:
        totals = {
            kind: (await client.get(f"{filled.base_url}/{kind}?_count=0")).json()
            for kind in kinds
        }

    assert {kind: bundle["total"] for kind, bundle in totals.items()} == {
        kind: len(spring.of_type(kind)) for kind in kinds
    }


async def test_loading_says_how_far_it_has_come(
    filled: EHRServer, spring: Practice
) -> None:
    steps: list[int] = []

    await filled.load(spring.of_type("Slot"), steps.append)

    assert steps == sorted(steps)
    assert len(steps) > 1
    assert steps[-1] == len(spring.of_type("Slot"))


async def test_a_resource_that_breaks_the_specification_is_refused(
    filled: EHRServer, spring: Practice
) -> None:
    malformed = spring.malformed[0].resource

    with pytest.raises(SandboxError, match="HTTP 400") as refused:
        await filled.load([malformed])

    assert malformed["start"] not in str(refused.value)


async def test_what_an_earlier_server_left_in_the_folder_is_gone(
    tmp_path: Path,
) -> None:
    (tmp_path / "ehr.db").write_bytes(b"no database at all")
    ehr = EHRServer(tmp_path, "http://ehr.example.org/fhir")

    try:
        await ehr.start()
        found = await ehr.search("Appointment")
    finally:
        await ehr.stop()

    assert found == []


async def test_a_stopped_server_answers_no_more(tmp_path: Path) -> None:
    ehr = EHRServer(tmp_path, "http://ehr.example.org/fhir")
    await ehr.start()

    await ehr.stop()

    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{ehr.base_url}/metadata")
