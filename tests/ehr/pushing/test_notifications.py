"""What FHIR servers send to a Subscription's endpoint, each as it really comes."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.ehr.pushing.notifications import (
    MOST,
    NotANotification,
    Notification,
    UnknownFormat,
    read_notification,
)
from reminder.ehr.pushing.proofs import is_proven
from reminder.model.pushed import SOMETHING, Hint

BASE = "https://ehr.example.org/fhir"
JSON = {"content-type": "application/fhir+json; charset=utf-8"}
A1 = Hint("Appointment", "a1")
ANA = Hint("Patient", "ana")


def read(
    body: object = None, path: str = "", headers: dict[str, str] | None = None
) -> Notification:
    content = b"" if body is None else json.dumps(body).encode()
    return read_notification(path, headers or JSON, content, BASE)


def parameters(kind: str, *focus: str) -> dict[str, Any]:
    """The status of the backport's R4 profile, as its examples write it."""
    event = [
        {"name": "event-number", "valueString": "2"},
        {"name": "timestamp", "valueInstant": "2027-03-01T11:44:13-05:00"},
    ]
    events = [
        {
            "name": "notification-event",
            "part": [*event, {"name": "focus", "valueReference": {"reference": each}}],
        }
        for each in focus
    ]
    if kind == "event-notification" and not focus:
        events = [{"name": "notification-event", "part": event}]
    subscription = {"reference": f"{BASE}/Subscription/s1"}
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "subscription", "valueReference": subscription},
            {"name": "topic", "valueCanonical": "http://example.org/topic/booked"},
            {"name": "status", "valueCode": "active"},
            {"name": "type", "valueCode": kind},
            {"name": "events-since-subscription-start", "valueString": "2"},
            *events,
        ],
    }


def early(kind: str, *focus: str) -> dict[str, Any]:
    """The same with names as the first drafts had them, and some servers still do."""
    written = json.dumps(parameters(kind, *focus))
    names = {"notification-event": "notificationEvent", "event-number": "eventNumber"}
    for name, before in names.items():
        written = written.replace(f'"{name}"', f'"{before}"')
    return dict(json.loads(written))


def status(kind: str, *focus: str) -> dict[str, Any]:
    """The status as R4B and R5 write it."""
    return {
        "resourceType": "SubscriptionStatus",
        "status": "active",
        "type": kind,
        "notificationEvent": [
            {"eventNumber": "2", "focus": {"reference": each}} for each in focus
        ],
    }


def bundle(*resources: Any, kind: str = "history", more: Any = ()) -> dict[str, Any]:
    entries = [
        {
            "fullUrl": "urn:uuid:292d3c72-edc1-4d8a-afaa-d85e19c7f563",
            "resource": each,
            "request": {"method": "GET", "url": f"{BASE}/Subscription/s1/$status"},
            "response": {"status": "200"},
        }
        for each in resources
    ]
    return {"resourceType": "Bundle", "type": kind, "entry": [*entries, *more]}


FULL = {
    "fullUrl": f"{BASE}/Appointment/a1",
    "resource": {"resourceType": "Appointment", "id": "a1", "status": "booked"},
    "request": {"method": "PUT", "url": "Appointment/a1"},
    "response": {"status": "200"},
}
ID_ONLY = {
    "fullUrl": f"{BASE}/Appointment/a1",
    "request": {"method": "GET", "url": f"{BASE}/Appointment/a1"},
}
BY_URN = FULL | {"fullUrl": "urn:uuid:292d3c72-edc1-4d8a-afaa-d85e19c7f563"}
DELETED = {"request": {"method": "DELETE", "url": "Appointment/a1"}}


