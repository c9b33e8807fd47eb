import asyncio
from dataclasses import dataclass, field

import pytest

from reminder.flows.overlap import one_ahead


class Stuck(Exception):
    """What cannot be made or kept."""


@dataclass
class Work:
    """Makes ten times a number and keeps it, with notes of what happened when."""

    no_making: int = -1
    no_keeping: int = -1
    pause: asyncio.Event = field(default_factory=asyncio.Event)
    happened: list[str] = field(default_factory=list)
    pauses_at: int = -1

    async def make(self, number: int) -> int:
        self.happened.append(f"makes {number}")
        if number == self.pauses_at:
            try:
                await self.pause.wait()
            finally:
                self.happened.append(f"left {number}")
        if number == self.no_making:
            raise Stuck
        return number * 10

    async def keep(self, made: int) -> str:
        self.happened.append(f"keeps {made}")
        await asyncio.sleep(0)
        if made == self.no_keeping:
            raise Stuck
        self.happened.append(f"kept {made}")
        return f"{made} kept"

    async def run(self, *numbers: int) -> list[tuple[int, str]]:
        return [one async for one in one_ahead(numbers, self.make, self.keep)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
async def test_everything_is_made_and_kept_in_order(count: int) -> None:
    work = Work()

    done = await work.run(*range(count))

    assert done == [(n * 10, f"{n * 10} kept") for n in range(count)]


async def test_the_next_is_made_while_one_is_kept_and_no_more() -> None:
    work = Work()

    await work.run(1, 2, 3)

    assert work.happened == [
        "makes 1",
        "keeps 10",
        "makes 2",
        "kept 10",
        "keeps 20",
        "makes 3",
        "kept 20",
        "keeps 30",
        "kept 30",
    ]


async def test_what_cannot_be_kept_ends_what_was_under_way() -> None:
    work = Work(no_keeping=10, pauses_at=2)

    with pytest.raises(Stuck):
        await work.run(1, 2, 3)

    assert work.happened == ["makes 1", "keeps 10", "makes 2", "left 2"]


async def test_what_cannot_be_made_keeps_all_before_it() -> None:
    work = Work(no_making=2)

    with pytest.raises(Stuck):
        await work.run(1, 2, 3)

    assert work.happened == ["makes 1", "keeps 10", "makes 2", "kept 10"]


async def test_who_is_cancelled_leaves_nothing_under_way() -> None:
    work = Work(pauses_at=2)
    running = asyncio.create_task(work.run(1, 2, 3))
    while "kept 10" not in work.happened:
        await asyncio.sleep(0)

    running.cancel()
    await asyncio.wait([running])

    assert running.cancelled()
    assert work.happened == ["makes 1", "keeps 10", "makes 2", "kept 10", "left 2"]
