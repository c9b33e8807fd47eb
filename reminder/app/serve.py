"""Runs the process: pages, scheduler and work together, until it is told to stop."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from enum import StrEnum

import structlog
import uvicorn

from reminder.app.logs import log_unhandled
from reminder.app.places import database_url
from reminder.app.schedule import Schedule
from reminder.app.wiring import App, open_app
from reminder.flows.pushed import Pushed
from reminder.settings.load import Loaded
from reminder.store.single_worker import single_worker
from reminder.web.protocol import GuardedProtocol

log = structlog.get_logger()

_GRACE = timedelta(seconds=7)
"""How long the work may take to come to an end: most supervisors kill after ten."""

_PUSHED_EVERY_S = 5
"""How soon a node reads what another one was notified about: one small question."""

_REPLIES_EVERY_S = 5
"""How soon a node acts on a reply another one took in, or left half done."""


class Only(StrEnum):
    """A process that does one half of the job."""

    WEB = "web"
    WORK = "work"


class AddressUnusable(Exception):
    """The pages cannot be served at the address of the settings."""


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
        async with (
            open_app(loaded, works=works) as app,
            contextlib.AsyncExitStack() as stack,
        ):
            # What stays is not to be looked through for garbage at every batch.
            gc.collect()
            gc.freeze()
            if only is not Only.WORK:
                ready(await stack.enter_async_context(pages(app)))
            if works:
                await stack.enter_async_context(work(app))
            log.info("started", only=only)
            await stop.wait()
            log.info("stopping")


@contextlib.asynccontextmanager
async def pages(app: App) -> AsyncIterator[str]:
    """Serve the pages while the block runs; yields the address they are at.

    Raises:
        AddressUnusable: somebody else listens there, or nobody may.
    """
    settings = app.loaded.settings.web
    listening = _listen(settings.host, settings.port)
    server = Server(
        uvicorn.Config(
            app.web,
            http=GuardedProtocol,
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=2,
        )
    )
    serving = asyncio.create_task(server.serve([listening]))
    try:
        await _started(server, serving)
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        yield f"http://{host}:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens; uvicorn, left to open its own, would end the process."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "no such address"
        raise AddressUnusable(f"{host} port {port}: {reason}") from None


async def _started(server: Server, serving: asyncio.Task[None]) -> None:
    while not server.started:
        if serving.done():
            raise AddressUnusable("the pages did not start")
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def work(app: App) -> AsyncIterator[None]:
    """Call the work on its schedule while the block runs.

    At its end what is under way comes to an end, and what was taken and not
    begun is given back.
    """
    schedule, limits = Schedule(), app.loaded.settings.work
    stopping = asyncio.Event()
    dispatch = _dispatching(app, schedule, stopping)
    for sync in app.syncs:
        name = f"sync-{sync.connection}"
        job = _syncing(app, sync.run, dispatch)
        schedule.every(name, job, seconds=limits.sync_every_s)
    _reading_pushed(app, schedule, dispatch)
    _acting_on_replies(app, schedule, dispatch)
    schedule.every("dispatch", dispatch, seconds=limits.dispatch_every_s)
    schedule.every(
        "write-back",
        lambda: app.write_back.run(stopping.is_set),
        seconds=limits.write_back_every_s,
    )
    schedule.every("keep", app.keep.run, seconds=limits.keep_every_s)
    schedule.start()
    try:
        yield
    finally:
        stopping.set()
        await schedule.stop(_GRACE)


def _syncing(
    app: App,
    sync: Callable[[], Awaitable[object]],
    dispatch: Callable[[], Awaitable[None]],
) -> Callable[[], Awaitable[None]]:
    async def job() -> None:
        await sync()
        counts = await app.make_plans()
        if counts.planned:
            await dispatch()

    return job


def _reading_pushed(
    app: App, schedule: Schedule, dispatch: Callable[[], Awaitable[None]]
) -> None:
    """Read what was pushed here at once, and what another node took in soon."""
    jobs = {one.connection: _working_through(app, one, dispatch) for one in app.pushed}
    for connection, job in jobs.items():
        schedule.every(f"pushed-{connection}", job, seconds=_PUSHED_EVERY_S)
    app.notifications.listen(
        lambda connection: schedule.once(
            f"pushed-{connection}-now", jobs[connection], after=timedelta()
        )
    )


def _acting_on_replies(
    app: App, schedule: Schedule, dispatch: Callable[[], Awaitable[None]]
) -> None:
    """Act on a reply taken in here at once, and on another node's soon."""

    async def job() -> None:
        if await app.replies.run():
            await app.make_plans()
            await dispatch()

    schedule.every("replies", job, seconds=_REPLIES_EVERY_S)
    app.taking_in.listen(lambda: schedule.once("replies-now", job, after=timedelta()))


def _working_through(
    app: App, pushed: Pushed, dispatch: Callable[[], Awaitable[None]]
) -> Callable[[], Awaitable[None]]:
    turn = asyncio.Lock()

    async def job() -> None:
        async with turn:
            while (await pushed.run()).taken:
                counts = await app.make_plans()
                if counts.planned:
                    await dispatch()

    return job


def _dispatching(
    app: App, schedule: Schedule, stopping: asyncio.Event
) -> Callable[[], Awaitable[None]]:
    """Dispatch one at a time, and wake again when the next reminder falls due.

    What is due already and did not go cannot go now: it waits for the interval,
    or for the moments a lane's pace takes.
    """
    every = timedelta(seconds=app.loaded.settings.work.dispatch_every_s)
    turn = asyncio.Lock()

    async def job() -> None:
        async with turn:
            if await app.take_up_rules():
                await app.make_plans()
            report = await app.dispatch.run(stopping.is_set)
        if report.again_in is not None:
            schedule.once("wake", job, after=report.again_in)
            return
        due_at, now = await app.store.queue.next_due_at(), app.clock()
        if due_at is not None and now < due_at < now + every:
            schedule.once("wake", job, after=due_at - now)

    return job
