import signal
import socket
import time

import httpx

from reminder.store.single_worker import single_worker
from tests.cli.outside import Clinic
from tests.cli.running import PATIENT, running


def ask(url: str) -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.get(url)


def once_ready(address: str) -> httpx.Response:
    """What it says of itself as soon as it has heard everything of its EHR."""
    ends_at = time.monotonic() + PATIENT
    while time.monotonic() < ends_at:
        answer = ask(f"{address}/health/ready")
        if answer.is_success:
            return answer
    raise AssertionError(answer.text)


def test_it_serves_reads_sends_and_stops_when_told(clinic: Clinic) -> None:
    clinic.read_an_hour_ago()

    with running(clinic.file) as process:
        address = process.pages()
        process.until('"sent_message"')
        live = ask(f"{address}/health/live")
        ready = once_ready(address)
        page = ask(f"{address}/r/nobodys-link")
        beside = clinic.types("dispatch", "--once")
        code = process.stop()

    assert code == 0
    assert live.json() == {"status": "live"}
    assert ready.json()["status"] == "ready"
    assert page.status_code in (200, 404, 410)
    assert beside.exit_code == 5
    assert len(clinic.outside.mails()) == 1
    assert '"stopping"' in process.lines[-1]


def test_one_half_of_it_only_serves_pages(clinic: Clinic) -> None:
    clinic.types("db", "upgrade")
    with (
        single_worker(f"sqlite:///{clinic.folder}/reminder.db"),
        running(clinic.file, "--only", "web") as process,
    ):
        live = ask(f"{process.pages()}/health/live")
        process.until('"started"')
        code = process.stop(signal.SIGINT)

    assert (live.status_code, code) == (200, 0)
    assert clinic.outside.mails() == []


def test_the_other_half_only_works(clinic: Clinic) -> None:
    clinic.read_an_hour_ago()

    with running(clinic.file, "--only", "work") as process:
        process.until('"sent_message"')
        code = process.stop()

    assert code == 0
    assert [line for line in process.lines if line.startswith("Pages")] == []
    assert len(clinic.outside.mails()) == 1


def test_a_second_working_process_is_refused(clinic: Clinic) -> None:
    with single_worker(f"sqlite:///{clinic.folder}/reminder.db"):
        result = clinic.types("run")

    lines = result.stderr.splitlines()
    assert result.exit_code == 5
    assert lines[0] == "Another process already works on this SQLite database."
    assert lines[-1].startswith("  do     Stop it first")


def test_where_the_port_is_taken_it_says_so(clinic: Clinic) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        clinic.change("port = 0", f"port = {port}")
        result = clinic.types("run")

    assert result.exit_code == 5
    assert result.stderr.splitlines()[-4:] == [
        "The pages cannot be served there.",
        "  where  [web] host and port",
        f"  why    127.0.0.1 port {port}: Address already in use",
        "  do     Choose another port.",
    ]
