"""Pages are kept as they come; who is as they were, some pages at a time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reminder.flows.pages import Pages
from reminder.flows.progress import Tally
from reminder.model.readings import Reading, Unreadable, WindowPage
from tests.flows.world import MAIN, NOW, visit

LATER = NOW + timedelta(seconds=5)
BROKEN = Unreadable("Appointment", "a9", "Appointment.start", "missing", "f")


@dataclass
class Kept:
    """What was kept, call by call."""

    calls: list[str] = field(default_factory=list)

    async def keep(
        self,
        connection: str,
        readings: Sequence[Reading],
        *,
        unchanged: Collection[str] = (),
        unreadable: Sequence[Unreadable] = (),
        seen_at: datetime,
        covered_until: datetime | None = None,
    ) -> int:
        del connection, covered_until
        counts = (len(readings), len(unchanged), len(unreadable))
        self.calls.append(f"{seen_at:%S} {counts}")
        return 0


def given() -> tuple[Kept, Pages]:
    kept = Kept()
    return kept, Pages(MAIN, kept, None, Tally(MAIN, lambda _: None))


def same(*numbers: int, at: datetime = NOW) -> WindowPage:
    return WindowPage(at, unchanged=frozenset(f"a{number}" for number in numbers))


def new(at: datetime = NOW) -> WindowPage:
    readings = (Reading("a1", "f", (visit(),)),)
    return WindowPage(at, readings, frozenset({"a2"}), (BROKEN,))


async def test_what_is_new_is_kept_at_once() -> None:
    kept, pages = given()

    await pages.keep(new())

    assert kept.calls == ["00 (1, 0, 1)"]


async def test_who_is_as_they_were_is_kept_before_anything_is_concluded() -> None:
    kept, pages = given()
    for page in (same(1, 2), same(3), same(3, 4)):
        await pages.keep(page)
    before = list(kept.calls)

    await pages.flush()
    await pages.flush()

    assert (before, kept.calls) == ([], ["00 (0, 4, 0)"])


async def test_each_was_seen_when_its_page_was_asked_for() -> None:
    kept, pages = given()

    for page in (same(1, 2), same(3, at=LATER)):
        await pages.keep(page)
    await pages.flush()

    assert kept.calls == ["00 (0, 2, 0)", "05 (0, 1, 0)"]


async def test_there_are_never_very_many_of_them_in_memory() -> None:
    kept, pages = given()

    for number in range(25):
        await pages.keep(same(*range(100 * number, 100 * number + 100)))

    assert kept.calls == ["00 (0, 900, 0)"] * 2
