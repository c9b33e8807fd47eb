import asyncio
import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog

from reminder.app.logs import log_unhandled, set_up, where

ADDRESS = "ana.okafor@example.org"


def fail() -> None:
    raise ValueError(ADDRESS)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What is written to the log; the logging of the run is put back afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    written = io.StringIO()
    set_up(written)
    yield written
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_our_own_events_are_json_lines_with_an_instant(stream: io.StringIO) -> None:
    structlog.get_logger().info("sent_message", message_id="m1")

    [line] = lines(stream)
    assert (line["event"], line["message_id"]) == ("sent_message", "m1")
    assert line["level"] == "info"
    assert str(line["timestamp"]).endswith("Z")


def test_of_a_library_only_that_it_spoke_is_written(stream: io.StringIO) -> None:
    logging.getLogger("aiosmtplib").warning("refused %s", ADDRESS)

    [line] = lines(stream)
    assert ADDRESS not in stream.getvalue()
    assert line == {
        "event": "library_warning",
        "logger": "aiosmtplib",
        "level": "warning",
        "where": line["where"],
    }
    assert str(line["where"]).startswith("test_logs:")


def test_of_its_exception_only_the_class_is_written(stream: io.StringIO) -> None:
    try:
        fail()
    except ValueError:
        logging.getLogger("httpx").exception("about %s", ADDRESS)

    [line] = lines(stream)
    assert (line["error"], line["level"]) == ("ValueError", "error")
    assert ADDRESS not in stream.getvalue()


def test_an_exception_that_is_none_does_no_harm(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn").error("no exception at hand", exc_info=True)

    [line] = lines(stream)
    assert "error" not in line


def test_what_a_library_does_not_warn_of_is_not_written(stream: io.StringIO) -> None:
    logging.getLogger("httpx").info("GET https://ehr.example.org/Patient?name=Ana")

    assert stream.getvalue() == ""


def test_that_a_job_is_still_at_work_is_no_news(stream: io.StringIO) -> None:
    logging.getLogger("apscheduler.scheduler").warning("skipped: still running")

    assert stream.getvalue() == ""


def test_the_words_of_a_python_warning_are_not_written(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(ADDRESS, stacklevel=1)

    [line] = lines(stream)
    assert line["logger"] == "py.warnings"
    assert ADDRESS not in stream.getvalue()


async def test_what_nobody_handled_is_logged_by_its_class(
    stream: io.StringIO,
) -> None:
    loop = asyncio.get_running_loop()

    try:
        fail()
    except ValueError as error:
        log_unhandled(loop, {"message": ADDRESS, "exception": error})
    log_unhandled(loop, {"message": ADDRESS})

    first, second = lines(stream)
    assert (first["event"], first["error"]) == ("unhandled_exception", "ValueError")
    assert str(first["where"]).startswith("test_logs.py:")
    assert "error" not in second
    assert ADDRESS not in stream.getvalue()


def test_an_exception_from_nowhere_has_no_place() -> None:
    assert where(ValueError(ADDRESS)) == "?"
