"""Ways out are found by name, and refused when they are not what they must be."""

import sys
from pathlib import Path

import pytest

from reminder.transports.errors import UnknownTransport, UnusableTransport
from reminder.transports.registry import available, load
from reminder.transports.smtp import SMTPTransport
from reminder.transports.twilio_sms import TwilioSMSTransport
from reminder.transports.webhook_sms import WebhookSMSTransport

PLUG_IN = """
class Pigeon:
    name = "pigeon"
    channel = "email"
    api_version = {version}
    Config = object
    async def send(self, message): ...
    async def reconcile(self, message, since): ...
    def read_event(self, request): ...
    {check}
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Installs a distribution that offers a transport, as a clinic would."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(
        package: str, *, target: str = "Pigeon", version: int = 1, check: str = ""
    ) -> None:
        source = PLUG_IN.format(
            version=version, check=check or "async def check(self): ..."
        )
        (tmp_path / f"{package}.py").write_text(source)
        folder = tmp_path / f"{package}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Name: {package}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(
            f"[reminder.transports]\npigeon = {package}:{target}\n"
        )
        monkeypatch.delitem(sys.modules, package, raising=False)

    return install


def test_ours_are_found_by_their_entry_points() -> None:
    assert {"smtp", "twilio-sms", "webhook-sms"} <= set(available())
    assert load("smtp") is SMTPTransport
    assert load("twilio-sms") is TwilioSMSTransport
    assert load("webhook-sms") is WebhookSMSTransport


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownTransport, match="'pigeon'; known: smtp, twilio-sms"):
        load("pigeon")


def test_a_clinic_adds_one_by_installing_it(install) -> None:
    install("loft")

    assert "pigeon" in available()
    assert load("pigeon").__name__ == "Pigeon"


def test_one_made_for_another_contract_is_refused(install) -> None:
    install("oldloft", version=99)

    with pytest.raises(UnusableTransport, match="made for version 99"):
        load("pigeon")


def test_one_that_lacks_a_part_is_refused_and_the_part_named(install) -> None:
    install("halfloft", check="pass")

    with pytest.raises(UnusableTransport, match="lacks check"):
        load("pigeon")


def test_one_that_cannot_be_imported_is_refused(install) -> None:
    install("emptyloft", target="Nobody")

    with pytest.raises(UnusableTransport, match="cannot be loaded from emptyloft"):
        load("pigeon")


def test_two_of_one_name_are_refused(install) -> None:
    install("northloft")
    install("southloft")

    with pytest.raises(UnusableTransport, match="several packages offer 'pigeon'"):
        load("pigeon")
