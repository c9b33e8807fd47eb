import json

from reminder.sandbox.faults import Fault
from tests.cli.outside import Clinic


def test_what_cannot_be_read_is_listed_without_what_it_held(clinic: Clinic) -> None:
    clinic.types("sync", "--once")

    result = clinic.types("quarantine")

    header, row = result.stdout.splitlines()
    assert result.exit_code == 0
    assert header == "last seen\tconnection\tresource\tid\tpath\tproblem"
    assert row.split("\t")[1:] == [
        "sandbox",
        "Appointment",
        "broken",
        "Appointment.start",
        "instant-without-zone",
    ]


def test_a_script_gets_the_quarantine_as_json(clinic: Clinic) -> None:
    clinic.types("sync", "--once")

    [entry] = json.loads(clinic.types("quarantine", "--json").stdout)

    assert (entry["resource_id"], entry["problem"]) == (
        "broken",
        "instant-without-zone",
    )
    assert entry["first_seen_at"].endswith("+00:00")


def test_what_needs_a_human_is_listed(clinic: Clinic) -> None:
    clinic.types("sync", "--once")

    table = clinic.types("worklist")
    [entry] = json.loads(clinic.types("worklist", "--json").stdout)

    header, row = table.stdout.splitlines()
    assert header == "since\tkind\tclinic\tappointment\twhat to do\tdetails"
    assert row.split("\t")[1:4] == ["no-clinic", "", "stray"]
    assert entry["kind"] == "no-clinic"
    assert entry["appointment"] == ["sandbox", "stray", "ana"]


def test_nothing_to_list_is_only_the_header_for_a_pipe(clinic: Clinic) -> None:
    assert len(clinic.types("quarantine").stdout.splitlines()) == 1
    assert json.loads(clinic.types("worklist", "--json").stdout) == []


def test_looking_needs_no_ehr(clinic: Clinic) -> None:
    with clinic.outside.ill(Fault(status=500)):
        assert clinic.types("worklist").exit_code == 0
