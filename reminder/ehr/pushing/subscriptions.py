"""Writes the Subscriptions with which an EHR pushes: to be created on its side."""

from reminder.ehr.reading.raw import Resource

SECRET = "PUSH_SECRET"  # noqa: S105 - stands where the secret goes
"""What the EHR's administrator puts the connection's push_secret in for."""

TOPIC = "TOPIC_URL"
"""What the canonical URL of the EHR's own topic goes in for."""

_BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
_REASON = "Appointment reminders: what changed is read again"


def by_criteria(endpoint: str, resource_type: str) -> Resource:
    """An R4 Subscription to every change of a type (HAPI, Medplum, and others)."""
    return _subscription(f"{resource_type}?", endpoint)


def by_topic(endpoint: str, topic: str = TOPIC) -> Resource:
    """A Subscriptions R5 Backport one, to a topic of the EHR; ids only."""
    content = {"url": f"{_BACKPORT}/backport-payload-content", "valueCode": "id-only"}
    subscription = _subscription(topic, endpoint)
    subscription["meta"] = {"profile": [f"{_BACKPORT}/backport-subscription"]}
    subscription["channel"]["_payload"] = {"extension": [content]}
    return subscription


def _subscription(criteria: str, endpoint: str) -> Resource:
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": _REASON,
        "criteria": criteria,
        "channel": {
            "type": "rest-hook",
            "endpoint": endpoint,
            "payload": "application/fhir+json",
            "header": [f"Authorization: Bearer {SECRET}"],
        },
    }
