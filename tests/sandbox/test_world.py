import stat
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from reminder.ehr.ehr import EHR
from reminder.model.offsets import (
    BusinessDaysBefore,
    HoursBefore,
    WhenCancelled,
    WhenMoved,
)
from reminder.model.readings import Window, WindowEnd
from reminder.sandbox.generator import Practice
from reminder.sandbox.settings_text import CONNECTION, write_settings
from reminder.sandbox.world import World
from reminder.settings.load import load
from tests.ehr.keeping import read

TEN = datetime(2027, 3, 1, 15, tzinfo=UTC)


def now() -> datetime:
    return TEN


async def test_the_world_starts_answers_and_is_gone_again(
    tmp_path: Path, spring: Practice
) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        async with World(tmp_path / "sandbox", now, spring) as world:
            addresses = [
                f"{world.fhir_base_url}/metadata",
                world.mailbox_url,
                world.phone_url,
                world.ehr_url,
            ]
            answers = [(await client.get(address)).status_code for address in addresses]
        for address in addresses:
            with pytest.raises(httpx.ConnectError):
                await client.get(address)

    assert answers == [200, 200, 200, 200]


async def test_reminder_reads_the_world_by_the_settings_written_for_it(
    tmp_path: Path, spring: Practice
) -> None:
    async with World(tmp_path / "sandbox", now, spring) as world:
        loaded = load(write_settings(world, tmp_path / "reminder", port=8443))
        await world.fill()
        [connection] = loaded.settings.connection
        ehr = EHR(CONNECTION, connection.ehr_config(), clock=now)
        kept = await read(ehr, Window(TEN, TEN.replace(day=15)))
        await ehr.aclose()

    assert len(kept.unreadable) == 5
    assert len(kept.ids) > 300
    assert kept.end == WindowEnd()


async def test_the_written_settings_name_both_clinics_and_their_steps(
    tmp_path: Path, spring: Practice
) -> None:
    async with World(tmp_path / "sandbox", now, spring) as world:
        loaded = load(write_settings(world, tmp_path / "reminder", port=8443))
        secret = tmp_path / "reminder" / "twilio-token"

    zones = {clinic.zone.key for clinic in loaded.settings.directory().clinics}
    [rule] = loaded.settings.directory().clinics[0].ruleset.rules
    assert zones == {"America/New_York", "America/Chicago"}
    assert [type(step.offset) for step in rule.steps] == [
        WhenMoved,
        WhenCancelled,
        BusinessDaysBefore,
        HoursBefore,
        HoursBefore,
    ]
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert set(loaded.transports) == {"smtp", "twilio-sms"}
