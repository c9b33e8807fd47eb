"""The demo as a newcomer runs it, and what it leaves on the disk."""

import json
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from reminder.app.clock import system_clock
from reminder.sandbox.clinics import HARBOR
from reminder.sandbox.clock import first_instant
from reminder.sandbox.generator import Practice, generate

LINK = re.compile(r"/r/([\w-]{22})")


class Demo:
    """One run of `reminder demo --once --json --data DIR`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.practice = _practice()
        self.done = subprocess.run(  # noqa: S603 - our own command
            [
                *(sys.executable, "-m", "reminder", "demo", "--once", "--json"),
                *("--data", str(folder)),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    def ours(self) -> dict[str, bytes]:
        """Everything that Reminder itself left on the disk."""
        return _read(self.folder / "reminder")


def _practice() -> Practice:
    today = system_clock().astimezone(HARBOR.zone).date()
    begins = first_instant(today, HARBOR.zone)
    return generate(begins.astimezone(HARBOR.zone).date())


def _read(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return Demo(tmp_path_factory.mktemp("demo") / "data")


def test_it_ends_well_and_its_last_line_is_the_whole_count(demo: Demo) -> None:
    counts: dict[str, Any] = json.loads(demo.done.stdout.splitlines()[-1])

    assert demo.done.returncode == 0, demo.done.stderr[-2000:]
    assert list(counts) == [
        "read",
        "quarantined",
        "planned",
        "skipped",
        "sent",
        "answers",
        "write_backs",
        "seconds",
    ]
    assert counts["read"] >= 300
    assert counts["quarantined"] == 5
    assert counts["answers"] == {"confirmed": 1, "rescheduled": 1, "cancelled": 1}
    assert set(counts["sent"]["email"]) == {"tls"}
    assert set(counts["sent"]["sms"]) == {"pickup"}
    assert counts["write_backs"]["waiting"] == counts["write_backs"]["failed"] == 0
    # Whoever could not be told by a machine is left to a human, and nobody else.
    assert counts["planned"] > 500
    for reason in ("cancelled", "deceased", "noshow", "opted-out", "no-guardian"):
        assert counts["skipped"][reason] > 0


def test_of_nobody_in_the_ehr_anything_is_left_readable(demo: Demo) -> None:
    files = demo.ours()
    assert {"reminder.db", "reminder.log", "keys.json"} <= set(files)
    assert any(len(content) > 100_000 for content in files.values())
    outside = b"".join(_read(demo.folder / "sandbox").values())

    found, exercised = [], 0
    for canary in _canaries(demo.practice):
        exercised += canary.encode() in outside
        for form in _forms(canary):
            found += [
                (name, canary) for name, content in files.items() if form in content
            ]

    assert found == []
    assert exercised > 300, "the canaries did live in the pretended outside"


def test_neither_a_links_token_nor_a_messages_text_is_kept_in_clear(
    demo: Demo,
) -> None:
    mails = _read(demo.folder / "sandbox" / "mail")
    sent = b"".join(mails.values()).decode("latin-1").replace("=\n", "")
    tokens = set(LINK.findall(sent.replace("=\r\n", "")))
    kept = b"".join(demo.ours().values())

    assert len(tokens) > 20
    assert not [token for token in tokens if token.encode() in kept]
    assert b"are expecting you" not in kept
    assert b"about your appointment" not in kept


def test_the_log_is_json_and_knows_only_ids_and_codes(demo: Demo) -> None:
    lines = [json.loads(line) for line in demo.ours()["reminder.log"].splitlines()]

    assert {"made_plan", "sent_message", "received_report"} <= {
        line["event"] for line in lines
    }
    # Every value is short: an id, a code, a count, an instant.
    longest = max(len(str(value)) for line in lines for value in line.values())
    assert longest < 200


def test_a_folder_that_is_not_empty_is_left_alone(demo: Demo) -> None:
    before = sorted(demo.ours())

    again = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "reminder", "demo", "--data", str(demo.folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert again.returncode == 5
    assert "not empty" in again.stderr
    assert sorted(demo.ours()) == before


def _canaries(practice: Practice) -> Iterator[str]:
    """What would tell who is a patient here."""
    seen: set[str] = set()
    for kind in ("Patient", "RelatedPerson"):
        for person in practice.of_type(kind):
            seen |= set(_of_person(person))
    yield from sorted(seen)


def _of_person(person: dict[str, Any]) -> Iterator[str]:
    for name in person.get("name", []):
        family = name.get("family", "")
        if 5 < len(family) < 60 and family.isprintable():
            yield family
    for point in person.get("telecom", []):
        value = point.get("value", "")
        if len(value) > 8:
            yield value
    for address in person.get("address", []):
        yield from (line for line in address.get("line", []) if len(line) > 8)
    if len(person.get("birthDate", "")) == len("2001-02-03"):
        yield person["birthDate"]


def _forms(canary: str) -> Iterator[bytes]:
    yield canary.encode()
    yield canary.encode("utf-16-le")
    yield canary.encode().hex().encode()
    yield json.dumps(canary).strip('"').encode()
    yield quote(canary, safe="").encode()
    for shift in range(3):
        # The middle of a base64 text looks the same whatever stands around it.
        coded = b64encode(b"x" * shift + canary.encode())
        yield coded[4:-4] if len(coded) > 16 else coded
    if canary[:4].isdigit() and canary.count("-") == 2:
        born = datetime.strptime(canary, "%Y-%m-%d").replace(tzinfo=UTC)
        yield f"{born:%m/%d/%Y}".encode()
        yield f"{born:%B} {born.day}, {born.year}".encode()
