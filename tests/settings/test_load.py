from pathlib import Path

import pytest
from pydantic import BaseModel

from reminder.model.offsets import BusinessDaysBefore
from reminder.resources import bundled
from reminder.rules.toml_lines import line_of
from reminder.settings.load import from_text, load
from reminder.settings.problems import SettingsError
from reminder.settings.tree import Settings
from reminder.transports import registry

SAMPLE = (bundled("templates") / "settings" / "reminder.toml").read_text("utf-8")


def problems_of(text: str, folder: Path) -> list[tuple[str, int | None, str]]:
    with pytest.raises(SettingsError) as caught:
        from_text(text, "reminder.toml", folder)
    return [(one.setting, one.line, one.sentence) for one in caught.value.problems]


def line_with(text: str, words: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if words in line)


def test_the_sample_that_init_writes_is_valid_as_it_is(tmp_path: Path) -> None:
    settings = from_text(SAMPLE, "reminder.toml", tmp_path).settings

    offset = settings.clinic[0].rule[0].steps[0].offset
    assert isinstance(offset, BusinessDaysBefore)
    assert settings.directory().find("ehr", None).clinic_id == "main"


@pytest.mark.parametrize(
    ("before", "after", "setting", "words"),
    [
        pytest.param(
            'zone = "America/New_York"',
            'zone = "America/Gotham"',
            "clinic.0.zone",
            "IANA time zone",
            id="zone",
        ),
        pytest.param(
            'public_url = "http://127.0.0.1:8000"',
            'public_url = "http://clinic.example.org"',
            "public_url",
            "https",
            id="plain-http-to-patients",
        ),
        pytest.param(
            '"24 hours before"',
            '"24 hourz before"',
            "clinic.0.rule.0.steps.1.offset",
            "hourz",
            id="offset-word",
        ),
        pytest.param(
            "port = 587",
            "prot = 587",
            "transport.smtp.prot",
            "no such setting",
            id="unknown-setting",
        ),
        pytest.param(
            "[transport.smtp]",
            "[transport.pigeon]",
            "transport.pigeon",
            "known: smtp",
            id="unknown-transport",
        ),
        pytest.param(
            '# password = "file:mail-password"',
            'password = "hunter2"',
            "transport.smtp.password",
            "does not belong in this file",
            id="secret-in-the-file",
        ),
        pytest.param(
            '# password = "file:mail-password"',
            'password = "file:nowhere"',
            "transport.smtp.password",
            "cannot be read",
            id="secret-file-missing",
        ),
        pytest.param(
            '"5 business days before at 10:00", channels = ["email"]',
            '"5 business days before at 10:00", channels = ["sms"]',
            "clinic.0.rule.0.steps.0.channels",
            "no [transport",
            id="channel-without-transport",
        ),
        pytest.param(
            "horizon_days = 14",
            "horizon_days = 7",
            "work.horizon_days",
            "at least 11 days",
            id="horizon-shorter-than-an-offset",
        ),
        pytest.param(
            "freshness_s = 60",
            "freshness_s = -1",
            "work.freshness_s",
            "write at least 0",
            id="too-small",
        ),
        pytest.param(
            '"5 business days before at 10:00", channels = ["email"]',
            '"5 business days before at 10:00", channels = ["pigeon"]',
            "clinic.0.rule.0.steps.0.channels.0",
            "write 'email', 'sms' or 'voice'",
            id="unknown-channel",
        ),
    ],
)
def test_a_wrong_setting_names_itself_and_its_line(
    tmp_path: Path, before: str, after: str, setting: str, words: str
) -> None:
    text = SAMPLE.replace(before, after)

    found = problems_of(text, tmp_path)

    assert text != SAMPLE
    assert [one[0] for one in found] == [setting]
    assert found[0][1] == line_with(text, after.split(", channels")[0])
    assert words in found[0][2]
    assert "hunter2" not in str(found)


