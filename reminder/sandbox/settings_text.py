"""The settings with which Reminder meets the pretended outside world."""

from pathlib import Path

from reminder.sandbox.clinics import NO_REMINDERS_URL, clinic_settings
from reminder.sandbox.world import World

CONNECTION = "sandbox"
_TOKEN_FILE = "twilio-token"  # noqa: S105 - a file's name


def write_settings(world: World, folder: Path, *, port: int) -> Path:
    """Write reminder.toml and the secrets it names into `folder`; its path.

    The pages will be at `port` of this machine. The folder is made if missing,
    for its owner only.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = folder / _TOKEN_FILE
    secret.touch(mode=0o600)
    secret.write_text(world.twilio.auth_token)
    file = folder / "reminder.toml"
    file.write_text(_text(world, port), encoding="utf-8")
    return file


def _text(world: World, port: int) -> str:
    return f"""\
# The sandbox: every address is on this machine, and nobody in it is real.
public_url = "http://127.0.0.1:{port}"

[web]
port = {port}

[[connection]]
name = "{CONNECTION}"
base_url = "{world.fhir_base_url}"
opt_out_extension = "{NO_REMINDERS_URL}"
# This EHR is our own; a real one allows a few requests a second.
requests_per_s = 500
burst = 500
max_concurrent = 8

[transport.smtp]
host = "{world.mail.host}"
port = {world.mail.port}
ca_bundle = '{world.mail.ca_bundle.resolve()}'
from_addr = "reminders@clinics.example.org"

[transport.twilio-sms]
account_sid = "{world.twilio.account_sid}"
auth_token = "file:{_TOKEN_FILE}"
from_number = "{world.twilio.number}"
api_base = "{world.twilio_api_base}"

{clinic_settings(CONNECTION)}"""
