import json
import sqlite3
from pathlib import Path

import pytest

from reminder.sandbox.faults import Fault
from reminder.store.single_worker import single_worker
from tests.cli.outside import SECRETS, Clinic


def test_sync_reads_and_plans_and_says_how_much(clinic: Clinic) -> None:
    result = clinic.types("sync", "--once")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "sandbox: 2 read, 0 unchanged, 1 quarantined, 0 gone.",
        "0 planned, 0 withdrawn.",
    ]


def test_sync_again_reads_nothing_new(clinic: Clinic) -> None:
    clinic.types("sync", "--once")

    result = clinic.types("sync", "--once", "--json")

    printed = json.loads(result.stdout)
    assert printed["connections"]["sandbox"]["available"] is True
    assert printed["connections"]["sandbox"]["unchanged"] == 2
    assert printed["plan"]["planned"] == 0


def test_an_ehr_that_does_not_answer_is_said_and_safe_to_retry(
    clinic: Clinic,
) -> None:
    with clinic.outside.ill(Fault(status=503)):
        result = clinic.types("sync", "--once")

    assert result.exit_code == 4
    assert result.stdout.splitlines()[0] == (
        "sandbox: could not be read (GET metadata: 503); nothing was lost."
    )
    assert "ehr_unavailable" in result.stderr


def communications(clinic: Clinic) -> int:
    """How often the EHR was told that a message was sent."""
    search = clinic.outside.world.ehr.search("Communication?subject=Patient/ana")
    return len(clinic.outside.do(search))


def ana_in(folder: Path) -> list[Path]:
    """The files that hold anything of her."""
    files = [file for file in folder.iterdir() if file.is_file()]
    words = [secret.encode() for secret in SECRETS if len(secret) > len("Ana")]
    return [file for file in files if any(one in file.read_bytes() for one in words)]


def test_what_is_due_is_sent_and_the_ehr_is_told(clinic: Clinic) -> None:
    clinic.read_an_hour_ago()
    before = communications(clinic)

    result = clinic.types("dispatch", "--once")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "1 sent, 0 not sent, 0 held, 0 withdrawn",
        "1 written into the EHR, 0 waiting, 0 failed",
    ]
    [mail] = clinic.outside.mails()
    assert "Ana" in mail
    assert ana_in(clinic.folder) == []
    assert communications(clinic) == before + 1


def test_dispatch_goes_on_until_the_pace_has_let_everything_go(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sends one, looks again when the pace allows it, and still tells of the one."""
    monkeypatch.setenv("REMINDER_TRANSPORT__SMTP__SEGMENTS_PER_S", "1")
    clinic.read_an_hour_ago()

    result = clinic.types("dispatch", "--once", "--json")

    assert json.loads(result.stdout)["sent"] == 1


def test_dispatch_tells_a_script_in_json(clinic: Clinic) -> None:
    result = clinic.types("dispatch", "--once", "--json")

    assert json.loads(result.stdout) == {
        "sent": 0,
        "not_sent": 0,
        "held": 0,
        "withdrawn": 0,
        "write_backs": {"done": 0, "waiting": 0, "failed": 0},
    }


def test_what_the_ehr_cannot_be_asked_about_is_held(clinic: Clinic) -> None:
    clinic.read_an_hour_ago()

    with clinic.outside.ill(Fault(status=503)):
        result = clinic.types("dispatch", "--once", "--json")

    assert json.loads(result.stdout)["held"] == 1
    assert clinic.outside.mails() == []


def test_work_by_hand_asks_for_once(clinic: Clinic) -> None:
    for command in ("sync", "dispatch"):
        result = clinic.types(command)

        assert result.exit_code == 2
        assert "--once" in result.stderr


def test_beside_another_working_process_nothing_is_done(clinic: Clinic) -> None:
    clinic.types("sync", "--once")
    with single_worker(f"sqlite:///{clinic.folder}/reminder.db"):
        for command in ("sync", "dispatch"):
            result = clinic.types(command, "--once")

            assert result.exit_code == 5
            assert result.stderr.splitlines()[0] == (
                "Another process already works on this SQLite database."
            )


def test_looking_is_allowed_beside_a_working_process(clinic: Clinic) -> None:
    clinic.types("sync", "--once")
    with single_worker(f"sqlite:///{clinic.folder}/reminder.db"):
        result = clinic.types("worklist")

    assert result.exit_code == 0


def test_db_upgrade_makes_the_tables_and_may_be_repeated(clinic: Clinic) -> None:
    first = clinic.types("db", "upgrade")
    second = clinic.types("db", "upgrade")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout == "The database is up to date.\n"
    with sqlite3.connect(clinic.folder / "reminder.db") as database:
        [count] = database.execute("SELECT count(*) FROM appointment").fetchone()
    assert count == 0


def test_a_database_of_another_key_ring_is_refused(clinic: Clinic) -> None:
    clinic.types("sync", "--once")
    (clinic.folder / "keys.json").unlink()

    result = clinic.types("sync", "--once")

    assert result.exit_code == 3
    assert result.stderr.splitlines() == [
        "The database was encrypted with another key ring.",
        "  why    keys.json is missing",
        "  do     Point [keys] at the key ring this database was made with.",
    ]


def test_a_rule_that_names_no_template_is_refused_by_name(clinic: Clinic) -> None:
    clinic.change('"24 hours before",', '"24 hours before", template = "welcome",')

    result = clinic.types("sync", "--once")

    assert result.exit_code == 3
    assert "welcome" in result.stderr
    assert result.stderr.startswith("A template cannot be used.")