def test_all_problems_are_named_at_once_in_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    text = SAMPLE.replace("freshness_s = 60", "freshness_s = -1").replace(
        "port = 8000", "port = 80000"
    )

    found = problems_of(text, tmp_path)

    assert [one[0] for one in found] == ["web.port", "work.freshness_s"]
    assert [one[1] for one in found] == sorted(one[1] for one in found)


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMINDER_WORK__FRESHNESS_S", "7")
    monkeypatch.setenv("REMINDER_TRANSPORT__SMTP__USERNAME", "reminder")
    monkeypatch.setenv("REMINDER_TRANSPORT__SMTP__PASSWORD", "from-outside")

    loaded = from_text(SAMPLE, "reminder.toml", tmp_path)

    assert loaded.settings.work.freshness_s == 7
    assert loaded.settings.work.horizon_days == 14
    password = loaded.transports["smtp"].password
    assert password.get_secret_value() == "from-outside"
    assert "from-outside" not in repr(loaded)


def test_a_variable_that_is_wrong_is_named_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMINDER_WEB__PORT", "eight thousand")
    monkeypatch.setenv("REMINDER_FRESHNESS", "7")

    found = problems_of(SAMPLE, tmp_path)

    assert found == [
        ("REMINDER_FRESHNESS", None, "there is no such setting"),
        ("web.port (REMINDER_WEB__PORT)", None, "write a whole number"),
    ]


def test_a_secret_comes_from_a_file_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "mail-password").write_text("s3cret\n")
    text = SAMPLE.replace("# username =", "username =").replace(
        '# password = "file:mail-password"', 'password = "file:mail-password"'
    )

    loaded = from_text(text, "reminder.toml", tmp_path)

    assert loaded.transports["smtp"].password.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(loaded)


def test_file_names_are_relative_to_the_settings(tmp_path: Path) -> None:
    (tmp_path / "reminder.toml").write_text(SAMPLE)

    loaded = load(tmp_path / "reminder.toml")

    assert loaded.settings.keys.file == tmp_path / "keys.json"


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path / "reminder.toml")

    assert "reminder init" in caught.value.problems[0].sentence


def test_broken_toml_is_named_with_its_place(tmp_path: Path) -> None:
    found = problems_of("public_url = \n", tmp_path)

    assert "line 1" in found[0][2]


def test_every_setting_has_a_sentence() -> None:
    seen: set[type[BaseModel]] = set()

    def missing(part: type[BaseModel]) -> list[str]:
        if part in seen:
            return []
        seen.add(part)
        found = []
        for name, field in part.model_fields.items():
            if not (field.description or "").strip().endswith((".", "?")):
                found.append(f"{part.__name__}.{name}")
            for inner in _models_in(field.annotation):
                found += missing(inner)
        return found

    parts = [Settings, *(registry.load(name).Config for name in registry.available())]
    assert [name for part in parts for name in missing(part)] == []
    assert len(seen) > 8


def _models_in(annotation: object) -> list[type[BaseModel]]:
    inner = getattr(annotation, "__args__", ())
    found = [each for part in inner for each in _models_in(part)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        found.append(annotation)
    return found


@pytest.mark.parametrize(
    ("location", "line"),
    [
        pytest.param(("a",), 1, id="top-level"),
        pytest.param(("t", "x"), 4, id="in-a-table"),
        pytest.param(("list", 1, "name"), 9, id="second-of-an-array"),
        pytest.param(("list", 1, "inner", 0, "steps", 1), 13, id="inline-element"),
        pytest.param(("list", 1, "missing"), 8, id="deepest-known-part"),
        pytest.param(("nowhere",), None, id="not-in-the-text"),
    ],
)
def test_the_line_of_a_setting_is_found(
    location: tuple[int | str, ...], line: int | None
) -> None:
    text = """a = 1

[t]
x = 2

[[list]]
name = "one"
[[list]]
name = "two"
  [[list.inner]]
  steps = [
    { id = "p" },
    { id = "q" },
  ]
"""
    assert line_of(text, location) == line
