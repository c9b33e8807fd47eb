"""What an SMTP reply, or its absence, means for the message.

Codes carry the reply code and the enhanced status (RFC 3463) and never the
server's text, which may quote the address or the subject.
"""

import re
from enum import StrEnum

import aiosmtplib

from reminder.model.outcomes import (
    Deferred,
    Evidence,
    Rejected,
    Scope,
    Uncertain,
)
from reminder.transports.tls import tls_problem


class Phase(StrEnum):
    """How far a conversation had come; only after END may the message have gone."""

    CONNECT = "connect"
    HELLO = "hello"
    TLS = "tls"
    SIGN_IN = "sign-in"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    END = "end"


class Stopped(Exception):
    """A conversation ended without acceptance; `outcome` says what that means."""

    def __init__(self, outcome: Deferred | Rejected | Uncertain) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?!\S)")
# Postfix, Exim, Exchange and Amazon SES. Bounded and without @: a reply may
# quote the address, and what is kept here is kept in clear.
_QUEUE_ID = re.compile(
    r"(?:queued as |\bid=|InternalId=|^Ok (?=[0-9a-f-]{20,80}$))"
    r"([A-Za-z0-9.+/=_-]{4,80})(?![^\s,;\])])",
    re.IGNORECASE | re.MULTILINE,
)
# 5xx replies about signing in (RFC 4954), whatever they answer.
_SIGN_IN_CODES = frozenset({530, 534, 535, 538})
_BY_PHASE = {
    Phase.RCPT: Scope.ADDRESS,
    Phase.DATA: Scope.CONTENT,
    Phase.END: Scope.CONTENT,
}
# RFC 3463 by subject: 1 addressing, 2 mailbox, 4 routing, 5 protocol, 6 content.
_BY_SUBJECT = {
    1: Scope.ADDRESS,
    2: Scope.ADDRESS,
    4: Scope.ADDRESS,
    5: Scope.ACCOUNT,
    6: Scope.CONTENT,
}
_BY_STATUS = {
    (1, 7): Scope.ACCOUNT,  # our own address is badly written
    (1, 8): Scope.ACCOUNT,  # our own domain does not accept mail
    (3, 4): Scope.CONTENT,  # too big
    (7, 8): Scope.ACCOUNT,  # RFC 4954: signing in failed
    (7, 9): Scope.ACCOUNT,
    (7, 11): Scope.ACCOUNT,
    (7, 515): Scope.ACCOUNT,  # Microsoft: our domain proves nothing about itself
    # RFC 7372 and Gmail: DKIM, SPF, DMARC or reverse DNS are wrong.
    **{(7, detail): Scope.ACCOUNT for detail in range(20, 30)},
}


def stopped(error: Exception, phase: Phase, evidence: Evidence) -> Stopped:
    """What this library's error at that phase means."""
    return Stopped(_outcome(error, phase, evidence))


def queue_id(text: str) -> str:
    """The relay's own name for what it accepted; empty when it gives none we know."""
    found = _QUEUE_ID.search(text)
    return found[1] if found else ""


def _outcome(
    error: Exception, phase: Phase, evidence: Evidence
) -> Deferred | Rejected | Uncertain:
    if phase in (Phase.CONNECT, Phase.TLS):
        problem = tls_problem(error)
        if problem is not None:
            return Deferred(problem, policy=True)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        if phase is Phase.TLS:
            return Deferred("tls-refused", policy=True)
        return _read_reply(error.code, error.message, phase, evidence)
    how = "timeout" if isinstance(error, TimeoutError) else "lost"
    if phase is Phase.END:
        return Uncertain(f"{how} at end", evidence)
    return Deferred(f"{how} at {phase}", evidence=evidence)


def _read_reply(
    code: int, text: str, phase: Phase, evidence: Evidence
) -> Deferred | Rejected | Uncertain:
    status = _enhanced_status(code, text)
    label = f"smtp {code} {'.'.join(map(str, status))}".rstrip()
    if 400 <= code < 500:
        return Deferred(label, evidence=evidence)
    if 500 <= code < 600:
        return Rejected(label, _scope(code, status, phase), evidence)
    if phase is Phase.END:
        return Uncertain("unexpected reply at end", evidence)
    return Deferred(f"unexpected reply at {phase}", evidence=evidence)


def _enhanced_status(code: int, text: str) -> tuple[int, ...]:
    found = _STATUS.match(text)
    if found is None or found[1] != str(code)[0]:
        return ()
    return tuple(int(part) for part in found.groups())


def _scope(code: int, status: tuple[int, ...], phase: Phase) -> Scope:
    if code in _SIGN_IN_CODES:
        return Scope.ACCOUNT
    by_phase = _BY_PHASE.get(phase, Scope.ACCOUNT)
    if not status:
        return by_phase
    _, subject, detail = status
    if subject == 7 and phase is Phase.RCPT:
        # Relaying denied, or our sender is not welcome: the address is not at fault.
        by_phase = Scope.ACCOUNT
    return _BY_STATUS.get((subject, detail)) or _BY_SUBJECT.get(subject, by_phase)
