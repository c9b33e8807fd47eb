"""Every transport may be given limits, whichever it is, beside its own settings."""

from pathlib import Path

import pytest

from reminder.rules.sending_limits import SendingLimits
from reminder.settings.lanes import LaneSettings
from reminder.settings.load import from_text
from reminder.settings.problems import SettingsError
from reminder.transports import registry
from tests.app.places import SETTINGS

BOTH = "segments_per_s = 12\nsegments_per_day = 2000\n"


def test_without_any_a_transport_sends_as_much_as_there_is(tmp_path: Path) -> None:
    loaded = from_text(SETTINGS, "reminder.toml", tmp_path)

    assert loaded.settings.lane("smtp").limits() == SendingLimits()


def test_limits_are_read_beside_the_transports_own_settings(tmp_path: Path) -> None:
    loaded = from_text(SETTINGS + BOTH, "reminder.toml", tmp_path)

    assert loaded.settings.lane("smtp").limits() == SendingLimits(12, 2000)
    assert loaded.transports["smtp"].port == 9


def test_the_environment_wins_here_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMINDER_TRANSPORT__SMTP__SEGMENTS_PER_S", "0.5")

    loaded = from_text(SETTINGS + BOTH, "reminder.toml", tmp_path)

    assert loaded.settings.lane("smtp").limits() == SendingLimits(0.5, 2000)


@pytest.mark.parametrize(
    ("line", "setting"),
    [
        ("segments_per_s = 0", "transport.smtp.segments_per_s"),
        ("segments_per_s = -1", "transport.smtp.segments_per_s"),
        ("segments_per_s = inf", "transport.smtp.segments_per_s"),
        ("segments_per_s = nan", "transport.smtp.segments_per_s"),
        ("segments_per_day = 0", "transport.smtp.segments_per_day"),
        ("segments_per_day = 1.5", "transport.smtp.segments_per_day"),
        ("segments_per_hour = 1", "transport.smtp.segments_per_hour"),
    ],
)
def test_a_limit_that_cannot_be_meant_is_named_with_its_line(
    tmp_path: Path, line: str, setting: str
) -> None:
    text = f"{SETTINGS}{line}\n"

    with pytest.raises(SettingsError) as refused:
        from_text(text, "reminder.toml", tmp_path)

    [problem] = refused.value.problems
    assert (problem.setting, problem.line) == (setting, len(text.splitlines()))


def test_every_limit_has_a_sentence() -> None:
    for name, field in LaneSettings.model_fields.items():
        assert (field.description or "").strip().endswith("."), name


@pytest.fixture
def pigeon(monkeypatch: pytest.MonkeyPatch) -> str:
    """Settings of a second way out for e-mail, as if somebody had installed it."""

    class Pigeon(registry.load("smtp")):
        name = "pigeon"

    load = registry.load
    monkeypatch.setattr(
        registry, "load", lambda name: Pigeon if name == "pigeon" else load(name)
    )
    return '\n[transport.pigeon]\nhost = "loft"\nfrom_addr = "r@example.org"\n'


def test_a_channel_may_have_several_ways_out_each_with_its_share(
    tmp_path: Path, pigeon: str
) -> None:
    text = f"{SETTINGS}share = 3\n{pigeon}"

    settings = from_text(text, "reminder.toml", tmp_path).settings

    assert [settings.lane(name).share for name in settings.transport] == [3, 1]


def test_of_several_ways_out_one_must_be_taken_while_all_is_well(
    tmp_path: Path, pigeon: str
) -> None:
    text = f"{SETTINGS}share = 0\n{pigeon}share = 0\n"

    with pytest.raises(SettingsError) as refused:
        from_text(text, "reminder.toml", tmp_path)

    [problem] = refused.value.problems
    assert problem.setting == "transport.smtp.share"
    assert problem.sentence == "one transport for email needs a share above 0"
