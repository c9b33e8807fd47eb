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
    assert steps["week"]["sentence"] == (
        "Not sent: the moment for this step had passed when we learned of it"
        " (5 business days before at 10:00, by the rule 'visits')."
    )
    assert (steps["day"]["decision"], steps["day"]["channel"]) == ("planned", "email")
    assert datetime.fromisoformat(steps["day"]["start"]) == STARTS_AT
    assert (STARTS_AT - datetime.fromisoformat(steps["day"]["due"])).days == 1
    assert steps["day"]["sentence"].startswith("E-mail on ")
    assert "24 hours before, by the rule 'visits'" in steps["day"]["sentence"]
    assert (steps["day"]["notes"], steps["day"]["told"]) == ([], None)
    assert printed["tries"] == []


def test_the_rule_is_told_and_why_it_was_chosen(clinic: Clinic) -> None:
    clinic.change(
        "  [[clinic.rule]]\n",
        """\
  [[clinic.rule]]
  name = "In person"
  match = { mode = "in-person" }
  steps = [{ id = "soon", offset = "2 hours before", channels = ["email"] }]

  [[clinic.rule]]
""",
    )
    clinic.read_an_hour_ago()

    table = clinic.types("plan", "--appointment", "visit").stdout
    printed = json.loads(
        clinic.types("plan", "--appointment", "visit", "--json").stdout
    )

    why = (
        "The rule 'In person' is used: in person."
        " Also fitting, but broader or later: 'visits'."
    )
    [rule] = printed["rules"]
    assert f"ana\t{why}" in table.splitlines()
    assert (rule["patient"], rule["clinic"]) == ("ana", "elm")
    assert (rule["criteria"], len(rule["passed_over"])) == (["in person"], 1)
    assert rule["sentence"] == why
    assert {step["rule"] for step in printed["steps"]} == {rule["rule"]}


def test_a_sent_step_is_told_with_the_moment_it_went(clinic: Clinic) -> None:
    clinic.read_an_hour_ago()
    clinic.types("dispatch", "--once")

    result = clinic.types("plan", "--appointment", "visit", "--json")

    steps = {step["step"]: step for step in json.loads(result.stdout)["steps"]}
    assert steps["day"]["told"] is not None
    assert steps["day"]["sentence"].startswith("Sent by e-mail on ")


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
    assert rest[4].startswith("Sent by e-mail on ")
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
