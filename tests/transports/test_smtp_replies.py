"""What a relay says, or does not say, means what it means by how far it had come."""

import pytest

from reminder.model.outcomes import (
    Accepted,
    Deferred,
    Outcome,
    Rejected,
    Scope,
    Uncertain,
)
from tests.servers.certificates import Authority
from tests.servers.mail import MailServer, Misdeed
from tests.transports.messages import email_message
from tests.transports.relay import SIGN_IN, USERS, open_transport, send_once

FAULTS: list[tuple[str, str | Misdeed, Outcome]] = [
    ("CONNECT", "554 no service", Rejected("smtp 554", Scope.ACCOUNT)),
    ("CONNECT", "421 4.3.2 closing", Deferred("smtp 421 4.3.2")),
    ("CONNECT", Misdeed.HANG_UP, Deferred("lost at connect")),
    ("EHLO", Misdeed.HANG_UP, Deferred("lost at hello")),
    ("STARTTLS", Misdeed.HANG_UP, Deferred("lost at tls")),
    ("MAIL", "451 4.3.0 later", Deferred("smtp 451 4.3.0")),
    ("MAIL", "421 4.7.0 too many", Deferred("smtp 421 4.7.0")),
    ("MAIL", "550 5.7.1 not you", Rejected("smtp 550 5.7.1", Scope.ACCOUNT)),
    ("MAIL", "530 5.7.0 sign in", Rejected("smtp 530 5.7.0", Scope.ACCOUNT)),
    ("MAIL", "552 5.3.4 too big", Rejected("smtp 552 5.3.4", Scope.CONTENT)),
    ("MAIL", Misdeed.HANG_UP, Deferred("lost at mail")),
    ("RCPT", "450 4.2.1 busy", Deferred("smtp 450 4.2.1")),
    (
        "RCPT",
        "550 5.1.1 no canary.okafor@example.org",
        Rejected("smtp 550 5.1.1", Scope.ADDRESS),
    ),
    ("RCPT", "550 no such user", Rejected("smtp 550", Scope.ADDRESS)),
    ("RCPT", "552 5.2.2 full", Rejected("smtp 552 5.2.2", Scope.ADDRESS)),
    ("RCPT", "554 5.7.1 no relaying", Rejected("smtp 554 5.7.1", Scope.ACCOUNT)),
    ("RCPT", "550 4.1.1 confused", Rejected("smtp 550", Scope.ADDRESS)),
    ("RCPT", Misdeed.HANG_UP, Deferred("lost at rcpt")),
    ("DATA", "451 4.3.1 no room", Deferred("smtp 451 4.3.1")),
    ("DATA", "554 5.5.1 no", Rejected("smtp 554 5.5.1", Scope.ACCOUNT)),
    ("DATA", "250 what", Deferred("unexpected reply at data")),
    ("DATA", Misdeed.HANG_UP, Deferred("lost at data")),
    ("END", "451 4.7.1 greylisted", Deferred("smtp 451 4.7.1")),
    ("END", "554 5.7.1 spam", Rejected("smtp 554 5.7.1", Scope.CONTENT)),
    ("END", "554 5.1.1 gone", Rejected("smtp 554 5.1.1", Scope.ADDRESS)),
    ("END", "550 5.7.26 DMARC", Rejected("smtp 550 5.7.26", Scope.ACCOUNT)),
    ("END", "550 5.7.515 no SPF", Rejected("smtp 550 5.7.515", Scope.ACCOUNT)),
    ("END", "550 refused", Rejected("smtp 550", Scope.CONTENT)),
    ("END", "354 what", Uncertain("unexpected reply at end")),
    ("END", "gibberish", Uncertain("unexpected reply at end")),
    ("END", Misdeed.HANG_UP, Uncertain("lost at end")),
]


@pytest.mark.parametrize(
    ("phase", "fault", "expected"),
    [
        pytest.param(
            phase,
            fault,
            expected,
            id=f"{phase}-{fault.name if isinstance(fault, Misdeed) else fault}",
        )
        for phase, fault, expected in FAULTS
    ],
)
async def test_what_goes_wrong_is_known_by_how_far_it_had_come(
    authority: Authority, phase: str, fault: str | Misdeed, expected: Outcome
) -> None:
    server = MailServer(authority.server_context(), faults={phase: fault})

    outcome = await send_once(server, authority)

    assert type(outcome) is type(expected)
    assert outcome.code == expected.code
    assert getattr(outcome, "scope", None) == getattr(expected, "scope", None)
    assert not getattr(outcome, "policy", False)
    assert server.connections == 1
    assert server.commands.count("DATA") <= 1


SILENCES = [
    ("CONNECT", Deferred("timeout at connect")),
    ("EHLO", Deferred("timeout at hello")),
    ("MAIL", Deferred("timeout at mail")),
    ("RCPT", Deferred("timeout at rcpt")),
    ("DATA", Deferred("timeout at data")),
    ("END", Uncertain("timeout at end")),
]


@pytest.mark.parametrize(
    ("phase", "expected"),
    [pytest.param(phase, expected, id=phase) for phase, expected in SILENCES],
)
async def test_silence_is_uncertain_only_after_the_final_dot(
    authority: Authority, phase: str, expected: Outcome
) -> None:
    server = MailServer(authority.server_context(), faults={phase: Misdeed.SAY_NOTHING})

    outcome = await send_once(
        server,
        authority,
        connect_timeout_s=0.2 if phase == "CONNECT" else 5,
        command_timeout_s=0.2 if phase not in ("CONNECT", "END") else 5,
        data_timeout_s=0.2 if phase == "END" else 5,
    )

    assert type(outcome) is type(expected)
    assert outcome.code == expected.code
    assert len(server.received) == (phase == "END")
    assert server.connections == 1


async def test_nobody_listening_is_deferred(
    authority: Authority, dead_port: int
) -> None:
    nobody = MailServer(None)
    nobody.port = dead_port

    async with open_transport(nobody, authority) as transport:
        outcome = await transport.send(email_message())

    assert outcome == Deferred("lost at connect", evidence=outcome.evidence)
    assert not outcome.policy


async def test_a_wrong_password_is_our_own_fault(authority: Authority) -> None:
    server = MailServer(authority.server_context(), users=USERS)

    outcome = await send_once(server, authority, **{**SIGN_IN, "password": "wrong"})

    assert isinstance(outcome, Rejected)
    assert outcome.code.startswith("smtp 535")
    assert outcome.scope is Scope.ACCOUNT
    assert "MAIL" not in server.commands


async def test_a_relay_that_takes_no_sign_in_is_a_fault_of_the_settings(
    authority: Authority,
) -> None:
    server = MailServer(authority.server_context())

    outcome = await send_once(server, authority, **SIGN_IN)

    assert isinstance(outcome, Rejected)
    assert outcome.code == "sign-in-not-offered"
    assert outcome.scope is Scope.ACCOUNT


async def test_a_failing_goodbye_changes_nothing(authority: Authority) -> None:
    server = MailServer(authority.server_context(), faults={"QUIT": Misdeed.HANG_UP})

    outcome = await send_once(server, authority)

    assert isinstance(outcome, Accepted)
    assert "QUIT" in server.commands
