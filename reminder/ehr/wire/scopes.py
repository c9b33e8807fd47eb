"""Decides which SMART scopes to ask for, and which of them were not granted."""

from collections.abc import Iterable, Sequence

_READ = "rs"

# What Reminder does with each type of resource, in SMART v2's letters: create,
# read, update, search. No deletion, and nothing of the chart.
USES = (
    ("Appointment", _READ),
    ("Patient", _READ),
    ("RelatedPerson", _READ),
    ("Location", _READ),
    ("Practitioner", _READ),
    ("Slot", _READ),
    ("Communication", _READ),  # Whether it was recorded before.
    ("Appointment", "cu"),  # Confirm, cancel, move; or book anew, then cancel.
    ("Slot", "u"),  # Free and busy, in the same transaction.
    ("Communication", "c"),  # That a message was sent.
    ("AppointmentResponse", "c"),  # What the patient answers, where this is the way.
    ("Task", "c"),  # What the front desk is asked to do, where this is.
)
"""Reading and writing apart: a server may grant the one without the other."""

GROUP = ("Group", "r")
"""Only where patients are named by a Group."""

_V1 = {"read": "rs", "write": "cud", "*": "cruds"}


def wanted(
    uses: Iterable[tuple[str, str]], *, is_v2: bool, offered: Iterable[str]
) -> tuple[str, ...]:
    """The scopes for these uses, as this server writes them.

    A server that lists system scopes is asked for none beyond them: some
    refuse everything for one scope too many.
    """
    scopes = tuple(dict.fromkeys(_v2(*use) if is_v2 else _v1(*use) for use in uses))
    system = [scope for scope in offered if scope.startswith("system/")]
    if not system:
        return scopes
    return tuple(scope for scope in scopes if _is_covered(scope, system)) or scopes


def not_granted(asked: Sequence[str], granted: Iterable[str]) -> tuple[str, ...]:
    """Those asked for that are not among those granted, however these are written."""
    given = list(granted)
    return tuple(
        scope for scope in asked if scope not in given and not _is_covered(scope, given)
    )


def _v2(resource_type: str, letters: str) -> str:
    return f"system/{resource_type}.{letters}"


def _v1(resource_type: str, letters: str) -> str:
    return f"system/{resource_type}.{'read' if letters in _READ else 'write'}"


def _is_covered(scope: str, by: Sequence[str]) -> bool:
    context, resource_type, letters = _parts(scope)
    allowed = {
        letter
        for each in by
        for one in [_parts(each)]
        if one[0] == context and one[1] in ("*", resource_type)
        for letter in one[2]
    }
    # A v1 write of ours uses create and update; a v1 grant of it allows deletion.
    needed = set(letters) - ({"d"} if scope.endswith(".write") else set())
    return bool(needed) and needed <= allowed


def _parts(scope: str) -> tuple[str, str, str]:
    """Context, type and letters; a scope narrowed by a query counts for nothing."""
    context, _, rest = scope.partition("/")
    resource_type, _, permissions = rest.partition(".")
    if "?" in permissions:
        return context, resource_type, ""
    return context, resource_type, _V1.get(permissions, permissions)
