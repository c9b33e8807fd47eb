import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from reminder.settings.load import load
from reminder.settings.tree import Settings
from tests.cli.outside import Clinic, typed
from tests.ehr import keys


def names(part: type[BaseModel]) -> Iterator[str]:
    """Every setting of one model of the tree, but for those inside others."""
    for name, field in part.model_fields.items():
        if field.annotation in {str, int, float, bool}:
            yield name


def printed(clinic: Clinic) -> dict[str, dict[str, str]]:
    result = clinic.types("settings", "--json")
    assert result.exit_code == 0
    return {one["setting"]: one for one in json.loads(result.stdout)}


def test_every_setting_is_listed_with_what_it_means(clinic: Clinic) -> None:
    listed = printed(clinic)

    expected = set(names(Settings))
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(
            field.annotation, BaseModel
        ):
            expected |= {f"{name}.{inner}" for inner in names(field.annotation)}
    loaded = load(clinic.file)
    parts = [
        ("connection.0", loaded.settings.connection[0]),
        ("clinic.0", loaded.settings.clinic[0]),
        ("clinic.0.rule.0.steps.1", loaded.settings.clinic[0].rule[0].steps[1]),
        ("transport.smtp", loaded.transports["smtp"]),
        ("transport.smtp", loaded.settings.lane("smtp")),
    ]
    for prefix, part in parts:
        expected |= {f"{prefix}.{name}" for name in names(type(part))}
    assert expected <= set(listed)
    assert [name for name, one in listed.items() if not one["meaning"]] == []


def test_values_are_written_as_in_the_file(clinic: Clinic) -> None:
    listed = {name: one["value"] for name, one in printed(clinic).items()}

    assert listed["clinic.0.rule.0.steps.0.offset"] == "5 business days before at 10:00"
    assert listed["clinic.0.rule.0.steps.1.channels"] == "email"
    assert listed["clinic.0.rule.0.steps.1.useful"] == "30 minutes before"
    assert listed["clinic.0.rule.0.steps.1.quiet"] == "nearest"
    assert listed["clinic.0.quiet_hours"] == "00:00-00:00"
    assert listed["clinic.0.locations"] == "elm"
    assert listed["work.freshness_s"] == "60"


def test_a_pipe_gets_a_header_and_a_setting_a_line(clinic: Clinic) -> None:
    result = clinic.types("settings")

    header, *rows = result.stdout.splitlines()
    assert header == "setting\tvalue\tmeaning"
    assert all(row.count("\t") == 2 for row in rows)
    assert rows[0].startswith("public_url\thttp://127.0.0.1:8000\t")


def test_secrets_are_masked(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EHR_TOKEN", "t0ken-of-the-ehr")
    monkeypatch.setenv("REMINDER_TRANSPORT__SMTP__USERNAME", "reminder")
    monkeypatch.setenv("REMINDER_TRANSPORT__SMTP__PASSWORD", "hunter2")
    monkeypatch.setenv("REMINDER_DATABASE__URL", "postgresql://me:pa55@db/reminder")
    monkeypatch.setenv("REMINDER_DATABASE__PASSWORD", "pa55word")
    clinic.change(
        'name = "sandbox"',
        'name = "sandbox"\nauth = { kind = "bearer", token = "env:EHR_TOKEN" }',
    )

    listed = {name: one["value"] for name, one in printed(clinic).items()}

    assert listed["connection.0.auth.token"] == "set, 16 characters"
    assert listed["transport.smtp.password"] == "set, 7 characters"
    assert listed["database.password"] == "set, 8 characters"
    assert listed["database.url"] == "postgresql://me:***@db/reminder"
    for secret in ("t0ken", "hunter2", "pa55"):
        assert secret not in str(listed)


def test_what_goes_to_the_ehr_is_masked_but_for_the_names_of_headers(
    clinic: Clinic,
) -> None:
    pem = keys.private("ES384")
    (clinic.file.parent / "key.pem").write_text(pem)
    (clinic.file.parent / "gateway-key").write_text("hunter2")
    auth = 'kind = "smart", client_id = "r", private_key = "file:key.pem"'
    clinic.change(
        'name = "sandbox"',
        'name = "sandbox"\nheaders = { "X-Api-Key" = "file:gateway-key" }\n'
        f'auth = {{ {auth}, published_keys = ["file:key.pem"] }}',
    )

    listed = {name: one["value"] for name, one in printed(clinic).items()}

    masked = f"set, {len(pem) - 1} characters"
    assert listed["connection.0.headers"] == "X-Api-Key: set, 7 characters"
    assert listed["connection.0.auth.private_key"] == masked
    assert listed["connection.0.auth.published_keys"] == masked
    assert "PRIVATE" not in str(listed)


def test_a_wrong_setting_is_named_with_its_line(clinic: Clinic) -> None:
    clinic.change('"24 hours before"', '"24 hourz before"')
    lines = clinic.file.read_text().splitlines()
    line = next(n for n, text in enumerate(lines, 1) if "hourz" in text)

    result = clinic.types("settings")

    assert result.exit_code == 3
    assert result.stdout == ""
    first, second, place, why, do = result.stderr.splitlines()
    assert first == "Cannot use the settings: 1 problem."
    assert second == "clinic.0.rule.0.steps.1.offset"
    assert place == f"  where  {clinic.file}, line {line}"
    assert "hourz" in why
    assert do == "  do     Correct it, then run the same command again."


def test_several_wrong_settings_are_named_at_once_in_their_order(
    clinic: Clinic,
) -> None:
    clinic.change('zone = "America/New_York"', 'zone = "America/Gotham"')
    clinic.change("port = 0", "port = 70000")

    result = clinic.types("worklist")

    assert result.exit_code == 3
    lines = result.stderr.splitlines()
    assert lines[0] == "Cannot use the settings: 2 problems."
    assert [line for line in lines[1:] if not line.startswith(" ")] == [
        "web.port",
        "clinic.0.zone",
    ]


def test_a_script_gets_the_problems_as_json(clinic: Clinic) -> None:
    clinic.change("port = 0", "port = 70000")

    result = clinic.types("worklist", "--json")

    heading, problem = map(json.loads, result.stderr.splitlines())
    assert heading["error"] == "Cannot use the settings: 1 problem."
    assert problem["error"] == "web.port"
    assert "line" in problem["where"]


def test_without_settings_it_says_how_to_get_some(tmp_path: Path) -> None:
    for command in (["settings"], ["worklist"], ["sync", "--once"], ["run"]):
        result = typed(*command, "--config", str(tmp_path / "reminder.toml"))

        assert result.exit_code == 3
        assert "reminder init" in result.stderr


def test_the_settings_file_may_be_named_by_the_environment(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMINDER_CONFIG", str(clinic.file))

    assert typed("settings").exit_code == 0
