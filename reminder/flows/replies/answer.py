"""Makes the message that answers a reply."""

from collections.abc import Iterable
from datetime import timedelta

from reminder.flows.replies.number import Number
from reminder.flows.respond.visits import Known
from reminder.model.messages import MessageKind, NewMessage

_USEFUL = timedelta(hours=4)
"""An answer that comes later answers nothing."""


def answer(
    number: Number, template: str, about: Iterable[Known] = ()
) -> NewMessage | None:
    """What goes back to the number at once; None where no clinic can answer it."""
    if number.clinic is None:
        return None
    return NewMessage(
        kind=MessageKind.REPLY,
        clinic_id=number.clinic.clinic_id,
        to=number.at,
        language=number.language,
        template=template,
        appointments=tuple(one.key for one in about),
        useful_until=number.now + _USEFUL,
    )