@pytest.mark.parametrize(
    ("kind", "focus", "more", "hints"),
    [
        pytest.param("handshake", (), (), (), id="handshake"),
        pytest.param("heartbeat", (), (), (), id="heartbeat"),
        pytest.param("event-notification", (), (), (SOMETHING,), id="empty"),
        pytest.param(
            "event-notification", (f"{BASE}/Appointment/a1",), (), (A1,), id="id-only"
        ),
        pytest.param(
            "event-notification",
            (f"{BASE}/Appointment/a1",),
            (ID_ONLY,),
            (A1,),
            id="id-only-with-entries",
        ),
        pytest.param(
            "event-notification", (f"{BASE}/Appointment/a1",), (FULL,), (A1,), id="full"
        ),
        pytest.param("event-notification", (), (FULL,), (A1,), id="without-focus"),
        pytest.param("event-notification", (), (BY_URN,), (A1,), id="named-by-urn"),
        pytest.param("event-notification", (), (DELETED,), (A1,), id="deleted"),
        pytest.param(
            "event-notification",
            ("Appointment/a1/_history/3", "Patient/ana"),
            (),
            (A1, ANA),
            id="several-events",
        ),
        pytest.param(
            "event-notification", ("Encounter/e1",), (), (), id="not-what-we-read"
        ),
        pytest.param(
            "event-notification", ("Encounter/e1",), (FULL,), (A1,), id="aside"
        ),
    ],
)
@pytest.mark.parametrize(
    "written", [parameters, early, status], ids=["r4", "early-r4", "r4b"]
)
def test_a_topic_based_notification_names_its_appointments(
    written: Any, kind: str, focus: Any, more: Any, hints: Any
) -> None:
    for type_ in ("history", "subscription-notification"):
        sent = bundle(written(kind, *focus), kind=type_, more=more)

        assert read(sent) == Notification(hints)


@pytest.mark.parametrize(
    ("path", "hints"),
    [
        ("Appointment/a1", (A1,)),
        ("/Appointment/a1/", (A1,)),
        ("Appointment/a1/_history/7", (A1,)),
        ("Patient/ana", (ANA,)),
        ("Encounter/e1", ()),
    ],
)
def test_the_path_names_the_resource_and_the_payload_is_not_looked_at(
    path: str, hints: tuple[Hint, ...]
) -> None:
    payload = {"resourceType": "Appointment", "id": "another"}

    assert read(payload, path) == Notification(hints)
    assert read_notification(
        path, {"content-type": "application/fhir+xml"}, b"<Appointment/>", BASE
    ) == Notification(hints)


def test_a_resource_posted_to_the_endpoint_itself_is_named_by_its_id() -> None:
    sent = {"resourceType": "Appointment", "id": "a1", "status": "cancelled"}

    assert read(sent) == read(sent, "Appointment") == Notification((A1,))


def test_a_byte_order_mark_is_no_harm() -> None:
    body = b'\xef\xbb\xbf{"resourceType": "Appointment", "id": "a1"}'

    assert read_notification("", JSON, body, BASE) == Notification((A1,))


def test_medplum_says_in_a_header_what_was_deleted() -> None:
    headers = JSON | {"x-medplum-deleted-resource": "Appointment/a1"}

    assert read({}, headers=headers) == Notification((A1,))


@pytest.mark.parametrize("body", [b"", b"  \n", b"{}"])
def test_a_notification_without_payload_says_that_something_changed(
    body: bytes,
) -> None:
    assert read_notification("", {}, body, BASE) == Notification((SOMETHING,))


@pytest.mark.parametrize(
    "reference",
    [
        "https://elsewhere.example.org/fhir/Appointment/a1",
        "https://ehr.example.org/other/Appointment/a1",
        "https://ehr.example.org.evil.example/fhir/Appointment/a1",
        "Appointment/../Patient/ana",
        "Appointment/a1?x=y",
        "Appointment/a,b",
        "urn:uuid:292d3c72-edc1-4d8a-afaa-d85e19c7f563",
    ],
)
def test_what_is_not_of_this_server_is_ignored_and_counted(reference: str) -> None:
    other = {"fullUrl": reference, "request": {"method": "GET", "url": reference}}
    sent = bundle(status("event-notification", reference, "Patient/ana"), more=[other])

    assert read(sent) == Notification((ANA,), ignored=2)


def test_behind_a_proxy_a_server_may_call_itself_http() -> None:
    sent = bundle(parameters("event-notification", f"http{BASE[5:]}/Appointment/a1"))

    assert read(sent) == Notification((A1,))


def test_a_plain_bundle_of_resources_names_each_of_them() -> None:
    other = {"resource": {"resourceType": "Patient", "id": "ana"}}

    assert read({"resourceType": "Bundle", "entry": [FULL, other]}) == Notification(
        (A1, ANA)
    )


