import asyncio

import pytest

from reminder.ehr.wire.pacing import Pace, has_time, in_background


class Queue:
    """Requests at a pace, in the order of their turns; none ends by itself."""

    def __init__(self, *, concurrent: int = 1, **pace: float) -> None:
        rate = {"per_s": 1e6, "burst": 10**6} | pace
        self.pace = Pace(concurrent=concurrent, **rate)
        self.begun: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    def ask(self, name: str, *, urgent: bool) -> None:
        self._ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._request(name, urgent=urgent))

    async def settle(self) -> list[str]:
        for _ in range(20):
            await asyncio.sleep(0)
        return self.begun

    async def answer_all(self) -> list[str]:
        """Each ends as soon as it has begun, one after the other."""
        for _ in self._ends:
            for name in await self.settle():
                self._ends[name].set()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        return self.begun

    async def answer_one_by_one(self) -> list[str]:
        """Each ends when those before it have, and its place is taken at once."""
        for number in range(len(self._ends)):
            self._ends[(await self.settle())[number]].set()
        await asyncio.gather(*self.tasks.values())
        return self.begun

    async def _request(self, name: str, *, urgent: bool) -> None:
        async with self.pace.turn(urgent=urgent):
            self.begun.append(name)
            await self._ends[name].wait()


async def test_a_waiting_patient_goes_before_a_running_sync() -> None:
    queue = Queue()
    queue.ask("sync 1", urgent=False)
    await queue.settle()
    queue.ask("sync 2", urgent=False)
    queue.ask("sync 3", urgent=False)
    queue.ask("patient", urgent=True)

    assert await queue.answer_all() == ["sync 1", "patient", "sync 2", "sync 3"]


async def test_a_sync_gets_its_turn_however_many_patients_wait() -> None:
    queue = Queue()
    queue.ask("first", urgent=True)
    await queue.settle()
    for number in range(3):
        queue.ask(f"sync {number}", urgent=False)
    for number in range(20):
        queue.ask(f"patient {number}", urgent=True)

    order = await queue.answer_all()

    assert [order.index(f"sync {number}") for number in range(3)] == [5, 10, 15]


async def test_one_place_is_kept_free_for_patients() -> None:
    queue = Queue(concurrent=3)
    for number in range(4):
        queue.ask(f"sync {number}", urgent=False)
    assert await queue.settle() == ["sync 0", "sync 1"]

    queue.ask("patient", urgent=True)

    assert await queue.settle() == ["sync 0", "sync 1", "patient"]
    await queue.answer_all()


async def test_a_sync_gets_its_turn_though_patients_keep_every_place_busy() -> None:
    queue = Queue(concurrent=3)
    for number in range(20):
        queue.ask(f"patient {number}", urgent=True)
    await queue.settle()
    queue.ask("sync", urgent=False)

    order = await queue.answer_one_by_one()

    assert order.index("sync") == 7


async def test_a_sync_whose_turn_was_given_up_still_has_its_places() -> None:
    queue = Queue(concurrent=2)
    for number in range(2):
        queue.ask(f"patient {number}", urgent=True)
    await queue.settle()
    queue.ask("gives up", urgent=False)
    queue.tasks["patient 0"].cancel()
    # The turn is granted in this very step, and not yet taken.
    await asyncio.sleep(0)
    queue.tasks["gives up"].cancel()
    queue.ask("sync", urgent=False)

    assert (await queue.settle())[2:] == ["sync"]
    await queue.answer_all()


async def test_who_gave_up_takes_no_turn() -> None:
    queue = Queue()
    queue.ask("first", urgent=True)
    queue.ask("gave up", urgent=True)
    queue.ask("last", urgent=False)
    await queue.settle()

    queue.tasks["gave up"].cancel()

    assert await queue.answer_all() == ["first", "last"]


async def test_who_gives_up_with_a_turn_in_hand_hands_it_on() -> None:
    queue = Queue()
    queue.ask("first", urgent=True)
    await queue.settle()
    queue.ask("second", urgent=True)
    queue.ask("third", urgent=True)
    await queue.settle()

    queue.tasks["first"].cancel()
    # The turn is granted to the second in this very step, and not yet taken.
    await asyncio.sleep(0)
    queue.tasks["second"].cancel()

    assert (await queue.answer_all())[-1] == "third"


async def test_a_turn_that_ends_badly_is_given_back() -> None:
    pace = Pace(per_s=1e6, burst=10, concurrent=1)

    with pytest.raises(RuntimeError):
        async with pace.turn():
            raise RuntimeError

    async with asyncio.timeout(1), pace.turn():
        pass


async def test_so_many_at_once_and_then_so_many_a_second() -> None:
    pace, at = Pace(per_s=100, burst=3, concurrent=10), []
    loop = asyncio.get_running_loop()
    begun = loop.time()

    async def ask(urgent: bool) -> None:
        async with pace.turn(urgent=urgent):
            at.append(loop.time() - begun)

    await asyncio.gather(*(ask(number % 2 == 0) for number in range(7)))

    assert at[2] < 0.009
    assert at[6] >= 0.039


async def test_while_held_nobody_goes() -> None:
    pace = Pace(per_s=1e6, burst=10, concurrent=2)
    loop = asyncio.get_running_loop()
    pace.hold(0.05)
    pace.hold(0.01)
    begun = loop.time()

    for urgent in (True, False):
        async with pace.turn(urgent=urgent):
            assert loop.time() - begun >= 0.049


async def test_what_is_asked_in_the_background_has_time_and_so_have_its_tasks() -> None:
    async def asked() -> bool:
        return has_time()

    with in_background():
        within = [await asked(), *await asyncio.gather(asked(), asked())]

    assert within == [True, True, True]
    assert not has_time()
