"""Appointments that are closed to us keep back none that is open."""

import pytest

from reminder.ehr.errors import EHRRefused
from reminder.flows.by_id import ByID
from tests.flows.test_sync import booked, crowd
from tests.flows.world import MAIN, House, visit


def by_id(house: House) -> ByID:
    return ByID(MAIN, house.ehr, house.store.appointments, house.clock)


@pytest.mark.parametrize(
    "closed",
    [
        pytest.param(crowd(10), id="the-first-ten"),
        pytest.param(crowd(30), id="the-first-thirty"),
        pytest.param([*crowd(14), "a59"], id="the-last-that-is-tried-too"),
        pytest.param(crowd(60)[30:], id="all-after-the-first-thirty"),
        pytest.param(crowd(60)[::4], id="here-and-there"),
    ],
)
async def test_however_many_are_closed_the_others_are_read(
    house: House, closed: list[str]
) -> None:
    names = crowd(60)
    house.ehr.put(*(visit(name) for name in names))
    house.ehr.closed = {*closed}

    answers = await by_id(house).read(names)

    assert sorted(answers.refused) == closed
    assert await booked(house) == [name for name in names if name not in closed]


@pytest.mark.parametrize("size", [1, 9, 10, 11, 60])
async def test_who_is_shut_out_asks_little_and_keeps_nothing(
    house: House, size: int
) -> None:
    names = crowd(size)
    house.ehr.put(*(visit(name) for name in names))
    house.ehr.closed = {*names}

    with pytest.raises(EHRRefused):
        await by_id(house).read(names)

    assert len(house.ehr.asked) < 30
    assert await booked(house) == []
