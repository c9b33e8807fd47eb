"""What a store would keep of a window, or of what changed."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from reminder.ehr.ehr import EHR
from reminder.model.readings import (
    Reading,
    Unreadable,
    Window,
    WindowEnd,
    WindowPage,
)
from tests.ehr.pretend import Resource, fixture

START = datetime(2027, 3, 1, 5, tzinfo=UTC)
END = START + timedelta(days=1)
DAY = Window(START, END)


class Kept:
    """Everything that was kept, the later over the earlier."""

    def __init__(self) -> None:
        self.pages: list[WindowPage] = []
        self.readings: dict[str, Reading] = {}
        self.unchanged: set[str] = set()
        self.unreadable: list[Unreadable] = []
        self.end = WindowEnd()
        self.cursor: str | None = None

    async def keep(self, page: WindowPage) -> None:
        self.pages.append(page)
        self.readings |= {each.appointment_id: each for each in page.readings}
        self.unchanged |= page.unchanged
        self.unreadable += [
            one for one in page.unreadable if one not in self.unreadable
        ]

    @property
    def ids(self) -> set[str]:
        return set(self.readings)

    @property
    def fingerprints(self) -> dict[str, str]:
        return {id_: each.fingerprint for id_, each in self.readings.items()}


async def read(
    ehr: EHR, window: Window = DAY, known: Mapping[str, str] | None = None
) -> Kept:
    """A window, read to its end."""
    kept = Kept()
    kept.end = await ehr.read(window, known or {}, kept.keep)
    return kept


async def read_changes(ehr: EHR, since: str | None) -> Kept:
    """What changed since the cursor."""
    kept = Kept()
    kept.cursor = await ehr.read_changes(since, kept.keep)
    return kept


def visit(
    number: int, start: str = "2027-03-01T14:00:00Z", **changes: object
) -> Resource:
    """An appointment `v1`, `v2` and so on."""
    return fixture("appointment-booked", id=f"v{number}", start=start, **changes)