def test_of_very_many_the_first_are_read_and_the_rest_is_looked_for() -> None:
    many = [f"Appointment/a{n}" for n in range(MOST + 5)]

    hints = read(bundle(status("event-notification", *many))).hints

    assert hints[0] == SOMETHING
    assert len(hints) == MOST + 1


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"{", ""),
        (b"[]", ""),
        (b'"x"', ""),
        (b'{"a":' * 2000, ""),
        (b"\xff\xfe", ""),
        (b'{"resourceType": "Appointment"}', ""),
        (b'{"resourceType": "Appointment", "id": "a/b"}', ""),
        (b"", "Appointment/a b"),
        (b"", "https://elsewhere.example.org/fhir/Appointment/a1"),
    ],
)
def test_what_says_nothing_is_no_notification(body: bytes, path: str) -> None:
    with pytest.raises(NotANotification):
        read_notification(path, JSON, body, BASE)


def test_xml_without_an_id_in_the_path_is_an_unknown_format() -> None:
    headers = {"content-type": "application/fhir+xml"}

    with pytest.raises(UnknownFormat):
        read_notification("", headers, b"<Appointment/>", BASE)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda each: (
        st.lists(each, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "resourceType",
                    "id",
                    "entry",
                    "resource",
                    "fullUrl",
                    "request",
                    "url",
                    "type",
                    "parameter",
                    "name",
                    "part",
                    "focus",
                    "reference",
                    "valueCode",
                    "valueReference",
                    "notificationEvent",
                ]
            )
            | st.text(max_size=3),
            each
            | st.sampled_from(
                ["Bundle", "Parameters", "SubscriptionStatus", "type", "focus"]
            ),
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(JSON_VALUES)
def test_whatever_is_sent_is_read_or_refused_in_our_own_words(body: object) -> None:
    try:
        notification = read(body)
    except NotANotification:
        return
    assert all(
        hint.resource_type in ("Appointment", "Patient") for hint in notification.hints
    )


SHARED = "a secret of some length, ü"


def signed(body: bytes, secret: str = SHARED) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("headers", "proven"),
    [
        pytest.param({"authorization": f"Bearer {SHARED}"}, True, id="bearer"),
        pytest.param({"authorization": f"bearer {SHARED}"}, True, id="scheme-case"),
        pytest.param(
            {"x-hub-signature": f"sha256={signed(b'body')}"}, True, id="athenahealth"
        ),
        pytest.param({"x-signature": signed(b"body")}, True, id="medplum"),
        pytest.param({"x-signature": signed(b"body").upper()}, True, id="upper-case"),
        pytest.param({}, False, id="none"),
        pytest.param({"authorization": ""}, False, id="empty"),
        pytest.param({"authorization": "Bearer "}, False, id="bearer-of-nothing"),
        pytest.param({"authorization": SHARED}, False, id="no-scheme"),
        pytest.param({"authorization": f"Basic {SHARED}"}, False, id="basic"),
        pytest.param({"authorization": f"Bearer {SHARED}x"}, False, id="longer"),
        pytest.param({"authorization": "Bearer \u2603"}, False, id="not-latin-1"),
        pytest.param({"x-hub-signature": signed(b"body")}, False, id="unnamed-digest"),
        pytest.param({"x-hub-signature": "sha256="}, False, id="no-digest"),
        pytest.param(
            {"x-hub-signature": f"sha1={signed(b'body')}"}, False, id="another-digest"
        ),
        pytest.param({"x-signature": signed(b"other")}, False, id="another-body"),
        pytest.param({"x-signature": signed(b"body", "x")}, False, id="another-secret"),
        pytest.param({"x-signature": ""}, False, id="empty-signature"),
    ],
)
def test_who_knows_the_secret_proves_it_by_a_header_or_a_signature(
    headers: dict[str, str], proven: bool
) -> None:
    as_sent = {
        name: value.encode().decode("latin-1") if value.isprintable() else value
        for name, value in headers.items()
    }

    assert is_proven(as_sent, b"body", SHARED) is proven


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer "},
        {"x-signature": signed(b"body", "")},
        {"x-hub-signature": f"sha256={signed(b'body', '')}"},
    ],
)
def test_an_empty_secret_proves_nothing(headers: dict[str, str]) -> None:
    assert is_proven(headers, b"body", "") is False
