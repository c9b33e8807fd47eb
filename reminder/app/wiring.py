"""Opens every room as the settings say, and hands each chapter what it needs."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from starlette.types import ASGIApp

from reminder.app import rooms as build
from reminder.app.clock import system_clock
from reminder.app.places import database_url, open_with_ring
from reminder.app.rooms import Rooms
from reminder.ehr.ehr import EHR
from reminder.flows.composing import Composing, Words
from reminder.flows.dispatch import Dispatch
from reminder.flows.keep import Keep
from reminder.flows.plan import Plan
from reminder.flows.sync import Sync
from reminder.flows.write_back import WriteBackFlow
from reminder.model.clinics import ClinicDirectory
from reminder.model.clock import Clock
from reminder.model.people import Channel
from reminder.model.reminders import PlanCounts
from reminder.settings.load import Loaded
from reminder.store import schema
from reminder.store.store import Store
from reminder.transports import registry
from reminder.transports.base import Transport, TransportContext


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Everything, wired; each piece of work can also be called by hand."""

    loaded: Loaded
    store: Store
    clock: Clock
    ehrs: Mapping[str, EHR]
    transports: Mapping[Channel, Transport]
    syncs: tuple[Sync, ...]
    plan: Plan
    dispatch: Dispatch
    write_back: WriteBackFlow
    keep: Keep
    web: ASGIApp

    async def make_plans(self) -> PlanCounts:
        """End what came too late, then plan for everyone whose plan is due.

        In this order: after an outage the plan would withdraw the one as a
        visit that is over, and nobody would hear that it was never told.
        """
        await self.store.queue.expire(now=self.clock())
        return await self.plan.run()


@asynccontextmanager
async def open_app(
    loaded: Loaded, clock: Clock = system_clock, *, works: bool = True
) -> AsyncIterator[App]:
    """The whole application, opened and closed again.

    A SQLite database is brought to the present schema first; a PostgreSQL one
    only by `reminder db upgrade`, since other nodes may be at work. Who only
    looks or serves pages (`works` is False) needs no template for messages,
    and leaves the plans alone: those at work may still go by other rules.

    Raises:
        StoreError: the database cannot be used, or not with this key ring.
        TemplateError: a template is missing or has an undefined variable.
    """
    url = database_url(loaded)
    if url.startswith("sqlite"):
        schema.upgrade(url)
    async with AsyncExitStack() as stack:
        rooms = await _open(loaded, clock, stack)
        words = build.words(loaded.settings, rooms.ring)
        app = _wire(loaded, rooms, words)
        if works:
            build.try_templates(words.renderer, rooms.clinics)
            fingerprint = rules_fingerprint(rooms.clinics)
            await rooms.store.appointments.replan_all_if_changed(fingerprint)
        yield app


async def _open(loaded: Loaded, clock: Clock, stack: AsyncExitStack) -> Rooms:
    """Every room; `stack` closes them again, the last one first."""
    settings = loaded.settings
    store, ring = await open_with_ring(loaded)
    stack.push_async_callback(store.aclose)
    ehrs: dict[str, EHR] = {}
    for connection in settings.connection:
        ehr = EHR(connection.name, connection.ehr_config(), clock=clock)
        stack.push_async_callback(ehr.aclose)
        ehrs[connection.name] = ehr
    context = TransportContext(settings.public_url, clock)
    transports: dict[Channel, Transport] = {}
    for name, config in loaded.transports.items():
        transport = registry.load(name)(config, context)
        stack.push_async_callback(transport.aclose)
        transports[transport.channel] = transport
    return Rooms(
        settings=settings,
        clinics=settings.directory(),
        clock=clock,
        ring=ring,
        store=store,
        ehrs=ehrs,
        transports=transports,
        node=build.new_node(),
    )


def _wire(loaded: Loaded, rooms: Rooms, words: Words) -> App:
    composing = Composing(rooms.store.appointments, rooms.clinics, words)
    plan = build.planning(rooms)
    return App(
        loaded=loaded,
        store=rooms.store,
        clock=rooms.clock,
        ehrs=rooms.ehrs,
        transports=rooms.transports,
        syncs=tuple(build.reading(rooms, name) for name in rooms.ehrs),
        plan=plan,
        dispatch=build.dispatching(rooms, plan, composing),
        write_back=build.writing_back(rooms, plan),
        keep=build.keeping(rooms, composing),
        web=build.web(rooms, plan),
    )


def rules_fingerprint(clinics: ClinicDirectory) -> str:
    """Changes whenever a clinic or its rules do, so that everyone is planned anew.

    It is the same in every process: sets, which are not, are written in order.
    """
    nothing = frozenset[Any]()
    parts = [
        (
            replace(clinic, location_ids=nothing, closures=nothing),
            sorted(clinic.location_ids),
            sorted(clinic.closures),
        )
        for clinic in sorted(clinics.clinics, key=lambda clinic: clinic.clinic_id)
    ]
    text = repr((parts, sorted(clinics.defaults.items())))
    return hashlib.sha256(text.encode()).hexdigest()
