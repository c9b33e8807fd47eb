"""For each transport of ours: a far side that behaves as the contract's tests need."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from enum import Enum

from reminder.model.messages import Message
from reminder.transports.base import Transport
from tests.servers.certificates import Authority
from tests.servers.gateway import Gateway, Says
from tests.servers.mail import MailServer, Misdeed
from tests.servers.phone import PhoneServer, Told, message_resource
from tests.transports import carrier, hook, relay
from tests.transports.messages import ADDRESS, NUMBER, TEXT, email_message, sms_message


class FarSide(Enum):
    """How the far side behaves in a test."""

    ACCEPTS = "accepts"
    REJECTS = "rejects, quoting the address and the text"
    IS_NOT_THERE = "is not there"
    LOSES_THE_ANSWER = "takes the message and loses the answer"
    PROVES_NOTHING = "has a certificate of nobody's"


@dataclass(frozen=True)
class Line:
    """A transport and its far side; `tries` counts messages it was offered."""

    transport: Transport
    tries: Callable[[], int]


Rig = Callable[[FarSide, Authority, int], AbstractAsyncContextManager[Line]]


@asynccontextmanager
async def _smtp(
    far_side: FarSide, authority: Authority, dead_port: int
) -> AsyncIterator[Line]:
    faults: dict[FarSide, dict[str, str | Misdeed]] = {
        FarSide.REJECTS: {"RCPT": f"550 5.1.1 {ADDRESS}: {TEXT}"},
        FarSide.LOSES_THE_ANSWER: {"END": Misdeed.HANG_UP},
    }
    strange = far_side is FarSide.PROVES_NOTHING
    tls = authority.stranger_context() if strange else authority.server_context()
    async with MailServer(tls, faults=faults.get(far_side, {})) as server:
        if far_side is FarSide.IS_NOT_THERE:
            server.port = dead_port
        async with relay.open_transport(server, authority) as transport:
            yield Line(transport, lambda: server.commands.count("MAIL"))


@asynccontextmanager
async def _twilio_sms(
    far_side: FarSide, authority: Authority, dead_port: int
) -> AsyncIterator[Line]:
    answers: dict[FarSide, Told | Misdeed] = {
        FarSide.REJECTS: Told(
            400, {"code": 21211, "message": f"{NUMBER}: {TEXT}", "status": 400}
        ),
        FarSide.LOSES_THE_ANSWER: Misdeed.HANG_UP,
    }
    answer = answers.get(far_side, Told(201, message_resource()))
    strange = far_side is FarSide.PROVES_NOTHING
    tls = authority.stranger_context() if strange else authority.server_context()
    async with PhoneServer(tls, [answer]) as server:
        if far_side is FarSide.IS_NOT_THERE:
            server.port = dead_port
        transport = carrier.open_transport(server.base, authority)
        try:
            yield Line(transport, lambda: len(server.asked))
        finally:
            await transport.aclose()


@asynccontextmanager
async def _webhook_sms(
    far_side: FarSide, authority: Authority, dead_port: int
) -> AsyncIterator[Line]:
    answers: dict[FarSide, list[Says | Misdeed]] = {
        FarSide.REJECTS: [Says(422, {"error": "address", "of": f"{NUMBER}: {TEXT}"})],
        FarSide.LOSES_THE_ANSWER: [Misdeed.HANG_UP],
    }
    strange = far_side is FarSide.PROVES_NOTHING
    tls = authority.stranger_context() if strange else authority.server_context()
    async with Gateway(tls, answers.get(far_side, [])) as gateway:
        if far_side is FarSide.IS_NOT_THERE:
            gateway.port = dead_port
        transport = hook.open_transport(gateway.url, authority)
        try:
            yield Line(transport, lambda: len(gateway.asked))
        finally:
            await transport.aclose()


RIGS: dict[str, tuple[Rig, Callable[[], Message]]] = {
    "smtp": (_smtp, email_message),
    "twilio-sms": (_twilio_sms, sms_message),
    "webhook-sms": (_webhook_sms, sms_message),
}
