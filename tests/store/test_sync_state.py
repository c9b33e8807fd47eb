"""A reading of the whole horizon goes on after a restart where it was."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from reminder.model.sync_state import SyncRun
from reminder.store.store import Store
from tests.store.examples import MAIN, NOW

RUN = SyncRun(
    run_id=UUID(int=1),
    plan="by-date",
    started_at=NOW,
    start=NOW - timedelta(days=1),
    end=NOW + timedelta(days=14),
    done={},
)


async def test_a_run_is_given_back_with_the_windows_that_were_read(
    store: Store,
) -> None:
    await store.sync_state.begin(MAIN, RUN)
    await store.sync_state.window_done(RUN.run_id, "monday", complete=True)
    await store.sync_state.window_done(RUN.run_id, "tuesday", complete=False)

    windows = {"monday": True, "tuesday": False}
    assert await store.sync_state.run(MAIN) == replace(RUN, done=windows)
    assert await store.sync_state.run("elsewhere") is None


async def test_a_window_read_twice_counts_as_it_was_last(store: Store) -> None:
    await store.sync_state.begin(MAIN, RUN)
    for complete in (True, False):
        await store.sync_state.window_done(RUN.run_id, "monday", complete=complete)

    assert await store.sync_state.run(MAIN) == replace(RUN, done={"monday": False})


async def test_a_run_that_is_over_is_forgotten(store: Store) -> None:
    await store.sync_state.begin(MAIN, RUN)
    await store.sync_state.window_done(RUN.run_id, "monday", complete=True)
    await store.sync_state.end(MAIN, RUN.run_id)
    await store.sync_state.window_done(RUN.run_id, "tuesday", complete=True)

    over = await store.sync_state.run(MAIN)
    await store.sync_state.begin(MAIN, RUN)

    assert over is None
    assert await store.sync_state.run(MAIN) == RUN


async def test_a_new_run_takes_the_place_of_one_that_was_not_ended(
    store: Store,
) -> None:
    new = replace(RUN, run_id=UUID(int=2), plan="by-roster")
    await store.sync_state.begin(MAIN, RUN)
    await store.sync_state.window_done(RUN.run_id, "monday", complete=True)

    await store.sync_state.begin(MAIN, new)
    await store.sync_state.end(MAIN, RUN.run_id)

    assert await store.sync_state.run(MAIN) == new


async def test_each_connection_has_a_run_of_its_own(store: Store) -> None:
    other = replace(RUN, run_id=UUID(int=2))
    await store.sync_state.begin(MAIN, RUN)
    await store.sync_state.begin("other", other)
    await store.sync_state.window_done(RUN.run_id, "monday", complete=True)

    await store.sync_state.end(MAIN, RUN.run_id)

    assert await store.sync_state.run("other") == other
