"""Whoever comes while a batch is kept waits for the next, and for nothing else."""

import asyncio
from collections.abc import Sequence

import pytest

from reminder.flows.gathering import Gathering


class Keeper:
    """Keeps numbers, doubled, once `open`; a batch with `bad` in it fails."""

    def __init__(self, bad: int | None = None) -> None:
        self.batches: list[list[int]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.bad = bad

    async def keep(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        await self.open.wait()
        if self.bad in numbers:
            raise ValueError("bad")
        return [2 * number for number in numbers]


async def add_all(
    gathering: Gathering[int, int], numbers: Sequence[int]
) -> list[int | BaseException]:
    return await asyncio.gather(*map(gathering.add, numbers), return_exceptions=True)


async def test_one_alone_waits_for_nobody() -> None:
    keeper = Keeper()

    assert await Gathering(keeper.keep).add(4) == 8
    assert keeper.batches == [[4]]


async def test_each_gets_its_own_answer_and_no_batch_is_larger_than_it_may() -> None:
    keeper = Keeper()
    gathering = Gathering(keeper.keep, at_most=3)

    assert await add_all(gathering, range(8)) == [2 * number for number in range(8)]
    assert keeper.batches == [[0, 1, 2], [3, 4, 5], [6, 7]]
    assert await gathering.add(9) == 18


async def test_what_comes_meanwhile_goes_together_with_the_next() -> None:
    keeper = Keeper()
    gathering = Gathering(keeper.keep)
    keeper.open.clear()
    first = asyncio.create_task(gathering.add(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = asyncio.create_task(add_all(gathering, [2, 3]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert keeper.batches == [[1]]
    keeper.open.set()

    assert (await first, await others) == (2, [4, 6])
    assert keeper.batches == [[1], [2, 3]]


async def test_one_that_cannot_be_kept_does_not_fail_the_others() -> None:
    gathering = Gathering(Keeper(bad=2).keep)

    one, two, three = await add_all(gathering, [1, 2, 3])

    assert (one, three) == (2, 6)
    assert isinstance(two, ValueError)


async def test_what_is_nobodys_fault_is_not_tried_for_each() -> None:
    keeper = Keeper(bad=2)
    gathering = Gathering(keeper.keep, fails_all=(ValueError,))

    found = await add_all(gathering, [1, 2, 3])

    assert [type(one) for one in found] == [ValueError] * 3
    assert keeper.batches == [[1, 2, 3]]
    assert await gathering.add(5) == 10


async def test_who_no_longer_waits_is_kept_all_the_same() -> None:
    keeper = Keeper()
    gathering = Gathering(keeper.keep)
    keeper.open.clear()
    gone = asyncio.create_task(gathering.add(1))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    keeper.open.set()

    assert await gathering.add(2) == 4
    assert keeper.batches in ([[1], [2]], [[1, 2]])
