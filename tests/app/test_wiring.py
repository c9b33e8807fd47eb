import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from reminder.app import current
from reminder.app.places import database_url
from reminder.app.wiring import App, open_app
from reminder.ehr.ehr import EHR
from reminder.messages.render import TemplateError
from reminder.model.people import Channel, PatientKey
from reminder.model.readings import Reading
from reminder.model.rulesets import RulesetDocument
from reminder.settings.load import Loaded
from reminder.store.errors import KeyRingMismatch, KeyRingUnreadable, SchemaOutdated
from reminder.store.schema import is_current, upgrade
from tests.app.places import SETTINGS, install
from tests.flows.world import MAIN, patient, visit
from tests.postgres import PostgreSQL

ANA = PatientKey(MAIN, "p1")


async def opened(loaded: Loaded) -> App:
    async with open_app(loaded) as app:
        return app


async def test_an_empty_folder_gets_a_database_and_a_key_ring(tmp_path: Path) -> None:
    loaded = install(tmp_path)

    app = await opened(loaded)

    assert is_current(database_url(loaded))
    for name in ("reminder.db", "keys.json"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert set(app.transports) == {Channel.EMAIL}
    assert isinstance(app.ehrs[MAIN], EHR)


TWO_FOR_TEXTS = """
[transport.webhook-sms]
url = "http://127.0.0.1:9/sms"
secret = "env:THE_SECRET"

[transport.twilio-sms]
account_sid = "AC00000000000000000000000000000000"
auth_token = "env:THE_SECRET"
from_number = "+15550123"
share = 3
"""


async def test_one_channel_may_have_several_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_SECRET", f"whsec_{'A' * 32}")
    app = await opened(install(tmp_path, SETTINGS + TWO_FOR_TEXTS))

    assert [one.name for one in app.transports[Channel.SMS]] == [
        "webhook-sms",
        "twilio-sms",
    ]


async def test_it_opens_again_with_the_same_keys(tmp_path: Path) -> None:
    loaded = install(tmp_path)
    await opened(loaded)
    ring = (tmp_path / "keys.json").read_bytes()

    await opened(loaded)

    assert (tmp_path / "keys.json").read_bytes() == ring


async def test_another_key_ring_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    loaded = install(tmp_path)
    await opened(loaded)
    await opened(install(other))

    (other / "keys.json").replace(tmp_path / "keys.json")

    with pytest.raises(KeyRingMismatch):
        await opened(loaded)
    assert (tmp_path / "keys.json").exists()


async def test_a_lost_key_ring_is_not_replaced_by_a_new_one(tmp_path: Path) -> None:
    loaded = install(tmp_path)
    await opened(loaded)
    (tmp_path / "keys.json").unlink()

    with pytest.raises(KeyRingMismatch, match=r"keys\.json is missing"):
        await opened(loaded)

    assert not (tmp_path / "keys.json").exists()


async def test_a_key_ring_that_is_none_is_refused(tmp_path: Path) -> None:
    loaded = install(tmp_path)
    (tmp_path / "keys.json").write_text("{}")

    with pytest.raises(KeyRingUnreadable):
        await opened(loaded)


async def test_the_key_ring_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(install(tmp_path))
    ring = (tmp_path / "keys.json").read_text()
    (tmp_path / "keys.json").unlink()
    monkeypatch.setenv("THE_RING", ring)
    text = SETTINGS + '\n[keys]\nring = "env:THE_RING"\n'

    await opened(install(tmp_path, text))

    assert not (tmp_path / "keys.json").exists()


def on_postgres(folder: Path, url: str) -> Loaded:
    return install(folder, SETTINGS + f'\n[database]\nurl = "{url}"\n')


@pytest.mark.postgres
async def test_on_postgresql_outdated_tables_are_refused_and_left_alone(
    tmp_path: Path, postgresql: PostgreSQL
) -> None:
    with postgresql.new_database() as url:
        loaded = on_postgres(tmp_path, url)

        with pytest.raises(SchemaOutdated):
            await opened(loaded)

        assert not is_current(url)


@pytest.mark.postgres
async def test_on_postgresql_it_opens_once_the_tables_are_there(
    tmp_path: Path, postgresql: PostgreSQL
) -> None:
    with postgresql.new_database() as url:
        upgrade(url)

        app = await opened(on_postgres(tmp_path, url))

    assert app.store.database.is_postgres


@pytest.mark.postgres
async def test_a_password_of_the_settings_goes_into_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PASSWORD", "p@ss/word")
    text = SETTINGS + (
        '\n[database]\nurl = "postgresql://reminder@db/reminder"\n'
        'password = "env:DB_PASSWORD"\n'
    )
    loaded = install(tmp_path, text)

    assert database_url(loaded) == "postgresql://reminder:p%40ss%2Fword@db/reminder"
    assert "p@ss" not in repr(loaded)


async def test_a_rule_that_names_no_template_is_refused_by_name(
    tmp_path: Path,
) -> None:
    text = SETTINGS.replace(
        'channels = ["email"]', 'channels = ["email"], template = "welcome"'
    )

    with pytest.raises(TemplateError, match="welcome"):
        await opened(install(tmp_path, text))


async def planned_everybody(app: App) -> None:
    await app.store.appointments.keep(
        MAIN, [Reading("a1", "f", (visit(),))], seen_at=app.clock()
    )
    await app.store.appointments.keep_patients(
        MAIN, [patient()], asked=["p1"], seen_at=app.clock()
    )
    await app.plan.run()
    assert await app.store.appointments.to_plan(10) == []


CHANGES = {
    "an-offset": ('"24 hours before"', '"1 day before at 10:00"'),
    "a-kind-of-day": ('"24 hours before"', '"1 business day before at 10:00"'),
    "quiet-hours": (
        'locations = ["elm"]',
        'locations = ["elm"]\nquiet_hours = "21:00-07:00"',
    ),
    "a-location": ('locations = ["elm"]', 'locations = ["elm", "oak"]'),
    "a-closure": (
        'locations = ["elm"]',
        'locations = ["elm"]\nclosures = [2027-03-03]',
    ),
    "the-default-clinic": (
        'name = "main"',
        'name = "main"\ndefault_clinic = "elm"',
    ),
}


def fingerprint(folder: Path, text: str) -> str:
    return current.fingerprint(install(folder, text).settings.directory())


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_whatever_changes_in_the_rules_changes_their_fingerprint(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    before = fingerprint(tmp_path, SETTINGS)
    after = fingerprint(tmp_path, SETTINGS.replace(*change))

    assert before != after


async def test_other_rules_have_everyone_planned_again(tmp_path: Path) -> None:
    async with open_app(install(tmp_path)) as app:
        await planned_everybody(app)
    changed = install(tmp_path, SETTINGS.replace(*CHANGES["an-offset"]))

    async with open_app(changed) as app:
        due = await app.store.appointments.to_plan(10)

    assert due == [ANA]


async def test_the_same_rules_have_nobody_planned_again(tmp_path: Path) -> None:
    async with open_app(install(tmp_path)) as app:
        await planned_everybody(app)

    async with open_app(install(tmp_path)) as app:
        due = await app.store.appointments.to_plan(10)

    assert due == []


async def test_who_only_looks_leaves_the_plans_to_those_at_work(
    tmp_path: Path,
) -> None:
    """They may go by other rules: what they plan must not count as up to date."""
    async with open_app(install(tmp_path)) as app:
        await planned_everybody(app)
    changed = install(tmp_path, SETTINGS.replace(*CHANGES["an-offset"]))

    async with open_app(changed, works=False) as app:
        looked = await app.store.appointments.to_plan(10)

    assert looked == []


PRINT = """
import sys
from pathlib import Path
from reminder.app.current import fingerprint
from reminder.settings.load import load
print(fingerprint(load(Path(sys.argv[1])).settings.directory()))
"""


def test_the_rules_have_the_same_fingerprint_in_every_process(tmp_path: Path) -> None:
    places = ", ".join(f'"place-{number}"' for number in range(30))
    closed = ", ".join(f"2027-05-{day:02}" for day in range(1, 30))
    text = SETTINGS.replace(
        'locations = ["elm"]', f"locations = [{places}]\nclosures = [{closed}]"
    )
    here = fingerprint(tmp_path, text)

    there = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", PRINT, str(tmp_path / "reminder.toml")],
        # Another seed for the hashes of strings than this process can have.
        env=os.environ | {"PYTHONHASHSEED": "1"},  # noqa: TID251 - a process's own
        capture_output=True,
        text=True,
        check=True,
    )

    assert there.stdout.strip() == here


async def test_planning_ends_first_what_came_too_late(tmp_path: Path) -> None:
    """The plan alone would call it a visit that is over, and nobody would hear."""
    start = visit().start_at
    now = [start.replace(day=start.day - 2)]
    async with open_app(install(tmp_path), lambda: now[0]) as app:
        await planned_everybody(app)
        now[0] = start
        await app.store.appointments.keep_patients(
            MAIN, [patient(family="Okoro")], asked=["p1"], seen_at=start
        )

        await app.make_plans()

        [reminder] = await app.store.reminders.of_appointment("a1")
        [entry] = await app.store.worklist.open()
    assert (reminder.state, reminder.reason) == ("expired", "no-longer-useful")
    assert entry.kind == "unreachable"


async def test_the_rules_of_the_file_are_published_once_and_again_when_they_change(
    tmp_path: Path,
) -> None:
    await opened(install(tmp_path))
    await opened(install(tmp_path))
    changed = install(tmp_path, SETTINGS.replace(*CHANGES["an-offset"]))

    async with open_app(changed) as app:
        versions = await app.store.rulesets.history("elm")
        published_at = app.clinics().by_id("elm").ruleset.published_at

    assert [(one.version, one.by) for one in versions] == [
        (2, "reminder.toml"),
        (1, "reminder.toml"),
    ]
    assert published_at == versions[0].published_at


async def test_what_a_person_published_stands_against_the_file(tmp_path: Path) -> None:
    async with open_app(install(tmp_path)) as app:
        document = RulesetDocument(owner="elm")
        await app.rulesets.save(document, by="Ana", note="", revision=None)
        now = app.clock()
        await app.store.rulesets.publish(
            "elm", by="Ana", note="", now=now, revision=None
        )

    with capture_logs() as logs:
        async with open_app(install(tmp_path)) as app:
            ruleset = app.clinics().by_id("elm").ruleset

    assert (ruleset.rules, ruleset.version) == ((), 2)
    assert "passed_over_rules_of_the_file" in [line["event"] for line in logs]


async def test_rules_taken_out_of_the_file_are_in_force_no_more(
    tmp_path: Path,
) -> None:
    await opened(install(tmp_path))
    start, end = SETTINGS.index("[[clinic.rule]]"), SETTINGS.index("[transport")
    without = SETTINGS[:start] + SETTINGS[end:]

    async with open_app(install(tmp_path, without)) as app:
        ruleset = app.clinics().by_id("elm").ruleset

    assert (ruleset.rules, ruleset.version) == ((), 2)


async def test_what_is_published_meanwhile_has_everyone_planned_again(
    tmp_path: Path,
) -> None:
    async with open_app(install(tmp_path)) as app:
        await planned_everybody(app)
        await app.rulesets.save(
            RulesetDocument(owner="elm"), by="Ana", note="", revision=None
        )
        await app.store.rulesets.publish(
            "elm", by="Ana", note="", now=app.clock(), revision=None
        )

        first, again = await app.take_up_rules(), await app.take_up_rules()
        due = await app.store.appointments.to_plan(10)

    assert (first, again) == (True, False)
    assert due == [ANA]
