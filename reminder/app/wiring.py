"""Builds every room from the settings and hands each what it needs."""

import hashlib
import os
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import make_url
from starlette.types import ASGIApp

from reminder.app.clock import system_clock
from reminder.ehr.ehr import EHR
from reminder.flows.composing import Composing, Words
from reminder.flows.dispatch import Dispatch, Limits
from reminder.flows.fresh import Fresh
from reminder.flows.keep import Keep
from reminder.flows.plan import Plan
from reminder.flows.receive import Receive
from reminder.flows.respond import Respond
from reminder.flows.send import Send
from reminder.flows.sync import Sync
from reminder.flows.write_back import WriteBackFlow
from reminder.messages.render import Renderer
from reminder.model.clinics import ClinicDirectory
from reminder.model.clock import Clock
from reminder.model.people import Channel
from reminder.resources import bundled
from reminder.settings.load import Loaded
from reminder.store import schema
from reminder.store.errors import StoreUnavailable
from reminder.store.keyring import KeyRing
from reminder.store.store import Store, open_store
from reminder.transports import registry
from reminder.transports.base import Transport, TransportContext
from reminder.web.app import create_app


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


def database_url(loaded: Loaded) -> str:
    """The database's address, with its password; a SQLite file beside the settings."""
    settings = loaded.settings.database
    url = make_url(settings.url)
    if url.get_backend_name() == "sqlite" and url.database:
        url = url.set(database=str(loaded.folder / url.database))
    if settings.password is not None:
        url = url.set(password=settings.password.get_secret_value())
    return url.render_as_string(hide_password=False)


def key_ring(loaded: Loaded) -> KeyRing:
    """The key ring; its file is made at the first start."""
    settings = loaded.settings.keys
    if settings.ring is not None:
        return KeyRing.from_text(settings.ring.get_secret_value())
    file = settings.file
    return KeyRing.load(file) if file.exists() else KeyRing.create(file)


@asynccontextmanager
async def open_app(loaded: Loaded, clock: Clock = system_clock) -> AsyncIterator[App]:
    """The whole application, opened and closed again.

    A SQLite database is brought to the present schema first; a PostgreSQL one
    only by `reminder db upgrade`, since other nodes may be at work.

    Raises:
        StoreError: the database cannot be used, or not with this key ring.
        TemplateError: a template has an undefined variable.
    """
    ring, url = key_ring(loaded), database_url(loaded)
    if url.startswith("sqlite"):
        schema.upgrade(url)
    store = await open_store(url, ring)
    ehrs = {
        connection.name: EHR(connection.name, connection.ehr_config(), clock=clock)
        for connection in loaded.settings.connection
    }
    transports = _transports(loaded, clock)
    try:
        app = _wire(loaded, clock, ring, store, ehrs, transports)
        await store.appointments.replan_all_if_changed(_rules_fingerprint(loaded))
        yield app
    finally:
        for ehr in ehrs.values():
            await ehr.aclose()
        for transport in transports.values():
            await transport.aclose()
        await store.aclose()


