"""The demo's story, chapter by chapter: from a filled EHR to answers in it."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Protocol

from babel.dates import format_datetime

from reminder.flows.dispatch import Dispatch
from reminder.flows.plan import Plan
from reminder.flows.sync import Sync
from reminder.flows.write_back import WriteBackFlow
from reminder.sandbox.answering import answer_links
from reminder.sandbox.clinics import CLINICS, HARBOR
from reminder.sandbox.clock import SandboxClock
from reminder.sandbox.diary import business_days
from reminder.sandbox.errors import SandboxError
from reminder.sandbox.generator import Practice
from reminder.sandbox.narrator import Chapter, Narrator
from reminder.sandbox.summary import (
    Summary,
    count_answers,
    count_sent,
    count_skipped,
    count_write_backs,
)
from reminder.sandbox.world import World
from reminder.store.store import Store

_ENDS = time(11)
_STUCK_AFTER = 5
_REASONS_TOLD = 5


class Reminder(Protocol):
    """The application, as far as the story moves it on by hand."""

    @property
    def store(self) -> Store:
        """What is kept."""

    @property
    def syncs(self) -> Sequence[Sync]:
        """The reading of each EHR."""

    @property
    def plan(self) -> Plan:
        """Who is told, when and how."""

    @property
    def dispatch(self) -> Dispatch:
        """The sending of what is due."""

    @property
    def write_back(self) -> WriteBackFlow:
        """The writing of answers into the EHR."""


@contextlib.asynccontextmanager
async def open_world(
    folder: Path, practice: Practice, clock: SandboxClock, narrator: Narrator
) -> AsyncIterator[World]:
    """The first chapter: start the outside world in `folder`, and fill its EHR."""
    begins = format_datetime(
        clock(), "EEEE, MMMM d, y, h:mm a", tzinfo=HARBOR.zone, locale="en_US"
    )
    narrator.headline("Reminder", f"It is {begins} in {HARBOR.city}.")
    async with contextlib.AsyncExitStack() as running:
        with narrator.chapter("start", "Sandbox") as chapter:
            chapter.at("starting an EHR, a mail relay and phones")
            world = await running.enter_async_context(World(folder, clock, practice))
            of = len(practice.resources)
            await world.fill(lambda done: chapter.at("filling the EHR", done, of))
            patients = len(practice.of_type("Patient"))
            visits = len(practice.of_type("Appointment"))
            chapter.tell(
                f"an EHR with {len(CLINICS)} clinics in two time zones: "
                f"{patients} patients, {visits} appointments"
            )
        yield world


async def tell(
    reminder: Reminder,
    world: World,
    practice: Practice,
    clock: SandboxClock,
    narrator: Narrator,
) -> Summary:
    """Every other chapter. The pages must be served while it is told.

    Raises:
        SandboxError: something did not go as the story goes.
    """
    story = _Story(reminder, world, practice, clock)
    with narrator.chapter("read", "Read") as chapter:
        await story.read(chapter)
    with narrator.chapter("plan", "Planned") as chapter:
        await story.plan(chapter)
    with narrator.chapter("send", "Sent") as chapter:
        await story.send(chapter)
    with narrator.chapter("answer", "Answered") as chapter:
        await story.answer(chapter)
    with narrator.chapter("write-back", "Written back") as chapter:
        await story.write_back(chapter)
    story.summary.seconds = dict(narrator.seconds)
    return story.summary


def invite(world: World, narrator: Narrator) -> None:
    """Say where the pages of the outside world are."""
    narrator.invite(
        {
            "Mailbox": world.mailbox_url,
            "Phones": world.phone_url,
            "EHR": world.ehr_url,
        },
        "Open a message and follow its link, as its patient would; whose date of birth "
        "it asks for stands beside it. Then see the EHR change. Ctrl-C ends it all.",
    )


class _Story:
    def __init__(
        self,
        reminder: Reminder,
        world: World,
        practice: Practice,
        clock: SandboxClock,
    ) -> None:
        self.summary = Summary()
        self._reminder = reminder
        self._store = reminder.store
        self._world = world
        self._practice = practice
        self._clock = clock

    async def read(self, chapter: Chapter) -> None:
        chapter.at("asking the EHR, day by day")
        reports = [await sync.run(everything=True) for sync in self._reminder.syncs]
        if not all(report.available for report in reports):
            raise SandboxError("the EHR did not answer")
        entries = await self._store.quarantine.open()
        self.summary.read = sum(report.read for report in reports)
        self.summary.quarantined = len(entries)
        patients = sum(report.patients for report in reports)
        chapter.tell(f"{self.summary.read} appointments of {patients} patients")
        chapter.tell(f"{len(entries)} unreadable, in quarantine:")
        for entry in entries:
            chapter.tell(f"  {entry.path} {entry.problem}")

    async def plan(self, chapter: Chapter) -> None:
        chapter.at("deciding who is told, when and how")
        counts = await self._reminder.plan.run()
        self.summary.planned = counts.planned
        self.summary.skipped = await count_skipped(self._store)
        skipped = sum(self.summary.skipped.values())
        chapter.tell(f"{counts.planned} reminders")
        commonest = list(self.summary.skipped.items())[:_REASONS_TOLD]
        reasons = ", ".join(f"{n} {reason}" for reason, n in commonest)
        chapter.tell(f"{skipped} steps skipped, each for a reason: {reasons} …")

    async def send(self, chapter: Chapter) -> None:
        """A day and an hour of the clinic go by, from due instant to due instant."""
        begins, ends = self._clock(), self._next_morning()
        latest, same = begins, 0
        while (due_at := await self._store.queue.next_due_at()) and due_at <= ends:
            same = same + 1 if due_at <= latest else 0
            if same > _STUCK_AFTER:
                raise SandboxError("a message is due and does not go")
            latest = max(latest, due_at)
            self._clock.advance_to(due_at)
            when = format_datetime(due_at, "EEEE h:mm a", tzinfo=HARBOR.zone)
            chapter.at(
                f"{when}, {self._messages()} messages", *_part(begins, ends, due_at)
            )
            await self._reminder.dispatch.run()
            await self._world.twilio.settled()
        self._clock.advance_to(ends)
        await self._tell_sent(chapter)

    async def answer(self, chapter: Chapter) -> None:
        chapter.at("patients open their links")
        done = await answer_links(self._world, self._practice, self._clock())
        await self._world.twilio.settled()
        self.summary.answers = await count_answers(self._store)
        told = ", ".join(f"{n} {name}" for name, n in self.summary.answers.items())
        chapter.tell(f"{told}, each from a link and a date of birth")
        for line in done:
            chapter.tell(line)

    async def write_back(self, chapter: Chapter) -> None:
        chapter.at("writing into the EHR what was sent and answered")
        await self._reminder.write_back.run()
        self.summary.write_backs = await count_write_backs(self._store)
        # What the answers set off: somebody who was promised news is told.
        await self._reminder.plan.run()
        await self._reminder.dispatch.run()
        await self._world.twilio.settled()
        counts = self.summary.write_backs
        chapter.tell(
            f"{counts['done']} entries in the EHR, "
            f"{counts['waiting']} waiting, {counts['failed']} failed"
        )

    async def _tell_sent(self, chapter: Chapter) -> None:
        self.summary.sent = await count_sent(self._store)
        emails = self.summary.sent["email"].get("tls", 0)
        texts = self.summary.sent["sms"].get("pickup", 0)
        over = sorted({mail.protocol for mail in self._world.mail.mailbox.mails})
        chapter.tell(f"{emails} e-mails over {' and '.join(over)}, {texts} texts")
        chapter.tell("texts hold no patient data, only a link that asks who you are")
        needed = len(await self._store.worklist.open())
        chapter.tell(f"{needed} on the worklist: they need a human")

    def _messages(self) -> int:
        return len(self._world.mail.mailbox.mails) + len(self._world.phones.messages)

    def _next_morning(self) -> datetime:
        tomorrow = business_days(self._practice.first_day, 7)[1]
        return datetime.combine(tomorrow, _ENDS, tzinfo=HARBOR.zone)


def _part(begins: datetime, ends: datetime, at: datetime) -> tuple[float, float]:
    return (at - begins).total_seconds(), (ends - begins).total_seconds()
