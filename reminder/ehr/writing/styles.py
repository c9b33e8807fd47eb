"""Decides how each kind of write is made: as configured, else as the EHR can."""

from reminder.ehr.config import EHRConfig
from reminder.model.answers import WriteBackKind
from reminder.model.capabilities import Capabilities, WriteStyle, Writing


def writing(config: EHRConfig, can: Capabilities) -> Writing:
    """The style of each kind of write, the safest one this EHR offers.

    Without a statement everything is taken for given: what the EHR then
    refuses becomes a request.
    """
    return Writing(
        confirm=config.confirm_by or _confirm(can),
        cancel=config.cancel_by or _cancel(can),
        move=config.move_by or _move(can),
    )


def style_of(writing: Writing, kind: WriteBackKind) -> WriteStyle:
    """The style for one kind; a cancellation is taken back as it was made."""
    match kind:
        case WriteBackKind.CONFIRM:
            return writing.confirm
        case WriteBackKind.MOVE:
            return writing.move
        case _:
            return writing.cancel


def _confirm(can: Capabilities) -> WriteStyle:
    if can.update:
        return WriteStyle.UPDATE
    if can.patch:
        return WriteStyle.PATCH
    if can.responses:
        return WriteStyle.RESPONSE
    return _asked(can)


def _cancel(can: Capabilities) -> WriteStyle:
    if can.transactions and can.update:
        return WriteStyle.TRANSACTION
    if can.update and can.slot_update:
        return WriteStyle.UPDATE
    return WriteStyle.PATCH if can.patch else _asked(can)


def _move(can: Capabilities) -> WriteStyle:
    style = _cancel(can)
    if style in (WriteStyle.TASK, WriteStyle.REQUEST) and can.create:
        return WriteStyle.REBOOK
    return style


def _asked(can: Capabilities) -> WriteStyle:
    return WriteStyle.TASK if can.tasks else WriteStyle.REQUEST
