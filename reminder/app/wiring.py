"""Opens every room as the settings say, and hands each chapter what it needs."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from starlette.types import ASGIApp

from reminder.app import push_rooms, reply_rooms
from reminder.app import rooms as build
from reminder.app.clock import system_clock
from reminder.app.current import CurrentClinics
from reminder.app.places import database_url, open_with_ring
from reminder.app.rooms import Rooms
from reminder.ehr.ehr import EHR
from reminder.flows.composing import Composing, Words
from reminder.flows.dispatch import Dispatch
from reminder.flows.keep import Keep
from reminder.flows.notifications import Notifications
from reminder.flows.plan import Plan, Progress
from reminder.flows.pushed import Pushed
from reminder.flows.replies.replies import Replies
from reminder.flows.replies.taking_in import TakingIn
from reminder.flows.rulesets import RulesetsFlow
from reminder.flows.sync import Sync
from reminder.flows.write_back import WriteBackFlow
from reminder.model.clock import Clock
from reminder.model.people import Channel
from reminder.model.reminders import PlanCounts
from reminder.model.rulesets import ORGANISATION, RulesetDocument, RulesetVersion
from reminder.settings.load import Loaded
from reminder.store import schema
from reminder.store.store import Store
from reminder.transports import registry
from reminder.transports.base import Transport, TransportContext

log = structlog.get_logger()

THE_FILE = "reminder.toml"
"""Who published what the settings file says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Everything, wired; each piece of work can also be called by hand."""

    loaded: Loaded
    store: Store
    clinics: CurrentClinics
    clock: Clock
    ehrs: Mapping[str, EHR]
    transports: Mapping[Channel, tuple[Transport, ...]]
    syncs: tuple[Sync, ...]
    notifications: Notifications
    pushed: tuple[Pushed, ...]
    taking_in: TakingIn
    replies: Replies
    plan: Plan
    rulesets: RulesetsFlow
    dispatch: Dispatch
    write_back: WriteBackFlow
    keep: Keep
    web: ASGIApp

    async def make_plans(self, progress: Progress | None = None) -> PlanCounts:
        """End what came too late, then plan for everyone whose plan is due.

        In this order: after an outage the plan would withdraw the one as a
        visit that is over, and nobody would hear that it was never told.
        """
        await self.take_up_rules()
        await self.store.queue.expire(now=self.clock())
        return await self.plan.run(progress)

    async def take_up_rules(self) -> bool:
        """Go by what was published meanwhile; whether anything was."""
        if not await self.clinics.refresh():
            return False
        await self.have_everyone_planned()
        return True

    async def have_everyone_planned(self) -> None:
        """Make everybody's plan due if it was made by other rules than ours."""
        fingerprint = self.clinics().fingerprint
        await self.store.appointments.replan_all_if_changed(fingerprint)


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
        await rooms.clinics.refresh()
        if works:
            # Before the file's are published: what cannot be sent is not put in force.
            of_file, in_force = loaded.settings.directory(), rooms.clinics()
            build.try_templates(words.renderer, of_file, in_force)
            await _adopt_rules(rooms)
            await rooms.clinics.refresh()
        app = _wire(loaded, rooms, words)
        if works:
            await app.have_everyone_planned()
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
    transports: dict[Channel, tuple[Transport, ...]] = {}
    for name, config in loaded.transports.items():
        transport = registry.load(name)(config, context)
        stack.push_async_callback(transport.aclose)
        rivals = transports.get(transport.channel, ())
        transports[transport.channel] = (*rivals, transport)
    return Rooms(
        settings=settings,
        clinics=CurrentClinics(settings.directory(), store.rulesets),
        clock=clock,
        ring=ring,
        store=store,
        ehrs=ehrs,
        transports=transports,
        node=build.new_node(),
    )


def _wire(loaded: Loaded, rooms: Rooms, words: Words) -> App:
    composing = Composing(rooms.store.appointments, rooms.clinics, words, rooms.clock)
    plan = build.planning(rooms)
    syncs = tuple(build.reading(rooms, name) for name in rooms.ehrs)
    notifications = push_rooms.notified(rooms)
    taking_in = reply_rooms.taking_in(rooms)
    return App(
        loaded=loaded,
        store=rooms.store,
        clinics=rooms.clinics,
        clock=rooms.clock,
        ehrs=rooms.ehrs,
        transports=rooms.transports,
        syncs=syncs,
        notifications=notifications,
        pushed=tuple(push_rooms.pushed(rooms, sync) for sync in syncs),
        taking_in=taking_in,
        replies=reply_rooms.replying(rooms, plan),
        plan=plan,
        rulesets=build.rules(rooms, words),
        dispatch=build.dispatching(rooms, plan, composing),
        write_back=build.writing_back(rooms, plan),
        keep=build.keeping(rooms, composing),
        web=build.web(rooms, plan, notifications, taking_in),
    )


async def _adopt_rules(rooms: Rooms) -> None:
    """Publish the rules of the settings file where they changed and nobody else did.

    A clinic whose rules were taken out of the file has none of its own any more.
    """
    store, now = rooms.store.rulesets, rooms.clock()
    documents = rooms.settings.documents()
    in_force = await store.in_force()
    for document in [*documents, *_taken_out(documents, in_force)]:
        if await store.adopt(document, by=THE_FILE, now=now):
            log.info("published_ruleset", owner=document.owner, by=THE_FILE)
            continue
        version = in_force.get(document.owner)
        if version is not None and version.document != document:
            # What somebody published stands, and the file must not contradict it.
            log.warning(
                "passed_over_rules_of_the_file",
                owner=document.owner,
                version=version.version,
            )


def _taken_out(
    documents: Sequence[RulesetDocument], in_force: Mapping[str, RulesetVersion]
) -> Iterator[RulesetDocument]:
    """Empty rulesets in the place of those the file had and has no more."""
    owners = {document.owner for document in documents}
    for owner, version in in_force.items():
        if version.by == THE_FILE and owner not in owners:
            shared = ORGANISATION in owners and owner != ORGANISATION
            yield RulesetDocument(owner=owner, extends=shared)
