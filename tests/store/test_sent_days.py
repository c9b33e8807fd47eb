"""The segments of a day are counted once for all, and never beyond its limit."""

import asyncio
from datetime import date

import pytest

from reminder.store.database import Database
from reminder.store.sent_days import SentDays

DAY, NEXT_DAY = date(2027, 3, 1), date(2027, 3, 2)


@pytest.fixture
def sent_days(database: Database) -> SentDays:
    return SentDays(database)


async def test_a_day_begins_with_nothing(sent_days: SentDays) -> None:
    assert await sent_days.used("twilio-sms", DAY) == 0


async def test_what_fits_is_counted_and_the_rest_is_not(sent_days: SentDays) -> None:
    first = await sent_days.take("twilio-sms", DAY, [1, 2, 1], at_most=6)
    second = await sent_days.take("twilio-sms", DAY, [1, 2, 1], at_most=6)
    third = await sent_days.take("twilio-sms", DAY, [2], at_most=6)

    assert (first, second, third) == (3, 1, 0)
    assert await sent_days.used("twilio-sms", DAY) == 5


async def test_what_comes_first_is_not_passed_by_a_smaller_one(
    sent_days: SentDays,
) -> None:
    assert await sent_days.take("twilio-sms", DAY, [3, 1], at_most=2) == 0
    assert await sent_days.used("twilio-sms", DAY) == 0


async def test_every_transport_and_every_day_counts_by_itself(
    sent_days: SentDays,
) -> None:
    await sent_days.take("twilio-sms", DAY, [5], at_most=5)

    assert await sent_days.take("twilio-sms", NEXT_DAY, [5], at_most=5) == 1
    assert await sent_days.take("webhook-sms", DAY, [5], at_most=5) == 1


async def test_what_did_not_go_is_counted_no_longer(sent_days: SentDays) -> None:
    await sent_days.take("twilio-sms", DAY, [2, 3], at_most=5)

    await sent_days.give_back("twilio-sms", DAY, 3)

    assert await sent_days.used("twilio-sms", DAY) == 2


async def test_however_many_ask_at_once_the_limit_holds(sent_days: SentDays) -> None:
    asking = (
        sent_days.take("twilio-sms", DAY, [1, 1, 1], at_most=20) for _ in range(9)
    )

    granted = await asyncio.gather(*asking)

    assert sum(granted) == await sent_days.used("twilio-sms", DAY) == 20
