import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from reminder.app.schedule import Schedule
from tests.app.jobs import PATIENT, Job

SOON = timedelta(milliseconds=1)


@pytest.fixture
async def schedule() -> AsyncIterator[Schedule]:
    made = Schedule()
    made.start()
    yield made
    await made.stop(timedelta())


async def test_a_job_is_called_at_once_and_again_and_again(schedule: Schedule) -> None:
    job = Job()

    schedule.every("job", job, seconds=0.02)
    await job.called(3)

    assert job.calls >= 3


async def test_a_job_that_fails_is_logged_without_its_words_and_called_again(
    schedule: Schedule,
) -> None:
    job = Job(error=ValueError("ana.okafor@example.org"))

    with capture_logs() as logs:
        schedule.every("sync", job, seconds=0.02)
        await job.called(2)

    assert logs[0]["event"] == "job_failed"
    assert (logs[0]["job"], logs[0]["error"]) == ("sync", "ValueError")
    assert logs[0]["where"].startswith("jobs.py:")
    assert "okafor" not in str(logs)


async def test_a_job_never_runs_beside_itself(schedule: Schedule) -> None:
    slow, quick = Job(), Job()
    slow.may_end.clear()

    schedule.every("slow", slow, seconds=0.02)
    schedule.every("quick", quick, seconds=0.02)
    await quick.called(5)

    assert slow.calls == 1
    slow.may_end.set()


async def test_a_later_wish_takes_the_place_of_an_earlier_one(
    schedule: Schedule,
) -> None:
    earlier, later = Job(), Job()

    schedule.once("wake", earlier, after=SOON)
    schedule.once("wake", later, after=SOON)
    await later.called(1)

    assert (earlier.calls, later.calls) == (0, 1)


async def test_what_runs_comes_to_its_end_when_it_stops(schedule: Schedule) -> None:
    job = Job()
    job.may_end.clear()
    schedule.every("job", job, seconds=0.02)
    await job.called(1)

    stopping = asyncio.create_task(schedule.stop(timedelta(seconds=PATIENT)))
    await asyncio.sleep(0)
    early = stopping.done()
    job.may_end.set()
    await stopping

    assert (early, job.ended, job.calls) == (False, 1, 1)


async def test_what_does_not_end_in_time_is_cut_short_and_says_so(
    schedule: Schedule,
) -> None:
    job = Job()
    job.may_end.clear()
    schedule.every("job", job, seconds=0.02)
    await job.called(1)

    with capture_logs() as logs:
        await schedule.stop(timedelta(milliseconds=10))

    assert job.ended == 0
    assert [(line["event"], line["job"]) for line in logs] == [("job_cut_short", "job")]


async def test_nothing_is_called_any_more_once_it_stopped(schedule: Schedule) -> None:
    job, other = Job(), Job()
    schedule.every("job", job, seconds=0.02)
    await job.called(1)

    await schedule.stop(timedelta(seconds=1))
    calls = job.calls
    still = Schedule()
    still.start()
    still.every("other", other, seconds=0.02)
    await other.called(4)
    await still.stop(timedelta(seconds=1))

    assert job.calls == calls
