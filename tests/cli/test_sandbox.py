"""`reminder sandbox`: what can go wrong, and an EHR that does."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from reminder.cli.main import app
from reminder.sandbox.fhir_faults.named import FAULTS, VENDORS
from tests.servers.sekmet import running_sync


def test_every_fault_and_every_make_is_listed() -> None:
    result = CliRunner().invoke(app, ["sandbox", "faults"])

    first = [line.partition(" ")[0] for line in result.stdout.splitlines() if line]
    assert first == [*FAULTS, *VENDORS]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        pytest.param(
            ["--upstream", "http://ehr.example.org/fhir"],
            "http:// is only for this machine",
            id="plain-http-elsewhere",
        ),
        pytest.param(
            ["--upstream", "https://ehr.example.org", "--fault", "sleepy"],
            "no fault is named sleepy",
            id="no-such-fault",
        ),
        pytest.param(
            ["--upstream", "ehr.example.org"],
            "the EHR's address begins with https:// and a host",
            id="no-address",
        ),
    ],
)
def test_what_cannot_be_served_is_said(words: list[str], why: str) -> None:
    result = CliRunner().invoke(app, ["sandbox", "ehr", *words])

    assert result.exit_code == 2
    assert why in result.stderr


def test_it_stands_before_an_ehr_until_it_is_stopped(tmp_path: Path) -> None:
    with running_sync(tmp_path) as sekmet:
        command = [sys.executable, "-m", "reminder", "sandbox", "ehr"]
        command += ["--upstream", sekmet.base_url, "--fault", "locked"]
        command += ["--fault", "medplum-router", "--times", "1"]
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, stderr=subprocess.PIPE, text=True
        )
        try:
            assert process.stderr is not None
            found = re.fullmatch(r"EHR at (\S+)\n", process.stderr.readline())
            assert found is not None
            with httpx.Client(base_url=found[1], trust_env=False) as client:
                statuses = [client.get("metadata").status_code for _ in range(2)]
                locked = client.put("Patient/ana", json={}).status_code
            process.send_signal(signal.SIGINT)
            # Not `communicate`: what came with the first line is buffered here.
            rest = process.stderr.read()
            process.wait(timeout=30)
        finally:
            process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()

    assert (statuses, locked) == ([404, 200], 423)
    assert process.returncode == 0
    assert "  locked: 423 to writes: somebody at the clinic has it open.\n" in rest
