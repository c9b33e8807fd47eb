"""What a FHIR server's refusal means: a code, never the text beside it."""

from reminder.ehr.errors import (
    EHRConflict,
    EHRError,
    EHRNotOffered,
    EHRRefused,
    EHRUnavailable,
)
from reminder.ehr.reading.raw import as_object, objects
from reminder.ehr.wire.http import Answer

# http://hl7.org/fhir/R4/valueset-issue-type.html
_STANDARD = """
    invalid structure required value invariant security login unknown expired
    forbidden suppressed processing not-supported duplicate multiple-matches
    not-found deleted too-long code-invalid extension too-costly business-rule
    conflict transient lock-error no-store exception timeout incomplete throttled
    informational
"""
_ISSUE_TYPES = frozenset(_STANDARD.split())
_CHANGED_MEANWHILE = frozenset({404, 409, 410, 412})
_LATER = frozenset({423, 424})
"""Somebody has it open (RFC 4918 §11.3), or what it depends on failed (§11.4)."""

_NEVER = frozenset({405, 501})
_CONFLICTS = frozenset({"conflict", "duplicate", "deleted"})
_AS_IF: dict[str, type[EHRError]] = {
    **dict.fromkeys(_CONFLICTS, EHRConflict),
    "lock-error": EHRUnavailable,
    "not-supported": EHRNotOffered,
}
"""What an issue code says where the status is only 'bad request'."""

_BAD_REQUEST = 400


class Missing(EHRConflict):
    """404 or 410 to a write: the resource is gone, or nobody writes such ones."""


def issue_code(said: object) -> str | None:
    """The first standard issue code of an OperationOutcome; None without one."""
    for issue in objects(as_object(said).get("issue")):
        code = issue.get("code")
        if isinstance(code, str) and code in _ISSUE_TYPES:
            return code
    return None


def refused(answer: Answer) -> EHRRefused:
    """What to raise for an answer to a read that is not what was asked for."""
    return EHRRefused(_message(answer.about, answer.status, _code(answer)))


def not_written(answer: Answer) -> EHRError:
    """What to raise for a write the server did not do."""
    error = said_no(answer.about, answer.status, _code(answer))
    if isinstance(error, EHRUnavailable):
        error.retry_after = answer.retry_after()
    return error


def said_no(about: str, status: int, code: str | None) -> EHRError:
    """Read again, later, another way, or never: by the status, then by the code.

    A rule of the EHR (422) is a refusal, and so is a demand for a version
    (428), since we name one wherever the server does.
    """
    message = _message(about, status, code)
    if status in _CHANGED_MEANWHILE:
        return EHRConflict(message)
    if status in _LATER:
        return EHRUnavailable(message)
    if status in _NEVER:
        return EHRNotOffered(message)
    if status == _BAD_REQUEST and code in _AS_IF:
        return _AS_IF[code](message)
    return EHRRefused(message)


def _code(answer: Answer) -> str | None:
    try:
        return issue_code(answer.parsed())
    except EHRRefused:
        return None


def _message(about: str, status: int, code: str | None) -> str:
    return f"{about}: {status}" + (f" {code}" if code else "")
