"""What is written to the log: our own events, and of libraries only that they spoke."""

import asyncio
import logging
import sys
import traceback
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict


class _LibraryFormatter(logging.Formatter):
    """Libraries put addresses, URLs and parameters into their messages.

    So only the logger, the level and the class of an exception are kept.
    """

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "event": "library_warning",
            "logger": record.name,
            "level": record.levelname.lower(),
            "where": f"{record.module}:{record.lineno}",
        }
        if record.exc_info and record.exc_info[0]:
            fields["error"] = record.exc_info[0].__name__
        return structlog.processors.JSONRenderer()(None, "", fields)  # type: ignore[return-value]


def set_up(stream: TextIO | None = None) -> None:
    """JSON lines on `stream` (standard error), nothing of patients in them."""
    target = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(_LibraryFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    # It warns whenever a job is still at work when its next turn comes.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def only_errors() -> None:
    """For a command that tells in sentences what it does, and to whom."""
    wrapper = structlog.make_filtering_bound_logger(logging.ERROR)
    structlog.configure(wrapper_class=wrapper)


def where(error: BaseException) -> str:
    """The file and line an exception came from: never its message."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "?"
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}"


def log_unhandled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An exception handler for the event loop."""
    del loop
    error = context.get("exception")
    fields: EventDict = {}
    if isinstance(error, BaseException):
        fields = {"error": type(error).__name__, "where": where(error)}
    structlog.get_logger().error("unhandled_exception", **fields)
