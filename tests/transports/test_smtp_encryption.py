"""A relay that does not prove who it is gets nothing, and nobody listens in."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

import pytest

from reminder.model.outcomes import Accepted, Deferred
from tests.servers.certificates import Authority
from tests.servers.mail import MailServer
from tests.servers.proxy import Eavesdropper
from tests.transports.messages import CANARIES, email_message
from tests.transports.relay import SIGN_IN, USERS, open_transport, send_once

REFUSED: list[tuple[str, Callable[[Authority], ssl.SSLContext | None], str]] = [
    ("no STARTTLS", lambda authority: None, "tls-not-offered"),
    (
        "wrong name",
        lambda authority: authority.server_context("other.example.org"),
        "certificate-wrong-name",
    ),
    ("self-signed", Authority.self_signed_context, "certificate-self-signed"),
    ("unknown authority", Authority.stranger_context, "certificate-unknown-issuer"),
    ("expired", Authority.expired_context, "certificate-expired"),
]


@pytest.mark.parametrize("from_the_start", [False, True], ids=["starttls", "tls"])
@pytest.mark.parametrize(
    ("make", "code"),
    [pytest.param(make, code, id=name) for name, make, code in REFUSED],
)
async def test_a_relay_without_proven_encryption_hears_of_no_message(
    authority: Authority,
    make: Callable[[Authority], ssl.SSLContext | None],
    code: str,
    from_the_start: bool,
) -> None:
    tls = make(authority)
    if from_the_start and tls is None:
        code = "tls-failed"
    server = MailServer(tls, from_the_start=from_the_start, users=USERS)

    outcome = await send_once(
        server, authority, security="tls" if from_the_start else "starttls", **SIGN_IN
    )

    assert outcome == Deferred(code, policy=True)
    assert not {"MAIL", "RCPT", "DATA", "AUTH"} & set(server.commands)
    assert server.connections == 1


async def test_a_relay_that_speaks_only_old_tls_is_told_apart(
    authority: Authority,
) -> None:
    tls = authority.server_context()
    tls.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        tls.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        tls.maximum_version = ssl.TLSVersion.TLSv1_1
    relay = MailServer(None)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        relay.port = listening.getsockname()[1]
        # asyncio hangs up on a failed handshake; a blocking socket says why.
        refusal = asyncio.to_thread(_shake_hands, listening, tls)
        async with open_transport(relay, authority, security="tls") as transport:
            outcome, _ = await asyncio.gather(transport.send(email_message()), refusal)

    assert outcome == Deferred("tls-too-old", policy=True)


def _shake_hands(listening: socket.socket, tls: ssl.SSLContext) -> None:
    client, _ = listening.accept()
    with client, contextlib.suppress(ssl.SSLError):
        tls.wrap_socket(client, server_side=True)


async def test_starttls_that_is_refused_after_being_offered_stops_there(
    authority: Authority,
) -> None:
    server = MailServer(
        authority.server_context(), faults={"STARTTLS": "454 4.7.0 not now"}
    )

    outcome = await send_once(server, authority)

    assert outcome == Deferred("tls-refused", policy=True)
    assert "MAIL" not in server.commands


async def test_stripping_starttls_on_the_way_gains_nothing(
    authority: Authority,
) -> None:
    server = MailServer(authority.server_context(), users=USERS)
    async with (
        server,
        Eavesdropper(
            server.port, change=lambda sent: sent.replace(b"STARTTLS", b"XXXXXXXX")
        ) as line,
        open_transport(line, authority, **SIGN_IN) as transport,
    ):
        outcome = await transport.send(email_message())

    assert outcome == Deferred("tls-not-offered", policy=True)
    assert server.commands == ["EHLO"]
    assert b"XXXXXXXX" in line.heard or b"STARTTLS" in line.heard
    assert not any(canary.encode() in line.heard for canary in CANARIES)


async def test_nobody_on_the_line_reads_anything(authority: Authority) -> None:
    server = MailServer(authority.server_context(), users=USERS)
    async with (
        server,
        Eavesdropper(server.port) as line,
        open_transport(line, authority, **SIGN_IN) as transport,
    ):
        outcome = await transport.send(email_message())

    assert isinstance(outcome, Accepted)
    assert b"EHLO clinic.example.org" in line.heard
    secrets = (*CANARIES, "MAIL FROM", "clinic@", "s3cret", "AUTH PLAIN")
    assert not any(secret.encode() in line.heard for secret in secrets)
