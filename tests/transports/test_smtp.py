"""Sending over a real server with real TLS: what arrives, and what never leaves."""

import logging
from email import message_from_bytes
from email.policy import default

import pytest

from reminder.model.messages import EmailContent
from reminder.model.outcomes import Accepted, BadSignature, Rejected, Scope
from reminder.model.people import Channel, ContactPoint
from tests.servers.certificates import Authority
from tests.servers.mail import MailServer
from tests.transports.messages import (
    ADDRESS,
    CANARIES,
    MESSAGE_ID,
    NOW,
    TEXT,
    callback,
    email_message,
)
from tests.transports.relay import SIGN_IN, USERS, open_transport, send_once


async def test_an_accepted_message_arrives_whole_and_with_evidence(
    authority: Authority,
) -> None:
    tls = authority.server_context()
    server = MailServer(tls)

    outcome = await send_once(server, authority)

    assert isinstance(outcome, Accepted)
    assert outcome.provider_id == outcome.evidence.queue_id == "4F1A2B3C4D"
    assert outcome.evidence.protocol in {"TLSv1.2", "TLSv1.3"}
    assert outcome.evidence.cipher
    assert outcome.evidence.policy == "verified"
    assert len(outcome.evidence.certificate_sha256) == 64
    assert outcome.evidence.issuer.startswith("Example Authority")
    [received] = server.received
    assert received.encrypted
    assert received.mail_from == "reminder@clinic.example.org"
    assert received.rcpt_to == (ADDRESS,)
    assert received.hello == "clinic.example.org"
    parsed = message_from_bytes(received.content, policy=default)
    assert TEXT in parsed.get_body(("plain",)).get_content()
    assert parsed["Message-ID"] == f"<{MESSAGE_ID}@clinic.example.org>"


async def test_tls_from_the_start_works_as_well(authority: Authority) -> None:
    server = MailServer(authority.server_context(), from_the_start=True)

    outcome = await send_once(server, authority, security="tls")

    assert isinstance(outcome, Accepted)
    assert server.received[0].encrypted


async def test_the_envelope_sender_and_the_message_id_follow_the_settings(
    authority: Authority,
) -> None:
    server = MailServer(authority.server_context())

    await send_once(
        server,
        authority,
        mail_from="bounce@clinic.example.org",
        message_id_domain="id.example.org",
        hello_name="node1.example.org",
    )

    [received] = server.received
    assert received.mail_from == "bounce@clinic.example.org"
    assert received.hello == "node1.example.org"
    assert f"<{MESSAGE_ID}@id.example.org>".encode() in received.content


async def test_it_signs_in_only_once_it_is_encrypted(authority: Authority) -> None:
    server = MailServer(authority.server_context(), users=USERS)

    outcome = await send_once(server, authority, **SIGN_IN)

    assert isinstance(outcome, Accepted)
    assert server.received[0].signed_in_as == "clinic"
    assert server.commands.index("STARTTLS") < server.commands.index("AUTH")


async def test_a_name_that_is_not_ascii_goes_where_smtputf8_is_offered(
    authority: Authority,
) -> None:
    server = MailServer(authority.server_context())
    to = ContactPoint(Channel.EMAIL, "josé@bücher.example.org")

    async with server, open_transport(server, authority) as transport:
        outcome = await transport.send(email_message(to=to))

    assert isinstance(outcome, Accepted)
    assert server.received[0].rcpt_to == ("josé@xn--bcher-kva.example.org",)


async def test_a_name_that_is_not_ascii_is_refused_where_it_is_not(
    authority: Authority,
) -> None:
    server = MailServer(authority.server_context(), smtputf8=False)
    to = ContactPoint(Channel.EMAIL, "josé@example.org")

    async with server, open_transport(server, authority) as transport:
        outcome = await transport.send(email_message(to=to))
        after = await transport.send(email_message())

    assert isinstance(outcome, Rejected)
    assert outcome.scope is Scope.ADDRESS
    assert outcome.code == "smtputf8-not-offered"
    assert isinstance(after, Accepted)
    assert server.connections == 1


@pytest.mark.parametrize(
    "value",
    [
        "a@b>\r\nRCPT TO:<z@example.org>",
        "a@example.org\r\nBcc: z@example.org",
        "Canary <canary@example.org>",
        "canary",
        "",
    ],
)
async def test_an_address_that_is_none_opens_no_connection(
    authority: Authority, value: str
) -> None:
    server = MailServer(authority.server_context())
    to = ContactPoint(Channel.EMAIL, value)

    async with server, open_transport(server, authority) as transport:
        outcome = await transport.send(email_message(to=to))

    assert outcome == Rejected("address-not-usable", Scope.ADDRESS)
    assert server.connections == 0


async def test_a_hostile_clinic_name_opens_no_connection(authority: Authority) -> None:
    server = MailServer(authority.server_context())
    content = EmailContent("Hi", "text", "html", "=?utf-8?q?x=0aBcc:_z?=")

    async with server, open_transport(server, authority) as transport:
        outcome = await transport.send(email_message(content=content))

    assert outcome == Rejected("header-not-safe", Scope.CONTENT)
    assert server.connections == 0


async def test_dots_and_long_lines_arrive_as_written(authority: Authority) -> None:
    server = MailServer(authority.server_context())
    text = ".\n..\n.hidden\n" + "x" * 5000 + "\nQUIT\n.\nñandú\n"
    content = EmailContent("Cita", text, "<p>.</p>", "Clínica")

    async with server, open_transport(server, authority) as transport:
        outcome = await transport.send(email_message(content=content))

    assert isinstance(outcome, Accepted)
    parsed = message_from_bytes(server.received[0].content, policy=default)
    arrived = parsed.get_body(("plain",)).get_content()
    assert arrived.replace("\r\n", "\n") == text


async def test_it_says_nothing_of_the_patient_to_the_log(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    server = MailServer(
        authority.server_context(), faults={"RCPT": f"550 5.1.1 {ADDRESS}: {TEXT}"}
    )

    with caplog.at_level(logging.DEBUG):
        outcome = await send_once(server, authority)

    ours = [
        record.getMessage()
        for record in caplog.records
        # The server of the test runs in this process and tells everything.
        if record.name != "mail.log"
    ]
    said = "\n".join([*ours, repr(outcome)])
    assert not any(canary in said for canary in CANARIES)


async def test_a_relay_cannot_be_asked_and_calls_nobody_back(
    authority: Authority,
) -> None:
    nobody = MailServer(None)
    nobody.port = 2525

    async with open_transport(nobody, authority) as transport:
        assert await transport.reconcile(email_message(), NOW) is None
        with pytest.raises(BadSignature):
            transport.read_event(callback())
