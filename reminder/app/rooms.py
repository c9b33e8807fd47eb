"""Builds each chapter from the rooms it needs; no room is opened here."""

import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from starlette.types import ASGIApp

from reminder.app.current import CurrentClinics
from reminder.app.lanes import lanes
from reminder.ehr.ehr import EHR
from reminder.ehr.wire.published import public_keys
from reminder.flows.composing import Composing, Words
from reminder.flows.dispatch import Dispatch, Limits
from reminder.flows.fresh import Fresh
from reminder.flows.keep import Keep
from reminder.flows.notifications import Notifications
from reminder.flows.plan import Plan
from reminder.flows.preview import Preview
from reminder.flows.receive import Receive
from reminder.flows.replies.taking_in import TakingIn
from reminder.flows.respond.respond import Respond
from reminder.flows.rulesets import RulesetsFlow
from reminder.flows.send import Send
from reminder.flows.sync import Sync
from reminder.flows.write_back import WriteBackFlow
from reminder.messages.render import Renderer
from reminder.model.clinics import ClinicDirectory
from reminder.model.clock import Clock
from reminder.model.people import Channel
from reminder.resources import bundled
from reminder.rules.lateness import templates_of
from reminder.rules.lint_installation import Installation
from reminder.settings.tree import Settings
from reminder.store.errors import StoreUnavailable
from reminder.store.keyring import KeyRing
from reminder.store.store import Store
from reminder.transports.base import Transport
from reminder.web.app import create_app


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """Every room, open; `node` names this process, and no other ever."""

    settings: Settings
    clinics: CurrentClinics
    clock: Clock
    ring: KeyRing
    store: Store
    ehrs: Mapping[str, EHR]
    transports: Mapping[Channel, tuple[Transport, ...]]
    node: str

    @property
    def by_name(self) -> dict[str, Transport]:
        """Every transport, by its name in the settings."""
        several = self.transports.values()
        return {one.name: one for transports in several for one in transports}

    @property
    def lease(self) -> timedelta:
        """How long a node may hold what it took."""
        return timedelta(seconds=self.settings.work.lease_s)


def new_node() -> str:
    """A name no other process has, not even after a restart of this one."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def words(settings: Settings, ring: KeyRing) -> Words:
    """The templates, and the keys that make links.

    Raises:
        TemplateError: a template is not well formed.
    """
    return Words(
        renderer=Renderer(bundled("templates")),
        public_url=settings.public_url,
        link_key=ring.derive("link-token"),
        callback_key=ring.derive("callback-token"),
    )


def try_templates(renderer: Renderer, *directories: ClinicDirectory) -> None:
    """Fill whatever may have to be sent with samples.

    Raises:
        TemplateError: one is missing, or uses a name it is not given.
    """
    clinics = [clinic for directory in directories for clinic in directory.clinics]
    renderer.check(
        languages={tag for clinic in clinics for tag in clinic.languages},
        names={
            name
            for clinic in clinics
            for rule in clinic.ruleset.rules
            for step in rule.steps
            for name in templates_of(step)
        },
    )


def rules(rooms: Rooms, words: Words) -> RulesetsFlow:
    """What a manager does with rulesets."""
    store = rooms.store
    return RulesetsFlow(
        store.rulesets,
        Preview(store.appointments, rooms.clock),
        rooms.clinics,
        words.renderer,
        Installation(tuple(rooms.transports), rooms.settings.work.horizon_days),
        rooms.clock,
    )


def planning(rooms: Rooms) -> Plan:
    """The planning of everyone."""
    store = rooms.store
    return Plan(
        store.appointments, store.reminders, store.worklist, rooms.clinics, rooms.clock
    )


def reading(rooms: Rooms, connection: str) -> Sync:
    """The reading of one EHR."""
    work, store = rooms.settings.work, rooms.store
    return Sync(
        connection,
        rooms.ehrs[connection],
        bookings=store.appointments,
        states=store.sync_state,
        worklist=store.worklist,
        clock=rooms.clock,
        horizon=timedelta(days=work.horizon_days),
        window_every=timedelta(seconds=work.window_every_s),
        patient_ttl=timedelta(seconds=work.patient_ttl_s),
        silence_limit=timedelta(seconds=work.silence_limit_s),
    )


def dispatching(rooms: Rooms, plan: Plan, composing: Composing) -> Dispatch:
    """The sending of what is due."""
    work, store, clock = rooms.settings.work, rooms.store, rooms.clock
    limit = timedelta(seconds=work.freshness_s)
    return Dispatch(
        queue=store.queue,
        composing=composing,
        fresh=Fresh(rooms.ehrs, store.appointments, clock, limit),
        send=Send(
            lanes(rooms.settings, rooms.transports, store.sent_days, clock),
            store.queue,
            clock,
            lease=rooms.lease,
            in_flight=work.in_flight,
        ),
        replan=plan.again,
        clinics=rooms.clinics,
        channels=tuple(rooms.transports),
        limits=Limits(batch=work.batch, lease=rooms.lease, node=rooms.node),
        clock=clock,
    )


def writing_back(rooms: Rooms, plan: Plan) -> WriteBackFlow:
    """The writing of what waits into the EHRs."""
    store = rooms.store
    return WriteBackFlow(
        ehrs=rooms.ehrs,
        write_backs=store.write_backs,
        answers=store.answers,
        links=store.links,
        bookings=store.appointments,
        messages=store.queue,
        worklist=store.worklist,
        replan=plan.again,
        clock=rooms.clock,
        lease=rooms.lease,
    )


def keeping(rooms: Rooms, composing: Composing) -> Keep:
    """The housekeeping."""
    return Keep(
        queue=rooms.store.queue,
        transports=rooms.by_name,
        composing=composing,
        clock=rooms.clock,
        lease=rooms.lease,
        node=rooms.node,
    )


def web(
    rooms: Rooms, plan: Plan, notifications: Notifications, replies: TakingIn
) -> ASGIApp:
    """Everything that is served."""
    settings, store = rooms.settings, rooms.store
    respond = Respond(
        links=store.links,
        appointments=store.appointments,
        reminders=store.reminders,
        answers=store.answers,
        preferences=store.preferences,
        queue=store.queue,
        worklist=store.worklist,
        ehrs=rooms.ehrs,
        consents=store.consents,
        clinics=rooms.clinics,
        ticket_key=rooms.ring.derive("ticket"),
        clock=rooms.clock,
        wait_limit=timedelta(seconds=settings.work.answer_limit_s),
        replan=plan.again,
    )
    receive = Receive(
        transports=rooms.by_name,
        queue=store.queue,
        callback_key=rooms.ring.derive("callback-token"),
        public_url=settings.public_url,
        clock=rooms.clock,
    )
    return create_app(
        respond=respond,
        receive=receive,
        notifications=notifications,
        replies=replies,
        health=store.health,
        clinics=rooms.clinics(),
        clock=rooms.clock,
        templates=bundled("templates") / "web",
        public_url=settings.public_url,
        ready_limit=timedelta(seconds=settings.work.ready_limit_s),
        unavailable=(StoreUnavailable,),
        public_keys=public_keys(each.auth for each in settings.connection),
    )
