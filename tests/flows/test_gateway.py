"""A gateway behind a signed request, from the queue to the report: each told once."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from reminder.flows.lanes import Lanes
from reminder.flows.receive import Receipt, Receive, Report
from reminder.model.appointments import AppointmentStatus
from reminder.model.messages import MessageState
from reminder.model.people import Channel
from reminder.store.keyring import KeyRing
from reminder.transports.base import TransportContext
from reminder.transports.webhook_sms import WebhookSMSTransport
from tests.flows.world import SMS, House, patient, visit
from tests.servers.gateway import KEY, SECRET, Gateway, Says, signatures
from tests.servers.mail import Misdeed

PUBLIC_URL = "https://links.example.org"


@pytest.fixture
async def gateway(house: House) -> AsyncIterator[Gateway]:
    """A gateway that takes everything, and the house sends its texts through it."""
    async with Gateway(None) as server:
        config = WebhookSMSTransport.Config(url=server.url, secret=SECRET)
        transport = WebhookSMSTransport(
            config, TransportContext(PUBLIC_URL, house.clock)
        )
        house.by_name["webhook-sms"] = transport
        ways = {Channel.EMAIL: house.mail, Channel.SMS: transport}
        house.lanes = Lanes.unlimited(ways, house.clock)
        house.dispatch = house.dispatching("one")
        await house.read_and_plan(visit(), patient(contact_points=(SMS,)))
        yield server
        await transport.aclose()


@pytest.fixture
def receive(house: House, ring: KeyRing) -> Receive:
    return Receive(
        transports=house.by_name,
        queue=house.store.queue,
        callback_key=ring.derive("callback-token"),
        public_url=PUBLIC_URL,
        clock=house.clock,
    )


def report(house: House, gateway: Gateway, **data: Any) -> Report:
    """What the gateway posts to the address it was given with the message."""
    [(message_id, message)] = gateway.sent.items()
    path = urlsplit(message["callback_url"]).path
    body = json.dumps(
        {"type": "message.status", "data": {"message_id": message_id} | data}
    ).encode()
    seconds = str(int(house.clock.now.timestamp()))
    headers = {
        "webhook-id": "event-1",
        "webhook-timestamp": seconds,
        "webhook-signature": signatures("event-1", seconds, body, [KEY]),
    }
    _, _, transport, token = path.split("/")
    return Report(transport, token, path, headers, body)


async def test_a_reminder_goes_out_and_its_report_comes_back(
    house: House, gateway: Gateway, receive: Receive
) -> None:
    await house.dispatch.run()
    [message] = gateway.sent.values()

    receipt = await receive.report(report(house, gateway, state="delivered"))

    assert (message["to"], PUBLIC_URL in message["text"]) == (SMS.value, True)
    assert receipt is Receipt.KEPT
    assert await house.messages() == {MessageState.DELIVERED: 1}
    assert await house.reminders() == ["day sent"]


async def test_a_report_that_was_kept_back_too_long_is_refused(
    house: House, gateway: Gateway, receive: Receive
) -> None:
    await house.dispatch.run()
    late = report(house, gateway, state="failed")
    house.clock.now += timedelta(minutes=6)

    assert await receive.report(late) is Receipt.REFUSED
    assert await house.messages() == {MessageState.SENT: 1}


@pytest.mark.parametrize("lost", [Misdeed.HANG_UP, Says(500)], ids=["cut", "500"])
async def test_after_a_lost_answer_the_patient_is_told_once(
    house: House, gateway: Gateway, lost: Says | Misdeed
) -> None:
    gateway.answers = [lost]
    await house.dispatch.run()
    in_doubt = await house.messages()
    house.clock.now += timedelta(minutes=4)

    await house.keep.run()
    await house.dispatch.run()

    assert in_doubt == {MessageState.UNCERTAIN: 1}
    assert await house.messages() == {MessageState.SENT: 1}
    assert (len(gateway.asked), len(gateway.sent)) == (2, 1)


async def test_after_a_lost_answer_nothing_goes_about_a_visit_that_is_off(
    house: House, gateway: Gateway
) -> None:
    """The reason why it is not posted again while its fate is being asked about."""
    gateway.answers = [Misdeed.HANG_UP]
    await house.dispatch.run()
    house.ehr.put(visit(status=AppointmentStatus.CANCELLED))
    house.clock.now += timedelta(minutes=4)

    await house.keep.run()
    await house.dispatch.run()

    assert len(gateway.asked) == 1
