import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiosmtplib
import pytest

from reminder.sandbox.certificates import Certificate
from reminder.sandbox.mail_server import MailServer

NOON = datetime(2027, 3, 1, 17, tzinfo=UTC)
MAIL = (
    b"From: reminders@clinics.example.org\r\n"
    b"To: ana@example.org\r\n"
    b"Subject: =?utf-8?q?A_message_from_Cl=C3=ADnica?=\r\n"
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="b"\r\n'
    b"\r\n"
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nplain words\r\n"
    b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>rich words</p>\r\n"
    b"--b--\r\n"
)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[MailServer]:
    server = MailServer(tmp_path, lambda: NOON)
    await server.start()
    yield server
    await server.stop()


async def send(server: MailServer, content: bytes = MAIL) -> str:
    """Send as Reminder must: TLS with a verified certificate; the server's reply."""
    trusted = ssl.create_default_context(cafile=server.ca_bundle)
    client = aiosmtplib.SMTP(
        hostname=server.host, port=server.port, start_tls=True, tls_context=trusted
    )
    await client.connect()
    try:
        _, reply = await client.sendmail(
            "bounces@clinics.example.org", ["ana@example.org"], content
        )
    finally:
        client.close()
    return reply


async def test_mail_comes_over_tls_that_its_authority_vouches_for(
    server: MailServer,
) -> None:
    reply = await send(server)

    [mail] = server.mailbox.mails
    assert mail.protocol == "TLSv1.3"
    assert mail.cipher.startswith("TLS_")
    assert reply.startswith("2.0.0 Ok: queued as 00000001")


async def test_a_received_mail_can_be_read_in_all_its_parts(
    server: MailServer, tmp_path: Path
) -> None:
    await send(server)

    [mail] = server.mailbox.to("ana@example.org")
    assert mail.subject == "A message from Clínica"
    assert mail.text.strip() == "plain words"
    assert mail.html.strip() == "<p>rich words</p>"
    assert mail.received_at == NOON
    assert (tmp_path / "mail" / "00001.eml").read_bytes() == MAIL
    assert "ana" not in repr(mail)


@pytest.mark.parametrize(
    "certificate",
    [certificate for certificate in Certificate if certificate is not Certificate.GOOD],
)
async def test_a_bad_certificate_is_noticed_by_whoever_checks(
    server: MailServer, certificate: Certificate
) -> None:
    server.faults.certificate = certificate

    with pytest.raises(ssl.SSLCertVerificationError):
        await send(server)

    assert server.mailbox.mails == []


async def test_a_relay_without_starttls_offers_none(server: MailServer) -> None:
    server.faults.starttls = False

    with pytest.raises(aiosmtplib.SMTPException, match="STARTTLS"):
        await send(server)


async def test_an_address_can_be_refused(server: MailServer) -> None:
    server.faults.refused["ana@example.org"] = "550 5.1.1 Nobody of that name"

    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await send(server)


async def test_messages_can_be_deferred_one_by_one(server: MailServer) -> None:
    server.faults.replies.append("451 4.7.1 Greylisted")

    with pytest.raises(aiosmtplib.SMTPDataError) as deferred:
        await send(server)
    await send(server)

    assert deferred.value.code == 451
    assert len(server.mailbox.mails) == 1


async def test_a_lost_answer_leaves_a_message_that_arrived(
    server: MailServer,
) -> None:
    server.faults.lost_answers = 1

    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await send(server)

    assert len(server.mailbox.mails) == 1


async def test_the_server_stops_while_somebody_is_connected(tmp_path: Path) -> None:
    server = MailServer(tmp_path, lambda: NOON)
    await server.start()
    reader, writer = await asyncio.open_connection(server.host, server.port)
    await reader.readline()

    async with asyncio.timeout(5):
        await server.stop()

    writer.close()
