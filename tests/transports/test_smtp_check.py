"""A check tells IT which step fails, and sends nothing."""

import pytest

from reminder.model.outcomes import Finding, Verdict
from tests.servers.certificates import Authority
from tests.servers.mail import MailServer
from tests.transports.relay import SIGN_IN, USERS, open_transport


def _verdicts(findings: list[Finding]) -> dict[str, Verdict]:
    return {finding.name: finding.verdict for finding in findings}


async def test_a_check_that_passes_sends_nothing(authority: Authority) -> None:
    server = MailServer(authority.server_context(), users=USERS)

    async with (
        server,
        open_transport(server, authority, **SIGN_IN) as transport,
    ):
        findings = await transport.check()

    assert set(_verdicts(findings).values()) == {Verdict.PASS}
    assert "TLSv1" in findings[1].advice
    assert "MAIL" not in server.commands


@pytest.mark.parametrize(
    ("name", "tls", "password", "failed"),
    [
        ("no TLS", False, "s3cret", "smtp encryption"),
        ("wrong password", True, "wrong", "smtp sign-in"),
    ],
)
async def test_a_check_says_which_step_failed_and_what_to_do(
    authority: Authority, name: str, tls: bool, password: str, failed: str
) -> None:
    server = MailServer(authority.server_context() if tls else None, users=USERS)

    async with (
        server,
        open_transport(
            server, authority, **{**SIGN_IN, "password": password}
        ) as transport,
    ):
        findings = await transport.check()

    [finding] = [one for one in findings if one.verdict is Verdict.FAIL]
    assert finding.name == failed
    assert finding.advice


async def test_a_check_of_nobody_fails_at_the_connection(
    authority: Authority, dead_port: int
) -> None:
    nobody = MailServer(None)
    nobody.port = dead_port

    async with open_transport(nobody, authority) as transport:
        findings = await transport.check()

    assert _verdicts(findings) == {
        "smtp connection": Verdict.FAIL,
        "smtp encryption": Verdict.UNKNOWN,
        "smtp sign-in": Verdict.UNKNOWN,
    }
