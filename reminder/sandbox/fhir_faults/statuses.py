"""Servers that say 'later' or 'never' instead of doing what was asked."""

from datetime import timedelta
from email.utils import format_datetime, formatdate, parsedate_to_datetime

from reminder.sandbox.fhir_faults.declaring import (
    answers,
    is_anything,
    is_search,
    is_write,
)
from reminder.sandbox.fhir_faults.exchange import Asked, Said, outcome, said


@answers(is_anything)
def too_many_requests(_: Asked) -> Said:
    """429, without a word on when to come back."""
    return said(outcome("throttled"), 429)


@answers(is_anything)
def too_many_requests_for_seconds(_: Asked) -> Said:
    """429 with `Retry-After: 90`."""
    return said(outcome("throttled"), 429, retry_after="90")


@answers(is_anything)
def too_many_requests_until(_: Asked) -> Said:
    """429 with a Retry-After that is an HTTP date, ninety seconds ahead."""
    date = formatdate(usegmt=True)
    until = parsedate_to_datetime(date) + timedelta(seconds=90)
    wish = format_datetime(until, usegmt=True)
    return said(outcome("throttled"), 429, date=date, retry_after=wish)


@answers(is_anything)
def unavailable(_: Asked) -> Said:
    """503, from a gateway that speaks no FHIR."""
    return Said(status=503, headers={"content-type": "text/plain"}, body=b"busy\n")


@answers(is_anything)
def gateway_timeout(_: Asked) -> Said:
    """504: whoever stands before the server gave up on it, and it did nothing."""
    return Said(status=504)


@answers(is_anything)
def server_error(_: Asked) -> Said:
    """500 with an OperationOutcome."""
    return said(outcome("exception"), 500)


@answers(is_anything)
def token_expired(_: Asked) -> Said:
    """401: the token is good no more."""
    challenge = 'Bearer error="invalid_token"'
    return said(outcome("expired"), 401, www_authenticate=challenge)


@answers(is_anything)
def forbidden(_: Asked) -> Said:
    """403: this client may not."""
    return said(outcome("forbidden"), 403)


@answers(is_search)
def break_the_glass(_: Asked) -> Said:
    """403 with Epic's 4130: a policy hides it, and asking again will not help."""
    return said(outcome("suppressed", detail="4130"), 403)


@answers(is_write)
def locked(_: Asked) -> Said:
    """423 to writes: somebody at the clinic has it open."""
    return said(outcome("lock-error"), 423)


@answers(is_write)
def conflict(_: Asked) -> Said:
    """409 to writes: somebody else changed it."""
    return said(outcome("conflict"), 409)


@answers(is_write)
def precondition_failed(_: Asked) -> Said:
    """412 to writes: not the version that was matched."""
    return said(outcome("conflict"), 412)


@answers(is_write)
def failed_dependency(_: Asked) -> Said:
    """424 to writes: something else had to be done and was not."""
    return said(outcome("business-rule"), 424)


@answers(is_write)
def precondition_required(_: Asked) -> Said:
    """428 to writes: a version to match is wanted, whatever was sent."""
    return said(outcome("required"), 428)


@answers(is_write)
def not_allowed(_: Asked) -> Said:
    """405 to writes: this server is only read."""
    return said(outcome("not-supported"), 405)


@answers(is_write)
def unprocessable(_: Asked) -> Said:
    """422 to writes: a rule of the clinic's is against it."""
    return said(outcome("business-rule"), 422)
