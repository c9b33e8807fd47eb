"""What a FHIR server's refusal means: a code, never the text beside it."""

from reminder.ehr.errors import EHRConflict, EHRError, EHRRefused
from reminder.ehr.http import Answer
from reminder.ehr.raw import as_object, objects

# http://hl7.org/fhir/R4/valueset-issue-type.html
_STANDARD = """
    invalid structure required value invariant security login unknown expired
    forbidden suppressed processing not-supported duplicate multiple-matches
    not-found deleted too-long code-invalid extension too-costly business-rule
    conflict transient lock-error no-store exception timeout incomplete throttled
    informational
"""
_ISSUE_TYPES = frozenset(_STANDARD.split())
_CONFLICTS = frozenset({"conflict", "duplicate", "lock-error", "deleted"})
_CHANGED_MEANWHILE = frozenset({404, 409, 410, 412, 428})


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
    return said_no(answer.about, answer.status, _code(answer))


def said_no(about: str, status: int, code: str | None) -> EHRError:
    """A conflict where somebody else was faster, a refusal otherwise."""
    message = _message(about, status, code)
    if status in _CHANGED_MEANWHILE or code in _CONFLICTS:
        return EHRConflict(message)
    return EHRRefused(message)


def _code(answer: Answer) -> str | None:
    try:
        return issue_code(answer.parsed())
    except EHRRefused:
        return None


def _message(about: str, status: int, code: str | None) -> str:
    return f"{about}: {status}" + (f" {code}" if code else "")
