"""An EHR as a clinic has one: it is written to by hand, and read by any search plan."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from reminder.ehr.errors import EHRRefused
from reminder.flows.pages import KeepPage
from reminder.model.answers import Communication
from reminder.model.appointments import Appointment, AppointmentKey
from reminder.model.capabilities import SearchPlan
from reminder.model.clock import Clock
from reminder.model.people import Patient
from reminder.model.readings import (
    Gone,
    PatientReadings,
    Reading,
    Unreadable,
    Window,
    WindowEnd,
    WindowPage,
)
from tests.fakes import FakeClock, FakeEHR

NOW = datetime(2027, 3, 2, 15, tzinfo=UTC)
"""Tuesday, ten o'clock in New York; whoever comes tomorrow at ten is told now."""

DAY = timedelta(days=1)


async def nothing() -> None:
    """What usually happens in the meantime."""


@dataclass
class ClinicEHR(FakeEHR):
    """Reads as a FHIR server would: by period, by id, and by what changed since.

    `error` is raised by every call, or only by those of `error_in`; of a window
    it is raised after `pages_before_error` pages. `broken` are appointments
    nobody can read, `closed` are those it shows to nobody. `meanwhile` happens
    once, while it answers for appointments by their ids, what is `on_the_way`
    once while the first page with anybody on it is. `asked` keeps the ids
    asked for, `pages` how many appointments each page had. What is not wholly
    told of is `incomplete`; who `ignores_date` sends what was not asked for.
    """

    clock: Clock = field(default_factory=lambda: FakeClock(NOW))
    search_plan: SearchPlan = SearchPlan.BY_DATE
    plan_name: str = "plan-1"
    roster: tuple[str, ...] = ()
    patients_at_once: int = 2
    page_size: int = 100
    people: dict[str, Patient] = field(default_factory=dict)
    broken: dict[str, Unreadable] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    history: list[str] = field(default_factory=list)
    recorded: list[Communication] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)
    incremental: bool = True
    incomplete: Callable[[Window], bool] = lambda _: False
    ignores_date: bool = False
    error_in: str = ""
    pages_before_error: int = 0
    meanwhile: Callable[[], Awaitable[None]] = nothing
    on_the_way: Callable[[], Awaitable[None]] = nothing
    between_pages: Callable[[], Awaitable[None]] = nothing

    def put(self, *resources: Appointment | Patient) -> None:
        """Somebody at the clinic writes these."""
        for resource in resources:
            if isinstance(resource, Patient):
                self.people[resource.key.patient_id] = resource
            else:
                self._keep(resource)
                self.history.append(resource.key.appointment_id)

    def change(self, key: AppointmentKey, **changes: Any) -> None:
        """Somebody at the clinic changes a booking."""
        self.put(replace(self.bookings[key], **changes))

    def delete(self, *appointment_ids: str) -> None:
        """Somebody at the clinic deletes appointments for good."""
        for key in [one for one in self.bookings if one[1] in appointment_ids]:
            del self.bookings[key]

    async def windows(
        self, start: datetime, end: datetime, patient_ids: Sequence[str]
    ) -> list[Window]:
        """Days, the roster's days, or some patients at a time."""
        match self.search_plan:
            case SearchPlan.BY_PATIENT:
                refs = [f"Patient/{one}" for one in patient_ids]
                return [
                    Window(start, end, of) for of in _some(refs, self.patients_at_once)
                ]
            case SearchPlan.BY_ID:
                return []
            case _:
                parts = [(one,) for one in self.roster] or [()]
                return [
                    Window(day, day + DAY, of)
                    for day in (start + n * DAY for n in range((end - start) // DAY))
                    for of in parts
                ]

    async def read(
        self, window: Window, known: Mapping[str, str], keep: KeepPage
    ) -> WindowEnd:
        """All of one window, a page at a time, as it is when the page is asked for."""
        of = "".join(f" {one}" for one in window.of)
        name = f"window {window.start:%d %H:%M}-{window.end:%d %H:%M}{of}"
        error, self.error = self.error, None
        await self._called(name)
        self.error = error if name.startswith(self.error_in) else None
        asked_at, inside = self.clock(), self._inside(window)
        try:
            for number, ids in enumerate(_some(inside, self.page_size) or [()]):
                if self.error and number >= self.pages_before_error:
                    raise self.error
                page = self._page(asked_at, ids, known)
                if ids:
                    happens, self.on_the_way = self.on_the_way, nothing
                    await happens()
                await keep(page)
                await self.between_pages()
        finally:
            self.error = error
        surplus = len(self.bookings) - len(inside) if self.ignores_date else 0
        return WindowEnd(not self.incomplete(window), surplus)

    async def read_changes(self, since: str | None, keep: KeepPage) -> str | None:
        """What was written since the cursor."""
        await self._called("changes")
        if not self.incremental:
            return None
        asked_at, cursor = self.clock(), str(len(self.history))
        news = self.history[int(since or len(self.history)) :]
        for ids in _some(list(dict.fromkeys(news)), self.page_size):
            await keep(self._page(asked_at, ids, {}))
        return cursor

    async def appointments(
        self, ids: Sequence[str], known: Mapping[str, str] | None = None
    ) -> list[Reading | Unreadable | Gone]:
        """Each as it is now; no answer for one that is as it is known."""
        self.asked.append(list(ids))
        await self._called("appointments")
        if self.closed & {*ids}:
            raise EHRRefused("GET Appointment: 403 forbidden")
        answers = [self.reading(one) for one in ids]
        happens, self.meanwhile = self.meanwhile, nothing
        await happens()
        return [one for one in answers if not _is_known(one, known or {})]

    def _inside(self, window: Window) -> list[str]:
        inside = [
            key.appointment_id
            for key, booking in self.bookings.items()
            if window.start <= booking.start_at < window.end
            and (not window.of or _of(booking) & {*window.of})
        ]
        return list(dict.fromkeys([*inside, *self.broken]))

    def _page(
        self, asked_at: datetime, ids: Sequence[str], known: Mapping[str, str]
    ) -> WindowPage:
        self.pages.append(len(ids))
        answers = [self.reading(one) for one in ids]
        changed = [one for one in answers if not _is_known(one, known)]
        return WindowPage(
            asked_at,
            tuple(one for one in changed if isinstance(one, Reading)),
            frozenset(
                one.appointment_id
                for one in answers
                if isinstance(one, Reading) and _is_known(one, known)
            ),
            tuple(one for one in changed if isinstance(one, Unreadable)),
        )

    async def patients(self, ids: Sequence[str]) -> PatientReadings:
        await self._called("patients")
        return PatientReadings(
            tuple(self.people[one] for one in ids if one in self.people)
        )

    async def record(self, communication: Communication) -> None:
        await self._called("record")
        if communication not in self.recorded:
            self.recorded.append(communication)

    async def _called(self, name: str) -> None:
        error, self.error = self.error, None
        if name.startswith(self.error_in):
            self.error = error
        try:
            await super()._called(name)
        finally:
            self.error = error

    def _keep(self, booking: Appointment) -> Reading:
        bare = replace(booking, fingerprint="", seen_at=None)
        kept = replace(bare, fingerprint=repr(bare))
        self.bookings[kept.key] = kept
        return Reading(kept.key.appointment_id, kept.fingerprint, (kept,))

    def reading(self, appointment_id: str) -> Reading | Unreadable | Gone:
        """One resource as it is now."""
        if appointment_id in self.broken:
            return self.broken[appointment_id]
        bookings = [
            booking
            for key, booking in self.bookings.items()
            if key.appointment_id == appointment_id
        ]
        if not bookings:
            return Gone(appointment_id)
        return Reading(appointment_id, bookings[0].fingerprint, tuple(bookings))


def _some(values: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(values[at : at + size]) for at in range(0, len(values), size)]


def _of(booking: Appointment) -> set[str]:
    place = booking.place
    location = set() if place is None else {f"Location/{place.location_id}"}
    return {f"Patient/{booking.key.patient_id}"} | location


def _is_known(answer: Reading | Unreadable | Gone, known: Mapping[str, str]) -> bool:
    return (
        isinstance(answer, Reading)
        and known.get(answer.appointment_id) == answer.fingerprint
    )
