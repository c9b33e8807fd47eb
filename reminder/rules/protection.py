"""How content is protected on its way, by what is proven about the channel."""

from typing import assert_never

from reminder.model.messages import Protection
from reminder.model.people import Channel


def protect(channel: Channel, *, consented: bool = False) -> Protection:
    """Content may name the visit only where the transport must prove encryption.

    An SMS or a call can be read along and stays on a lock screen or an
    answering machine: a notice without patient data, and the secure page;
    unless the patient `consented` to details on that address. Mail needs no
    consent, and none makes it go in clear.
    """
    match channel:
        case Channel.EMAIL:
            return Protection.TLS
        case Channel.SMS | Channel.VOICE:
            return Protection.PLAIN if consented else Protection.PICKUP
        case _:
            assert_never(channel)
