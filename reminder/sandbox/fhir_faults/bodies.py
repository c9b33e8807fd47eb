"""Answers that are no FHIR, arrive broken, late, or never."""

import gzip
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

from reminder.sandbox.fhir_faults.declaring import (
    answers,
    bends,
    is_anything,
    is_search,
    says,
)
from reminder.sandbox.fhir_faults.exchange import (
    Ask,
    Asked,
    Manner,
    Said,
    outcome,
    said,
)

_MEGABYTE = 1024 * 1024


@says(is_search)
def truncated(answer: Said) -> Said:
    """Half of the JSON of a page, as if that were all."""
    return replace(answer, body=answer.body[: len(answer.body) // 2])


@says(is_anything)
def cut_off(answer: Said) -> Said:
    """The connection ends halfway through an answer."""
    return replace(answer, manner=Manner.CUT)


@says(is_anything)
def slow_drip(answer: Said) -> Said:
    """An answer comes a byte at a time, for longer than anybody waits."""
    return replace(answer, manner=Manner.DRIPPING)


@answers(is_anything)
def silence_before(_: Asked) -> Said:
    """Nothing is done and nothing is said."""
    return Said(manner=Manner.SILENT)


@bends(is_anything)
async def silence_after(asked: Asked, ask: Ask) -> Said:
    """It is done, and nothing is said."""
    return replace(await ask(asked), manner=Manner.SILENT)


@answers(is_search)
def error_page(_: Asked) -> Said:
    """200 with an HTML page that says sorry."""
    page = b"<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>"
    return Said(headers={"content-type": "text/html; charset=utf-8"}, body=page)


@answers(is_search)
def outcome_for_success(_: Asked) -> Said:
    """200 with an OperationOutcome instead of a page."""
    return said(outcome("exception"))


@answers(is_search)
def nothing_for_success(_: Asked) -> Said:
    """200 with an empty body."""
    return Said()


@says(is_anything)
def wrong_content_type(answer: Said) -> Said:
    """FHIR is announced as text/plain."""
    return answer.with_headers(content_type="text/plain")


@says(is_anything)
def byte_order_mark(answer: Said) -> Said:
    """A byte order mark comes before the JSON."""
    return (
        replace(answer, body=b"\xef\xbb\xbf" + answer.body) if answer.body else answer
    )


@says(is_search)
def oversized(answer: Said) -> Said:
    """A page is followed by twenty megabytes of spaces."""
    return replace(answer, body=answer.body + b" " * 20 * _MEGABYTE)


@says(is_search)
def compression_bomb(answer: Said) -> Said:
    """A page unpacks to twenty megabytes."""
    packed = gzip.compress(answer.body + b" " * 20 * _MEGABYTE, compresslevel=1)
    return replace(answer, body=packed).with_headers(content_encoding="gzip")


@says(is_anything)
def clock_behind(answer: Said) -> Said:
    """The server's clock is ten minutes behind ours."""
    if "date" not in answer.headers:
        return answer
    date = parsedate_to_datetime(answer.headers["date"]) - timedelta(minutes=10)
    return answer.with_headers(date=format_datetime(date, usegmt=True))
