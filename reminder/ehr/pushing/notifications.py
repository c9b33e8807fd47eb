"""Reads what FHIR servers send to a Subscription's endpoint: which ids, and no more.

Three kinds are known. An R4 Subscription with criteria sends the resource, by
PUT or POST to `{endpoint}/{type}/{id}` (HAPI) or by POST to the endpoint
(Medplum), or with no payload an empty POST. The Subscriptions R5 Backport sends
a Bundle whose first entry is its status. Only types and ids are taken from any:
what they hold is read from the EHR itself.
"""

from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from reminder.ehr.reading.raw import Resource, as_object, objects
from reminder.ehr.reading.references import Target, is_id, resolve
from reminder.model.pushed import SOMETHING, Hint

MOST = 1000
"""How many resources one notification may name; of more, the rest is looked for."""

_READ = frozenset({"Appointment", "Patient"})
_DELETED = "x-medplum-deleted-resource"
_EVENT = ("notification-event", "notificationEvent")
_SAY_NOTHING = ("handshake", "heartbeat")


class NotANotification(ValueError):
    """It could not be understood: neither its path nor its body says anything."""


class UnknownFormat(ValueError):
    """Its body is not JSON; only with the resource's id in the path is that no harm."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What to read again; `ignored` counts what was named and is not this EHR's."""

    hints: tuple[Hint, ...] = ()
    ignored: int = 0


def read_notification(
    path: str, headers: Mapping[str, str], body: bytes, base_url: str
) -> Notification:
    """What a request to the endpoint asks us to read again.

    `path` is what follows the endpoint, without its escapes; names of `headers`
    are in lower case. A handshake and a heartbeat ask for nothing, nor does news
    of other types of resource.

    Raises:
        NotANotification: nothing of it could be understood.
        UnknownFormat: its body would have to be understood, and is not JSON.
    """
    named = headers.get(_DELETED) or path.strip("/")
    if "/" in named:
        target = _target(named, base_url)
        if target is None:
            raise NotANotification("the path names no resource")
        return _noted([target])
    if not body.strip():
        return Notification((SOMETHING,))
    resource = _parsed(headers.get("content-type", ""), body)
    if resource.get("resourceType") == "Bundle":
        return _bundle(resource, base_url)
    if not resource:
        return Notification((SOMETHING,))
    target = _of(resource)
    if target is None:
        raise NotANotification("the body is no resource with an id")
    return _noted([target])


def _parsed(content_type: str, body: bytes) -> Resource:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type and not media_type.endswith(("/json", "+json")):
        raise UnknownFormat("the body is not JSON")
    try:
        # Servers on .NET like to begin with a byte order mark; RFC 8259 §8.1.
        resource = orjson.loads(body.removeprefix(BOM_UTF8))
    except ValueError:
        raise NotANotification("the body is not JSON") from None
    if not isinstance(resource, dict):
        raise NotANotification("the body is no resource")
    return resource


def _bundle(bundle: Resource, base_url: str) -> Notification:
    entries = list(objects(bundle.get("entry")))
    status = _status(entries)
    if status.get("type") in _SAY_NOTHING:
        return Notification()
    focus = list(_focus(status))
    content = entries[1:] if status else entries
    if not focus and not content:
        return Notification((SOMETHING,))
    named = [_target(each, base_url) for each in focus]
    return _noted(named + [_entry(each, base_url) for each in content])


def _status(entries: list[Resource]) -> Resource:
    """The SubscriptionStatus of the first entry, however it is written; or nothing."""
    first = as_object(entries[0].get("resource")) if entries else {}
    match first.get("resourceType"):
        case "SubscriptionStatus":
            return first
        case "Parameters":
            return _of_parameters(first)
        case _:
            return {}


def _of_parameters(parameters: Resource) -> Resource:
    """The Parameters of the backport's R4 profile, as a SubscriptionStatus."""
    named = list(objects(parameters.get("parameter")))
    kinds = [each.get("valueCode") for each in named if each.get("name") == "type"]
    events = [each for each in named if each.get("name") in _EVENT]
    parts = [part for event in events for part in objects(event.get("part"))]
    focus = [
        part.get("valueReference") for part in parts if part.get("name") == "focus"
    ]
    return {
        "type": kinds[0] if kinds else None,
        "notificationEvent": [{"focus": each} for each in focus],
    }


def _focus(status: Resource) -> Iterator[object]:
    for event in objects(status.get("notificationEvent")):
        reference = as_object(event.get("focus")).get("reference")
        if reference is not None:
            yield reference


def _entry(entry: Resource, base_url: str) -> Target | None:
    """What an entry is about: of its own server, or None."""
    url = entry.get("fullUrl")
    if isinstance(url, str) and not url.startswith("urn:"):
        return _target(url, base_url)
    return _of(as_object(entry.get("resource"))) or _target(
        as_object(entry.get("request")).get("url"), base_url
    )


def _of(resource: Resource) -> Target | None:
    kind, id_ = resource.get("resourceType"), resource.get("id")
    if not isinstance(kind, str) or not isinstance(id_, str) or not is_id(id_):
        return None
    return Target(kind, id_)


def _target(reference: object, base_url: str) -> Target | None:
    found = resolve({"reference": reference}, base_url)
    return found if isinstance(found, Target) else None


def _noted(targets: list[Target | None]) -> Notification:
    """The hints of those that are ours to read, each once."""
    ignored = sum(target is None for target in targets)
    hints = dict.fromkeys(Hint(*each) for each in targets if each and each[0] in _READ)
    if len(hints) > MOST:
        return Notification((SOMETHING, *list(hints)[:MOST]), ignored)
    return Notification(tuple(hints), ignored)
