"""Tries as the model has them, to and from the rows of their table."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any, assert_never
from uuid import uuid4

import orjson
from sqlalchemy import Row

from reminder.model.outcomes import (
    Accepted,
    Deferred,
    Delivery,
    Evidence,
    Outcome,
    Rejected,
    Scope,
    Uncertain,
)


def to_row(delivery: Delivery) -> dict[str, Any]:
    """A new row for one try; `evidence` is JSON, with what else the outcome says."""
    outcome = delivery.outcome
    evidence = {name: text for name, text in asdict(outcome.evidence).items() if text}
    return {
        "id": uuid4(),
        "message_id": delivery.message_id,
        "transport": delivery.transport,
        "started_at": delivery.started_at,
        "ended_at": delivery.ended_at,
        "outcome": type(outcome).__name__.lower(),
        "code": "" if isinstance(outcome, Accepted) else outcome.code,
        "provider_id": outcome.provider_id if isinstance(outcome, Accepted) else "",
        "evidence": orjson.dumps(evidence | _more(outcome)).decode(),
        "segments": outcome.segments if isinstance(outcome, Accepted) else None,
    }


def from_row(row: Row[Any]) -> Delivery:
    """The try a whole row of the table holds."""
    return Delivery(
        message_id=row.message_id,
        transport=row.transport,
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=_outcome(row, orjson.loads(row.evidence)),
    )


def _more(outcome: Outcome) -> dict[str, Any]:
    match outcome:
        case Rejected():
            return {"scope": outcome.scope.value}
        case Deferred():
            after = outcome.after
            after_s = None if after is None else after.total_seconds()
            return {"after_s": after_s, "policy": outcome.policy}
        case Accepted() | Uncertain():
            return {}
        case _:
            assert_never(outcome)


def _outcome(row: Row[Any], said: dict[str, Any]) -> Outcome:
    scope = Scope(said.pop("scope", Scope.ADDRESS))
    after_s, policy = said.pop("after_s", None), said.pop("policy", False)
    evidence = Evidence(**said)
    match row.outcome:
        case "accepted":
            return Accepted(row.provider_id, evidence, row.segments)
        case "deferred":
            after = None if after_s is None else timedelta(seconds=after_s)
            return Deferred(row.code, after, policy, evidence)
        case "rejected":
            return Rejected(row.code, scope, evidence)
        case _:
            return Uncertain(row.code, evidence)
