"""Settings of an installation in a folder of its own; nothing outside answers it."""

from pathlib import Path

from reminder.settings.load import Loaded, load

SETTINGS = """\
public_url = "http://127.0.0.1:8000"

[web]
port = 0

[[connection]]
name = "main"
base_url = "http://127.0.0.1:9/fhir"
connect_timeout_s = 0.2

[[clinic]]
id = "elm"
connection = "main"
name = "Elm Street Clinic"
short_name = "Elm Clinic"
zone = "America/New_York"
locations = ["elm"]

[[clinic.rule]]
name = "visits"
steps = [{ id = "day", offset = "24 hours before", channels = ["email"] }]

[transport.smtp]
host = "127.0.0.1"
port = 9
from_addr = "reminders@example.org"
"""


def install(folder: Path, text: str = SETTINGS) -> Loaded:
    """Write the settings into a folder, and read them."""
    file = folder / "reminder.toml"
    file.write_text(text)
    return load(file)
