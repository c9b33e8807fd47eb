"""Connections are shared, one message at a time, and replaced when they are lost."""

import asyncio
from email import message_from_bytes
from email.policy import default

import pytest

from reminder.model.outcomes import Accepted, Deferred, Rejected
from reminder.model.people import Channel, ContactPoint
from tests.servers.certificates import Authority
from tests.servers.mail import MailServer, Misdeed
from tests.transports.messages import email_message
from tests.transports.relay import open_transport, until


async def test_messages_share_connections_but_never_at_the_same_time(
    authority: Authority,
) -> None:
    server = MailServer(authority.server_context())
    messages = [
        email_message(to=ContactPoint(Channel.EMAIL, f"p{n}@example.org"))
        for n in range(20)
    ]

    async with server, open_transport(server, authority, connections=3) as transport:
        outcomes = await asyncio.gather(*map(transport.send, messages))

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert server.connections <= 3
    recipients = sorted(received.rcpt_to[0] for received in server.received)
    assert recipients == sorted(message.to.value for message in messages)
    for received in server.received:
        header = message_from_bytes(received.content, policy=default)["To"]
        assert str(header) == received.rcpt_to[0]


async def test_one_refused_message_does_not_cost_the_connection(
    authority: Authority,
) -> None:
    server = MailServer(
        authority.server_context(), faults={"RCPT": "550 5.1.1 no such user"}
    )

    async with server, open_transport(server, authority) as transport:
        refused = await transport.send(email_message())
        server.faults.clear()
        accepted = await transport.send(email_message())

    assert isinstance(refused, Rejected)
    assert isinstance(accepted, Accepted)
    assert server.connections == 1
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"END": Misdeed.HANG_UP}, id="lost"),
        pytest.param({"MAIL": "421 4.7.0 closing"}, id="421"),
        pytest.param({"END": "421 4.7.0 closing"}, id="421 after the dot"),
    ],
)
async def test_a_lost_connection_is_replaced_for_the_next_message(
    authority: Authority, fault: dict[str, str | Misdeed]
) -> None:
    server = MailServer(authority.server_context(), faults=fault)

    async with server, open_transport(server, authority) as transport:
        await transport.send(email_message())
        server.faults.clear()
        outcome = await transport.send(email_message())

    assert isinstance(outcome, Accepted)
    assert server.connections == 2


async def test_a_cancelled_message_takes_its_connection_with_it(
    authority: Authority,
) -> None:
    server = MailServer(authority.server_context(), faults={"END": Misdeed.SAY_NOTHING})

    async with server, open_transport(server, authority) as transport:
        sending = asyncio.create_task(transport.send(email_message()))
        await until(lambda: bool(server.received))
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        server.faults.clear()
        outcome = await transport.send(email_message())

    assert isinstance(outcome, Accepted)
    assert server.connections == 2


async def test_an_idle_connection_is_closed_in_good_order(
    authority: Authority,
) -> None:
    server = MailServer(authority.server_context())

    async with (
        server,
        open_transport(server, authority, idle_timeout_s=0.05) as transport,
    ):
        await transport.send(email_message())
        await until(lambda: server.open_connections == 0)
        outcome = await transport.send(email_message())

    assert "QUIT" in server.commands
    assert isinstance(outcome, Accepted)


async def test_a_connection_the_relay_gave_up_is_not_used_again(
    authority: Authority,
) -> None:
    server = MailServer(authority.server_context())

    async with server, open_transport(server, authority) as transport:
        await transport.send(email_message())
        server.hang_up()
        await until(lambda: server.open_connections == 0)
        outcome = await transport.send(email_message())

    assert isinstance(outcome, Accepted)
    assert server.connections == 2


async def test_after_closing_nothing_is_sent(authority: Authority) -> None:
    server = MailServer(authority.server_context())

    async with server, open_transport(server, authority) as transport:
        await transport.aclose()
        await transport.aclose()
        outcome = await transport.send(email_message())

    assert outcome == Deferred("closed")
    assert server.connections == 0
