import json
from datetime import datetime

from tests.cli.outside import STARTS_AT, Clinic


def test_a_plan_tells_every_step_with_decision_reason_and_time(
    clinic: Clinic,
) -> None:
    clinic.read_an_hour_ago()

    result = clinic.types("plan", "--appointment", "visit", "--json")

    printed = json.loads(result.stdout)
    steps = {step["step"]: step for step in printed["steps"]}
    assert result.exit_code == 0
    assert (steps["week"]["decision"], steps["week"]["reason"]) == (
        "skipped",
        "too-late",
    )
    assert steps["week"]["why"].startswith("The moment for this step had passed")
    assert (steps["day"]["decision"], steps["day"]["channel"]) == ("planned", "email")
    assert datetime.fromisoformat(steps["day"]["start"]) == STARTS_AT
    assert (STARTS_AT - datetime.fromisoformat(steps["day"]["due"])).days == 1
    assert printed["tries"] == []


def test_what_was_tried_is_told_in_the_clinics_own_time(clinic: Clinic) -> None:
    clinic.read_an_hour_ago()
    clinic.types("dispatch", "--once")

    table = clinic.types("plan", "--appointment", "visit")
    printed = json.loads(
        clinic.types("plan", "--appointment", "visit", "--json").stdout
    )

    day = next(line for line in table.stdout.splitlines() if "\tday\t" in line)
    due, *rest = day.split("\t")
    assert due.endswith(("EST", "EDT"))
    assert rest[:4] == ["day", "sent", "email", "ana"]
    assert table.stdout.splitlines()[-1].endswith("\tsmtp\taccepted")
    [tried] = printed["tries"]
    assert tried["outcome"]["evidence"]["protocol"].startswith("TLS")


def test_a_stray_appointment_says_why_nothing_is_sent(clinic: Clinic) -> None:
    clinic.types("sync", "--once")

    result = clinic.types("plan", "--appointment", "stray", "--json")

    [step] = json.loads(result.stdout)["steps"]
    assert step["reason"] == "no-clinic"


def test_an_unknown_appointment_is_said_to_be_unknown(clinic: Clinic) -> None:
    table = clinic.types("plan", "--appointment", "nobody")
    script = clinic.types("plan", "--appointment", "nobody", "--json")

    assert (table.exit_code, script.exit_code) == (1, 1)
    assert table.stderr.splitlines() == [
        "Nothing is known of this appointment.",
        "  why    No EHR we read had nobody within its horizon.",
        "  do     Run: reminder sync --once",
    ]
    assert json.loads(script.stderr)["do"] == "Run: reminder sync --once"


def test_one_that_no_rule_is_for_is_known_all_the_same(clinic: Clinic) -> None:
    text = clinic.file.read_text()
    rule, transport = text.index("  [[clinic.rule]]"), text.index("[transport.smtp]")
    clinic.file.write_text(text[:rule] + text[transport:])
    clinic.types("sync", "--once")

    result = clinic.types("plan", "--appointment", "visit")

    assert (result.exit_code, result.stderr.count("Nothing is known")) == (0, 0)