def _wire(
    loaded: Loaded,
    clock: Clock,
    ring: KeyRing,
    store: Store,
    ehrs: Mapping[str, EHR],
    transports: Mapping[Channel, Transport],
) -> App:
    settings, clinics = loaded.settings, loaded.settings.directory()
    work = settings.work
    lease, node = timedelta(seconds=work.lease_s), _node()
    plan = Plan(store.appointments, store.reminders, store.worklist, clinics, clock)
    composing = Composing(store.appointments, clinics, _words(loaded, ring, clinics))
    dispatch = Dispatch(
        queue=store.queue,
        composing=composing,
        fresh=Fresh(
            ehrs, store.appointments, clock, timedelta(seconds=work.freshness_s)
        ),
        send=Send(
            transports, store.queue, clock, lease=lease, in_flight=work.in_flight
        ),
        replan=plan.again,
        clinics=clinics,
        channels=tuple(transports),
        limits=Limits(batch=work.batch, lease=lease, node=node),
        clock=clock,
    )
    write_back = WriteBackFlow(
        ehrs=ehrs,
        write_backs=store.write_backs,
        answers=store.answers,
        links=store.links,
        bookings=store.appointments,
        messages=store.queue,
        replan=plan.again,
        clock=clock,
        lease=lease,
    )
    keep = Keep(
        queue=store.queue,
        transports=transports,
        composing=composing,
        clock=clock,
        lease=lease,
        node=node,
    )
    return App(
        loaded=loaded,
        store=store,
        clock=clock,
        ehrs=ehrs,
        transports=transports,
        syncs=tuple(
            _sync(loaded, name, ehr, store, clock) for name, ehr in ehrs.items()
        ),
        plan=plan,
        dispatch=dispatch,
        write_back=write_back,
        keep=keep,
        web=_web(loaded, ring, store, ehrs, transports, plan, clock),
    )


def _sync(loaded: Loaded, name: str, ehr: EHR, store: Store, clock: Clock) -> Sync:
    work = loaded.settings.work
    return Sync(
        name,
        ehr,
        bookings=store.appointments,
        states=store.sync_state,
        worklist=store.worklist,
        clock=clock,
        horizon=timedelta(days=work.horizon_days),
        window_every=timedelta(seconds=work.window_every_s),
        patient_ttl=timedelta(seconds=work.patient_ttl_s),
    )


def _web(
    loaded: Loaded,
    ring: KeyRing,
    store: Store,
    ehrs: Mapping[str, EHR],
    transports: Mapping[Channel, Transport],
    plan: Plan,
    clock: Clock,
) -> ASGIApp:
    settings, clinics = loaded.settings, loaded.settings.directory()
    respond = Respond(
        links=store.links,
        appointments=store.appointments,
        reminders=store.reminders,
        answers=store.answers,
        preferences=store.preferences,
        queue=store.queue,
        worklist=store.worklist,
        ehrs=ehrs,
        clinics=clinics,
        ticket_key=ring.derive("ticket"),
        clock=clock,
        wait_limit=timedelta(seconds=settings.work.answer_limit_s),
        replan=plan.again,
    )
    receive = Receive(
        transports={transport.name: transport for transport in transports.values()},
        queue=store.queue,
        callback_key=ring.derive("callback-token"),
        public_url=settings.public_url,
        clock=clock,
    )
    return create_app(
        respond=respond,
        receive=receive,
        health=store.health,
        clinics=clinics,
        clock=clock,
        templates=bundled("templates") / "web",
        public_url=settings.public_url,
        ready_limit=timedelta(seconds=settings.work.ready_limit_s),
        unavailable=(StoreUnavailable,),
    )


def _transports(loaded: Loaded, clock: Clock) -> dict[Channel, Transport]:
    context = TransportContext(loaded.settings.public_url, clock)
    made = [
        registry.load(name)(config, context)
        for name, config in loaded.transports.items()
    ]
    return {transport.channel: transport for transport in made}


def _words(loaded: Loaded, ring: KeyRing, clinics: ClinicDirectory) -> Words:
    renderer = Renderer(bundled("templates"))
    renderer.check(
        {language for clinic in clinics.clinics for language in clinic.languages}
    )
    return Words(
        renderer=renderer,
        public_url=loaded.settings.public_url,
        link_key=ring.derive("link-token"),
        callback_key=ring.derive("callback-token"),
    )


def _rules_fingerprint(loaded: Loaded) -> str:
    """Changes whenever a clinic or its rules do, so that everyone is planned anew."""
    clinics = sorted(loaded.settings.clinic, key=lambda clinic: clinic.id)
    text = repr([clinic.clinic() for clinic in clinics])
    return hashlib.sha256(text.encode()).hexdigest()


def _node() -> str:
    """A name no other process has, not even after a restart of this one."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
