import asyncio
import json

import pytest

from reminder.app.wiring import open_app
from reminder.cli.errors import Exit
from reminder.model.appointments import AppointmentKey
from reminder.model.worklist import WorklistEntry, WorklistKind
from reminder.sandbox.faults import Fault
from reminder.settings.load import load
from tests.cli.outside import STARTS_AT, Clinic


def put(clinic: Clinic, entry: WorklistEntry) -> None:
    """It needs a human from now on."""

    async def add() -> None:
        async with open_app(load(clinic.file), works=False) as opened:
            await opened.store.worklist.add(entry)

    asyncio.run(add())


def test_what_cannot_be_read_is_listed_without_what_it_held(clinic: Clinic) -> None:
    clinic.types("sync", "--once")

    result = clinic.types("quarantine")

    header, row = result.stdout.splitlines()
    assert result.exit_code == 0
    assert header == (
        "first seen\tlast seen\tconnection\tresource\tid\tpath\tproblem\twhat to do"
    )
    assert row.split("\t")[2:] == [
        "sandbox",
        "Appointment",
        "broken",
        "Appointment.start",
        "instant-without-zone",
        "It does not say in which time zone: set the connection's site_zone.",
    ]


def test_a_script_gets_the_quarantine_as_json(clinic: Clinic) -> None:
    clinic.types("sync", "--once")

    [entry] = json.loads(clinic.types("quarantine", "--json").stdout)

    assert (entry["resource_id"], entry["problem"]) == (
        "broken",
        "instant-without-zone",
    )
    assert entry["first_seen_at"].endswith("+00:00")
    assert entry["what_to_do"].endswith("set the connection's site_zone.")
    assert entry["repaired"] is False


def test_what_was_read_after_a_repair_is_marked(clinic: Clinic) -> None:
    clinic.change("burst = 500", 'burst = 500\nsite_zone = "UTC"')
    clinic.types("sync", "--once")

    [entry] = json.loads(clinic.types("quarantine", "--json").stdout)

    assert (entry["resource_id"], entry["repaired"]) == ("broken", True)
    assert entry["what_to_do"].startswith("Read after a repair: It does not say")


def test_the_quarantine_of_one_connection_can_be_asked_for(clinic: Clinic) -> None:
    clinic.types("sync", "--once")

    mine = clinic.types("quarantine", "--connection", "sandbox", "--json")
    other = clinic.types("quarantine", "--connection", "elsewhere", "--json")

    assert len(json.loads(mine.stdout)) == 1
    assert other.exit_code == Exit.WRONG_USE
    assert "There is no connection elsewhere." in other.stderr + other.stdout


def test_what_needs_a_human_is_listed(clinic: Clinic) -> None:
    clinic.types("sync", "--once")

    table = clinic.types("worklist")
    [entry] = json.loads(clinic.types("worklist", "--json").stdout)

    header, row = table.stdout.splitlines()
    assert header == "since\tkind\tclinic\tappointment\twhat to do\tdetails"
    assert row.split("\t")[1:4] == ["no-clinic", "", "stray"]
    assert entry["kind"] == "no-clinic"
    assert entry["appointment"] == ["sandbox", "stray", "ana"]


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (WorklistKind.EHR_SILENT, "sandbox: The EHR is silent, reminders are held"),
        (WorklistKind.EHR_IGNORES, "sandbox: The EHR ignores what it is asked"),
        (WorklistKind.EHR_INCOMPLETE, "sandbox: The EHR does not tell us of all"),
        (WorklistKind.EHR_UNREAD, "sandbox: The EHR cannot be read to the end"),
        (WorklistKind.VANISHED_EN_MASSE, "sandbox: Very many vanished at once"),
        (
            WorklistKind.CHANGE_REQUESTED,
            "The patient asked for it: enter it in the EHR",
        ),
    ],
)
def test_what_concerns_a_whole_ehr_says_which(
    clinic: Clinic, kind: WorklistKind, says: str
) -> None:
    visit = AppointmentKey("sandbox", "visit", "ana")
    is_one = kind is WorklistKind.CHANGE_REQUESTED
    put(
        clinic,
        WorklistEntry(
            kind=kind,
            subject="sandbox/visit/ana" if is_one else "sandbox",
            at=STARTS_AT,
            appointment=visit if is_one else None,
            details=("since 2027-03-01T12:00Z",),
        ),
    )

    row = clinic.types("worklist").stdout.splitlines()[1].split("\t")

    assert row[1:4] == [kind, "", "visit" if is_one else ""]
    assert row[4].startswith(says)
    assert row[5] == "since 2027-03-01T12:00Z"


def test_nothing_to_list_is_only_the_header_for_a_pipe(clinic: Clinic) -> None:
    assert len(clinic.types("quarantine").stdout.splitlines()) == 1
    assert json.loads(clinic.types("worklist", "--json").stdout) == []


def test_looking_needs_no_ehr(clinic: Clinic) -> None:
    with clinic.outside.ill(Fault(status=500)):
        assert clinic.types("worklist").exit_code == 0
