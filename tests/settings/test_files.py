"""What the settings name must be there, and one thing of it only."""

from pathlib import Path

import pytest
import trustme

from reminder.resources import bundled
from reminder.settings.load import from_text
from reminder.settings.problems import SettingsError

SAMPLE = (bundled("templates") / "settings" / "reminder.toml").read_text("utf-8")


def problems_of(text: str, folder: Path) -> list[tuple[str, int | None, str]]:
    with pytest.raises(SettingsError) as caught:
        from_text(text, "reminder.toml", folder)
    return [(one.setting, one.line, one.sentence) for one in caught.value.problems]


def line_with(text: str, words: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if words in line)


EHR = ('# ca_bundle = "ehr-ca.pem"', "connection.0.ca_bundle")
NO_PEM = "the file holds no certificates in PEM"
RELAY = ("port = 587", "transport.smtp.ca_bundle")


@pytest.mark.parametrize(
    ("where", "content", "sentence"),
    [
        pytest.param(EHR, None, "the file cannot be read", id="ehr-missing"),
        pytest.param(RELAY, None, "Path does not point to a file", id="relay-missing"),
        pytest.param(EHR, "", NO_PEM, id="ehr-empty"),
        pytest.param(
            RELAY,
            "-----BEGIN",
            NO_PEM,
            id="relay-other",
        ),
    ],
)
def test_authorities_that_cannot_be_loaded_are_named(
    tmp_path: Path, where: tuple[str, str], content: str | None, sentence: str
) -> None:
    before, setting = where
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    text = SAMPLE.replace(before, 'ca_bundle = "ca.pem"')

    assert problems_of(text, tmp_path) == [
        (setting, line_with(text, 'ca_bundle = "ca.pem"'), sentence)
    ]


def test_authorities_are_looked_for_beside_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    text = SAMPLE.replace(EHR[0], 'ca_bundle = "ca.pem"')
    text = text.replace(RELAY[0], 'ca_bundle = "ca.pem"')
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    loaded = from_text(text, "reminder.toml", tmp_path)

    assert loaded.settings.connection[0].ca_bundle == tmp_path / "ca.pem"
    assert loaded.transports["smtp"].ca_bundle == tmp_path / "ca.pem"


@pytest.mark.parametrize(
    ("files", "setting", "sentence"),
    [
        pytest.param(
            {"key.pem": "one.key"},
            "client_certificate",
            "the file cannot be read",
            id="no-certificate",
        ),
        pytest.param(
            {"certificate.pem": "", "key.pem": "one.key"},
            "client_certificate",
            "the file holds no certificate in PEM",
            id="empty",
        ),
        pytest.param(
            {"certificate.pem": "one.pem", "key.pem": "two.key"},
            "client_key",
            "does not belong to client_certificate",
            id="of-another",
        ),
        pytest.param(
            {"certificate.pem": "one.pem", "key.pem": "one.pem"},
            "client_key",
            "is no private key in PEM",
            id="no-key",
        ),
    ],
)
def test_a_certificate_of_ours_that_cannot_be_shown_is_named(
    tmp_path: Path, files: dict[str, str], setting: str, sentence: str
) -> None:
    authority, made = trustme.CA(), {"": b""}
    for name in ("one", "two"):
        issued = authority.issue_cert(name)
        made[f"{name}.pem"] = issued.cert_chain_pems[0].bytes()
        made[f"{name}.key"] = issued.private_key_pem.bytes()
    for name, content in files.items():
        (tmp_path / name).write_bytes(made[content])
    ours = 'client_certificate = "certificate.pem"\nclient_key = "file:key.pem"'
    text = SAMPLE.replace(EHR[0], ours)

    assert problems_of(text, tmp_path) == [
        (f"connection.0.{setting}", line_with(text, f"{setting} ="), sentence)
    ]


def test_a_certificate_of_ours_is_looked_for_beside_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = trustme.CA().issue_cert("reminder")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    ours = 'client_certificate = "certificate.pem"\nclient_key = "file:key.pem"'
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    loaded = from_text(SAMPLE.replace(EHR[0], ours), "reminder.toml", tmp_path)

    connection = loaded.settings.connection[0]
    assert connection.client_certificate == tmp_path / "certificate.pem"
    assert "PRIVATE" not in repr(connection)


PEM = "-----BEGIN PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("line", "setting"),
    [
        pytest.param('client_key = "hunter2"', "client_key", id="key"),
        pytest.param('client_key_password = "hunter2"', "client_key_password", id="pp"),
        pytest.param('proxy_password = "hunter2"', "proxy_password", id="proxy"),
        pytest.param('push_secret = "hunter2"', "push_secret", id="push"),
        pytest.param(
            'headers = { "X-Api-Key" = "hunter2" }', "headers.X-Api-Key", id="header"
        ),
        pytest.param(
            f'auth = {{ kind = "smart", published_keys = ["{PEM}hunter2"] }}',
            "auth.published_keys.0",
            id="private-key-among-public-ones",
        ),
        pytest.param(f'roster = ["{PEM}hunter2"]', "roster.0", id="anywhere"),
    ],
)
def test_what_is_secret_does_not_stand_in_the_file(
    tmp_path: Path, line: str, setting: str
) -> None:
    text = SAMPLE.replace('auth = { kind = "none" }', line, 1)

    [(named, at, sentence)] = problems_of(text, tmp_path)

    assert named == f"connection.0.{setting}"
    assert at == line_with(text, line)
    assert "does not belong in this file" in sentence
    assert "hunter2" not in sentence


def test_a_wrong_credential_is_named_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("no key")
    line = 'auth = { kind = "smart", client_id = "r", private_key = "file:key.pem" }'
    text = SAMPLE.replace('auth = { kind = "none" }', line, 1)

    assert problems_of(text, tmp_path) == [
        (
            "connection.0.auth.private_key",
            line_with(text, line),
            "this is no key in PEM",
        )
    ]


def test_a_header_that_is_no_secret_may(tmp_path: Path) -> None:
    text = SAMPLE.replace(EHR[0], 'headers = { "Epic-Client-ID" = "1f2e" }')

    loaded = from_text(text, "reminder.toml", tmp_path)

    [value] = loaded.settings.connection[0].headers.values()
    assert value.get_secret_value() == "1f2e"


def test_two_clinics_at_one_location_are_refused(tmp_path: Path) -> None:
    clinic = """
[[clinic]]
id = "{0}"
connection = "ehr"
name = "{0}"
short_name = "{0}"
zone = "America/New_York"
locations = ["elm"]
"""
    text = SAMPLE + clinic.format("one") + clinic.format("two")

    [(_, _, sentence)] = problems_of(text, tmp_path)

    assert sentence == "two clinics have the same Location"


def test_a_password_in_the_databases_address_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMINDER_DATABASE__URL", "postgresql://r:hunter2@db/r")

    assert "hunter2" not in repr(from_text(SAMPLE, "reminder.toml", tmp_path))
