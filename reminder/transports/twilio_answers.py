"""What Twilio's answers mean for a message: refused, later, or nobody knows.

Twilio splits its error codes over time and asks not to rely on them, so an
unknown one falls back on the HTTP status.
"""

from datetime import timedelta

from reminder.model.outcomes import Deferred, Evidence, Rejected, Scope, Uncertain

OPTED_OUT = 21610
RATE_LIMITED = 20429

_SCOPES = {
    20003: Scope.ACCOUNT,  # authentication failed
    20005: Scope.ACCOUNT,  # account not active
    21408: Scope.ACCOUNT,  # region not enabled
    21606: Scope.ACCOUNT,  # our number cannot send
    21659: Scope.ACCOUNT,  # our number is not Twilio's
    21660: Scope.ACCOUNT,  # our number is another account's
    30034: Scope.ACCOUNT,  # number not registered for 10DLC
    OPTED_OUT: Scope.OPTED_OUT,
    21211: Scope.ADDRESS,  # not a number
    21217: Scope.ADDRESS,
    21612: Scope.ADDRESS,  # not reachable from our number
    21614: Scope.ADDRESS,  # not a mobile number
    30004: Scope.SENDER,  # blocked
    30005: Scope.ADDRESS,  # unknown number
    30006: Scope.ADDRESS,  # landline
    30007: Scope.SENDER,  # filtered by a carrier
}
_PASSING = frozenset(
    {
        30003,  # handset not reachable
        30008,  # nobody knows why
        30036,  # the validity period, ten hours at most, is over
    }
)
_LATER = timedelta(minutes=30)
"""What made a message fail on its way may pass by then."""
_ACCOUNT_STATUSES = frozenset({401, 403, 404})


def read_refusal(
    status: int, code: object, after: timedelta | None, evidence: Evidence
) -> Deferred | Rejected | Uncertain:
    """What an answer that is no success means.

    A 5xx may come from a proxy after Twilio took the message: uncertain.
    """
    number = code if isinstance(code, int) and code != status else None
    label = f"twilio {number}" if number else f"http {status}"
    if status == 429 or number == RATE_LIMITED:
        return Deferred(label, after, evidence=evidence)
    if status >= 500 or status == 408:
        return Uncertain(label, evidence)
    return Rejected(label, _scope(status, number), evidence)


def read_failure(code: int | None, evidence: Evidence) -> Deferred | Rejected:
    """What it means that Twilio took a message and then gave it up."""
    label = f"twilio {code}" if code else "twilio failed"
    if is_passing(code):
        return Deferred(label, _LATER, evidence=evidence)
    return Rejected(label, failure_scope(code), evidence)


def failure_scope(code: int | None) -> Scope:
    """What it is about that Twilio gave a message up."""
    return _SCOPES.get(code or 0, Scope.ADDRESS)


def is_passing(code: int | None) -> bool:
    """Whether what made Twilio give a message up may be over a little later."""
    return code in _PASSING


def _scope(status: int, number: int | None) -> Scope:
    if number in _SCOPES:
        return _SCOPES[number]
    # A redirect, too, is an address that IT must put right.
    is_ours = status in _ACCOUNT_STATUSES or status < 400
    return Scope.ACCOUNT if is_ours else Scope.CONTENT
