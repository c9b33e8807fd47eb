"""Settings that cannot work are refused by name, and no secret is shown."""

from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from reminder.transports.registry import available, load
from tests.servers.phone import ACCOUNT

SMTP: dict[str, Any] = {"host": "mail.example.org", "from_addr": "r@example.org"}
TWILIO: dict[str, Any] = {
    "account_sid": ACCOUNT,
    "auth_token": "canary",
    "from_number": "+15550123",
}
# As Standard Webhooks writes a secret, and good enough for a password elsewhere.
SECRET = "whsec_canary" + "A" * 26
WEBHOOK: dict[str, Any] = {"url": "https://x.example.org/sms", "secret": SECRET}
ENOUGH = {"smtp": SMTP, "twilio-sms": TWILIO, "webhook-sms": WEBHOOK}


@pytest.mark.parametrize("name", available())
def test_every_setting_has_a_sentence(name: str) -> None:
    for field, about in load(name).Config.model_fields.items():
        assert (about.description or "").endswith("."), field


@pytest.mark.parametrize("name", available())
def test_settings_are_frozen_and_strict_about_names(name: str) -> None:
    config = load(name).Config.model_validate(ENOUGH[name])

    with pytest.raises(ValidationError, match="frozen"):
        config.connections = 7
    with pytest.raises(ValidationError, match="no_such"):
        load(name).Config.model_validate({**ENOUGH[name], "no_such": 1})


@pytest.mark.parametrize("name", available())
def test_no_secret_is_shown(name: str) -> None:
    secrets = [
        field
        for field, about in load(name).Config.model_fields.items()
        if "SecretStr" in str(about.annotation)
    ]
    assert secrets

    extra = {"username": "u"} if name == "smtp" else {}
    given = {**ENOUGH[name], **extra, **dict.fromkeys(secrets, SECRET)}
    config = load(name).Config.model_validate(given)

    assert "canary" not in f"{config!r} {config} {config.model_dump()}"


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("smtp", {"security": "none"}, "security"),
    ("smtp", {"security": "starttls", "port": 465}, "port 465"),
    ("smtp", {"security": "tls", "port": 587}, "port 587"),
    ("smtp", {"username": "u"}, "go together"),
    ("smtp", {"password": "canary"}, "go together"),
    ("smtp", {"from_addr": "canary"}, "from_addr"),
    ("smtp", {"from_addr": "josé@example.org"}, "only ASCII"),
    ("smtp", {"mail_from": "a b@example.org"}, "mail_from"),
    ("smtp", {"host": "mail.example.org\r\nx"}, "host"),
    ("smtp", {"hello_name": "a b"}, "hello_name"),
    ("smtp", {"connections": 0}, "connections"),
    ("smtp", {"data_timeout_s": 0}, "data_timeout_s"),
    ("smtp", {"ca_bundle": "no/such/file.pem"}, "ca_bundle"),
    ("twilio-sms", {"account_sid": "canary"}, "account_sid"),
    ("twilio-sms", {"from_number": None}, "either from_number"),
    ("twilio-sms", {"messaging_service_sid": "MG" + "1" * 32}, "either from_number"),
    ("twilio-sms", {"messaging_service_sid": "canary"}, "messaging_service_sid"),
    ("twilio-sms", {"api_base": "http://api.twilio.com"}, "https://"),
    ("twilio-sms", {"api_base": "https://"}, "https://"),
    ("twilio-sms", {"api_base": "https://u:canary@x.example.org"}, "api_base"),
    ("twilio-sms", {"api_base": "https://x.example.org/path"}, "api_base"),
    ("twilio-sms", {"api_base": "http://127.0.0.1.example.org"}, "https://"),
    ("webhook-sms", {"url": "http://x.example.org/canary"}, "https://"),
    ("webhook-sms", {"url": "https://"}, "https://"),
    ("webhook-sms", {"url": "https://u:canary@x.example.org"}, "url"),
    ("webhook-sms", {"url": "https://x.example.org/?key=canary"}, "url"),
    ("webhook-sms", {"secret": "canary"}, "whsec_"),
    ("webhook-sms", {"secret": "whsec_canary"}, "24 to 64"),
    ("webhook-sms", {"previous_secret": "canary"}, "previous_secret"),
    ("webhook-sms", {"read_timeout_s": 0}, "read_timeout_s"),
]


@pytest.mark.parametrize(("name", "changes", "says"), BAD)
def test_a_setting_that_cannot_work_is_named_and_not_quoted(
    name: str, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        load(name).Config.model_validate({**ENOUGH[name], **changes})

    assert says in str(refused.value)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    "api_base", ["http://localhost:8025", "http://127.0.0.1:1/", "http://[::1]:1"]
)
def test_on_this_machine_twilio_may_be_pretended_without_encryption(
    api_base: str,
) -> None:
    config = load("twilio-sms").Config.model_validate({**TWILIO, "api_base": api_base})

    assert config.api_base == api_base.rstrip("/")


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465)])
def test_the_port_follows_the_security(security: str, port: int) -> None:
    config = load("smtp").Config.model_validate({**SMTP, "security": security})

    assert config.actual_port == port


def test_secrets_are_typed_as_secrets() -> None:
    configs: list[type[BaseModel]] = [load(name).Config for name in available()]

    for config in configs:
        for field, about in config.model_fields.items():
            if any(word in field for word in ("password", "token", "secret")):
                assert SecretStr.__name__ in str(about.annotation), field
