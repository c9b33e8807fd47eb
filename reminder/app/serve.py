"""Runs the process: pages, scheduler and work together, until it is told to stop."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from enum import StrEnum

import structlog
import uvicorn

from reminder.app.logs import log_unhandled
from reminder.app.schedule import Schedule
from reminder.app.wiring import App, database_url, open_app
from reminder.settings.load import Loaded
from reminder.store.single_worker import single_worker

log = structlog.get_logger()


class Only(StrEnum):
    """A process that does one half of the job."""

    WEB = "web"
    WORK = "work"


class Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: the process stops as a whole."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `run`."""
        yield


async def run(
    loaded: Loaded,
    only: Only | None = None,
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve and work until SIGTERM or SIGINT; `ready` gets the pages' address.

    Raises:
        AlreadyWorking: another process works on the same SQLite file.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(log_unhandled)
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    works = only is not Only.WEB
    with single_worker(database_url(loaded)) if works else contextlib.nullcontext():
        async with open_app(loaded) as app, contextlib.AsyncExitStack() as stack:
            if only is not Only.WORK:
                ready(await stack.enter_async_context(pages(app)))
            if works:
                stack.enter_context(work(app))
            log.info("started", only=only)
            await stop.wait()
            log.info("stopping")


@contextlib.asynccontextmanager
async def pages(app: App) -> AsyncIterator[str]:
    """Serve the pages while the block runs; yields the address they are at."""
    settings = app.loaded.settings.web
    server = Server(
        uvicorn.Config(
            app.web,
            host=settings.host,
            port=settings.port,
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=10,
        )
    )
    serving = asyncio.create_task(server.serve())
    try:
        await _started(server, serving)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://{settings.host}:{port}"
    finally:
        server.should_exit = True
        await serving


async def _started(server: Server, serving: asyncio.Task[None]) -> None:
    while not server.started:
        if serving.done():
            raise OSError("the pages' address is taken or cannot be used")
        await asyncio.sleep(0.02)


@contextlib.contextmanager
def work(app: App) -> Iterator[None]:
    """Call the work on its schedule while the block runs."""
    schedule, limits = Schedule(), app.loaded.settings.work
    dispatch = _dispatching(app, schedule, timedelta(seconds=limits.dispatch_every_s))
    for sync in app.syncs:
        name = f"sync-{sync.connection}"
        job = _syncing(app, sync.run, dispatch)
        schedule.every(name, job, seconds=limits.sync_every_s)
    schedule.every("dispatch", dispatch, seconds=limits.dispatch_every_s)
    schedule.every("write-back", app.write_back.run, seconds=limits.write_back_every_s)
    schedule.every("keep", app.keep.run, seconds=limits.keep_every_s)
    schedule.start()
    try:
        yield
    finally:
        schedule.stop()


def _syncing(
    app: App,
    sync: Callable[[], Awaitable[object]],
    dispatch: Callable[[], Awaitable[None]],
) -> Callable[[], Awaitable[None]]:
    async def job() -> None:
        await sync()
        # After an outage: what came too late ends on the worklist, before the
        # plan would withdraw it as a visit that is over.
        await app.store.queue.expire(now=app.clock())
        counts = await app.plan.run()
        if counts.planned:
            await dispatch()

    return job


def _dispatching(
    app: App, schedule: Schedule, every: timedelta
) -> Callable[[], Awaitable[None]]:
    """Dispatch one at a time, and wake again when the next reminder falls due.

    What is due already and did not go cannot go now: it waits for the interval.
    """
    turn = asyncio.Lock()

    async def job() -> None:
        async with turn:
            await app.dispatch.run()
        due_at, now = await app.store.queue.next_due_at(), app.clock()
        if due_at is not None and now < due_at < now + every:
            schedule.once("wake", job, after=due_at - now)

    return job
