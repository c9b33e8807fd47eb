"""What a gateway's answer to a signed request means for the message in it."""

import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from reminder.model.outcomes import (
    Accepted,
    Deferred,
    Evidence,
    Outcome,
    Rejected,
    Scope,
    Uncertain,
)
from reminder.transports.http import Answer, retry_after

KNOWN_ALREADY = 409
"""The gateway took a message of this id before, and has not sent it a second time."""

_ABOUT_THE_MESSAGE = frozenset({400, 413, 422})
_SCOPES = {
    "address": Scope.ADDRESS,
    "opted-out": Scope.OPTED_OUT,
    "content": Scope.CONTENT,
}
_A_NAME = re.compile(r"[!-~]{1,128}")


def read_answer(answer: Answer, webhook_id: str, now: datetime) -> Outcome:
    """Taken, refused, to be tried later, or nobody knows.

    What took a message and does not name it knows it by our id.
    """
    status, label = answer.status, f"http {answer.status}"
    if 200 <= status < 300 or status == KNOWN_ALREADY:
        return _accepted(answer, webhook_id)
    after = retry_after(answer.headers.get("Retry-After"), now)
    # A 503 that names no time may be a proxy's, after the gateway took it.
    if status == 429 or (status == 503 and after is not None):
        return Deferred(label, after, evidence=answer.evidence)
    if status >= 500 or status == 408 or status < 200:
        return Uncertain(label, answer.evidence)
    return _rejected(answer, label)


def refusal(word: object) -> Scope | None:
    """What one of the words for a refusal is about; None for any other word."""
    return _SCOPES.get(word) if isinstance(word, str) else None


def provider_name(value: object) -> str | None:
    """A gateway's name for something, if it is one that can be kept."""
    return value if isinstance(value, str) and _A_NAME.fullmatch(value) else None


def count(value: object) -> int | None:
    """A number of segments, if it is one."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value < 1000 else None


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; empty when it is something else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _accepted(answer: Answer, webhook_id: str) -> Accepted:
    said = read_object(answer.body)
    name = provider_name(said.get("id")) or webhook_id
    return Accepted(name, _named(answer.evidence, name), count(said.get("segments")))


def _rejected(answer: Answer, label: str) -> Rejected:
    """A redirect, too, is an address that IT must put right."""
    if answer.status not in _ABOUT_THE_MESSAGE:
        return Rejected(label, Scope.ACCOUNT, answer.evidence)
    scope = refusal(read_object(answer.body).get("error"))
    if scope is None:
        return Rejected(label, Scope.CONTENT, answer.evidence)
    return Rejected(f"{label} {scope.value}", scope, answer.evidence)


def _named(evidence: Evidence, name: str) -> Evidence:
    return replace(evidence, queue_id=name)
