"""The store's front door: opens it with its key ring, and refuses what does not fit."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Self

from sqlalchemy import select

from reminder.store.answers import AnswerStore
from reminder.store.appointments import AppointmentStore
from reminder.store.consents import ConsentStore
from reminder.store.database import Database
from reminder.store.errors import KeyRingMismatch, SchemaOutdated
from reminder.store.exclusions import ExclusionStore
from reminder.store.health import Health
from reminder.store.inbound import InboundStore
from reminder.store.keyring import KeyRing
from reminder.store.links import LinkStore
from reminder.store.preferences import PreferenceStore
from reminder.store.pushed import PushedStore
from reminder.store.quarantine import Quarantine
from reminder.store.queue import MessageQueue
from reminder.store.reminders import ReminderStore
from reminder.store.rulesets import RulesetStore
from reminder.store.schema import current
from reminder.store.sent_days import SentDays
from reminder.store.statements import insert, table
from reminder.store.sync_state import SyncStateStore
from reminder.store.tables import InstanceRow
from reminder.store.worklist import Worklist
from reminder.store.write_backs import WriteBackStore

_INSTANCE = table(InstanceRow)


@dataclass(frozen=True)
class Store:
    """Everything that is kept, by what it is for."""

    database: Database
    appointments: AppointmentStore
    reminders: ReminderStore
    queue: MessageQueue
    links: LinkStore
    answers: AnswerStore
    write_backs: WriteBackStore
    preferences: PreferenceStore
    consents: ConsentStore
    exclusions: ExclusionStore
    rulesets: RulesetStore
    worklist: Worklist
    quarantine: Quarantine
    sync_state: SyncStateStore
    pushed: PushedStore
    sent_days: SentDays
    inbound: InboundStore
    health: Health

    @classmethod
    def over(cls, database: Database, ring: KeyRing) -> Self:
        """A store over a database that is known to fit this ring."""
        return cls(
            database=database,
            appointments=AppointmentStore(database, ring),
            reminders=ReminderStore(database, ring),
            queue=MessageQueue(database, ring),
            links=LinkStore(database, ring),
            answers=AnswerStore(database, ring),
            write_backs=WriteBackStore(database, ring),
            preferences=PreferenceStore(database, ring),
            consents=ConsentStore(database, ring),
            exclusions=ExclusionStore(database),
            rulesets=RulesetStore(database),
            worklist=Worklist(database, ring),
            quarantine=Quarantine(database, ring),
            sync_state=SyncStateStore(database, ring),
            pushed=PushedStore(database),
            sent_days=SentDays(database),
            inbound=InboundStore(database, ring),
            health=Health(database, ring),
        )

    async def aclose(self) -> None:
        """Close every connection to the database."""
        await self.database.aclose()


async def open_store(url: str, ring: KeyRing) -> Store:
    """The store at `url`, which from its first opening on belongs to `ring`.

    Raises:
        SchemaOutdated: a migration is missing; run `reminder db upgrade`.
        KeyRingMismatch: what is in it was sealed with another ring.
        StoreUnavailable: the database does not answer.
    """
    async with AsyncExitStack() as stack:
        database = Database(url)
        stack.push_async_callback(database.aclose)
        if not await current(database):
            raise SchemaOutdated("run `reminder db upgrade`")
        if await _check(database) is None:
            await _claim(database, ring)
        if await _check(database) != ring.check:
            raise KeyRingMismatch("the database was sealed with another key ring")
        stack.pop_all()
    return Store.over(database, ring)


async def _check(database: Database) -> bytes | None:
    """What names the ring this database belongs to; None before it has one."""
    async with database.read() as session:
        check: bytes | None = await session.scalar(select(_INSTANCE.c.key_check))
    return check


async def _claim(database: Database, ring: KeyRing) -> None:
    """Give a new database to this ring, unless another node was faster."""
    mine = {"id": 1, "key_check": ring.check, "rules_fingerprint": ""}
    async with database.write() as session:
        first = insert(session, InstanceRow).on_conflict_do_nothing()
        await session.execute(first, mine)
