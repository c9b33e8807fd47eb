from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from reminder.sandbox.world import World
from tests.journeys.day import Day, Hands, running_day, running_world


@pytest.fixture(scope="package")
def hands() -> Hands:
    return Hands()


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def world(
    tmp_path_factory: pytest.TempPathFactory, hands: Hands
) -> AsyncIterator[World]:
    async with running_world(tmp_path_factory.mktemp("sandbox"), hands) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="package")
async def day(
    world: World, hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Day]:
    monkeypatch.setenv("REMINDER_WORK__ANSWER_LIMIT_S", "3")
    async with running_day(world, hands, tmp_path) as running:
        yield running
