import io
import time
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from reminder.app.serve import pages
from reminder.app.wiring import open_app
from reminder.sandbox.clock import SandboxClock, first_instant
from reminder.sandbox.generator import Practice
from reminder.sandbox.narrator import Narrator
from reminder.sandbox.serving import free_port
from reminder.sandbox.settings_text import write_settings
from reminder.sandbox.story import open_world, tell
from reminder.settings.load import load


async def test_the_story_goes_from_a_filled_ehr_to_answers_in_it(
    tmp_path: Path, spring: Practice
) -> None:
    begins = first_instant(date(2027, 2, 26), ZoneInfo("America/New_York"))
    clock = SandboxClock(begins, time.monotonic)
    narrator = Narrator(Console(file=io.StringIO()), time.monotonic)

    async with open_world(tmp_path / "sandbox", spring, clock, narrator) as world:
        loaded = load(write_settings(world, tmp_path / "reminder", port=free_port()))
        async with open_app(loaded, clock) as app, pages(app):
            summary = await tell(app, world, spring, clock, narrator)

    assert summary.read >= 300
    assert summary.quarantined == 5
    assert summary.answers == {"confirmed": 1, "rescheduled": 1, "cancelled": 1}
    assert set(summary.sent["email"]) == {"tls"}
    assert set(summary.sent["sms"]) == {"pickup"}
    assert summary.write_backs["waiting"] == summary.write_backs["failed"] == 0
    # Whoever could not be told by a machine is left to a human, and nobody else.
    assert summary.planned > 500
    for reason in ("cancelled", "deceased", "noshow", "opted-out", "no-guardian"):
        assert summary.skipped[reason] > 0
    assert list(summary.as_json()) == [
        "read",
        "quarantined",
        "planned",
        "skipped",
        "sent",
        "answers",
        "write_backs",
        "seconds",
    ]
    for mail in world.mail.mailbox.mails:
        assert mail.protocol in ("TLSv1.2", "TLSv1.3")
