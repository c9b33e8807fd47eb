"""What `reminder check` says about a relay, in words for hospital IT."""

from reminder.model.outcomes import Deferred, Finding, Verdict
from reminder.transports.smtp_connection import SMTPConnection
from reminder.transports.smtp_replies import Phase, Stopped

_CONNECTION, _ENCRYPTION, _SIGN_IN = (
    "smtp connection",
    "smtp encryption",
    "smtp sign-in",
)
_ADVICE = {
    _CONNECTION: "Check host and port, and that a firewall lets us out.",
    _ENCRYPTION: "Use a port that offers TLS, name the relay as its certificate does,"
    " and give ca_bundle if an authority of your own signed it.",
    _SIGN_IN: "Check username and password at the relay.",
}


async def findings(connection: SMTPConnection) -> list[Finding]:
    """One line for connecting, one for encryption, one for signing in."""
    try:
        await connection.open()
    except Stopped as stopped:
        return _failed(_step(connection.phase, stopped), stopped)
    evidence = connection.evidence
    await connection.say_goodbye()
    how = f"{evidence.protocol}, {evidence.cipher}, issued by {evidence.issuer}"
    return [
        Finding(_CONNECTION, Verdict.PASS),
        Finding(_ENCRYPTION, Verdict.PASS, how),
        Finding(_SIGN_IN, Verdict.PASS),
    ]


def _step(phase: Phase, stopped: Stopped) -> str:
    if isinstance(stopped.outcome, Deferred) and stopped.outcome.policy:
        return _ENCRYPTION
    return _SIGN_IN if phase is Phase.SIGN_IN else _CONNECTION


def _failed(step: str, stopped: Stopped) -> list[Finding]:
    steps = list(_ADVICE)
    at = steps.index(step)
    return [
        *(Finding(name, Verdict.PASS) for name in steps[:at]),
        Finding(step, Verdict.FAIL, f"{stopped.outcome.code}. {_ADVICE[step]}"),
        *(Finding(name, Verdict.UNKNOWN) for name in steps[at + 1 :]),
    ]
