"""Decides what may be promised of writing: what a trial disproved is not."""

from collections.abc import Mapping, Sequence

from reminder.ehr.wire.scopes import not_granted
from reminder.model.capabilities import Capabilities, WriteStyle, Writing
from reminder.model.trials import Trial, Verdict

_CONTEXTS = ("system", "user", "patient")
_WITH_VERSIONS = (WriteStyle.TRANSACTION, WriteStyle.UPDATE, WriteStyle.PATCH)
_OVERLOOKED = (
    "But it does not look at If-Match: what somebody changes at the very moment of a "
    "write can be lost."
)


def promised(
    stated: Writing, scopes: Sequence[str], can: Capabilities
) -> tuple[Writing, tuple[str, ...]]:
    """How it will be written, and what stands against the styles it might have been.

    What the scopes in force do not allow is refused, and so becomes a request.
    Where none of them is SMART's, they do not tell.
    """
    styles: dict[str, WriteStyle] = {}
    against: list[str] = []
    for what, style in _each(stated):
        missing = _missing(_uses(what, style, can), scopes)
        styles[what] = WriteStyle.REQUEST if missing else style
        if missing:
            names = " and ".join(missing)
            against.append(
                f"{what} would be {style.value}, but scope {names} is missing."
            )
    return Writing(**styles), tuple(against)


def overlooked(writing: Writing, trials: Mapping[str, Trial]) -> tuple[str, ...]:
    """What is to be said where a write for another version was not refused."""
    trial = trials.get("if-match")
    failed = trial is not None and trial.verdict is Verdict.FAIL
    relied_on = any(style in _WITH_VERSIONS for _, style in _each(writing))
    return (_OVERLOOKED,) if failed and relied_on else ()


def _each(writing: Writing) -> tuple[tuple[str, WriteStyle], ...]:
    return (
        ("confirm", writing.confirm),
        ("cancel", writing.cancel),
        ("move", writing.move),
    )


def _uses(what: str, style: WriteStyle, can: Capabilities) -> tuple[str, ...]:
    """The scopes a style needs, without their context."""
    match style:
        case WriteStyle.TRANSACTION | WriteStyle.UPDATE:
            takes_slots = what != "confirm" and can.slot_update
            slots = ("Slot.u",) if takes_slots else ()
            return ("Appointment.u", *slots)
        case WriteStyle.PATCH:
            return ("Appointment.u",)
        case WriteStyle.REBOOK:
            return ("Appointment.c", "Appointment.u")
        case WriteStyle.RESPONSE:
            return ("AppointmentResponse.c",)
        case WriteStyle.TASK:
            return ("Task.c",)
        case WriteStyle.REQUEST:
            return ()


def _missing(uses: Sequence[str], scopes: Sequence[str]) -> list[str]:
    contexts = [
        each for each in _CONTEXTS if any(one.startswith(f"{each}/") for one in scopes)
    ]
    return [
        f"{contexts[0]}/{use}"
        for use in uses
        if contexts and all(not_granted([f"{each}/{use}"], scopes) for each in contexts)
    ]
