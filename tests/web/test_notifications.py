"""What an EHR pushes over HTTP: proven, kept, and answered; nothing else told."""

import asyncio
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from reminder.flows.notifications import Notifications, Notifier
from reminder.model.pushed import SOMETHING, Hint
from reminder.store.errors import StoreUnavailable
from tests.web.world import BASE_URL, MAIN, NOW, PUSH_SECRET, World

BEARER = {"authorization": f"Bearer {PUSH_SECRET}"}
ENDPOINT = "/ehr/main/notify"
A1 = Hint("Appointment", "a1")
VISIT = {"resourceType": "Appointment", "id": "a1", "description": "Zanzibar"}


async def kept(world: World) -> list[Hint]:
    """What is to be read; nobody is handed it."""
    later = NOW + timedelta(days=1)
    due = await world.store.pushed.due(MAIN, now=later, until=later, limit=99)
    return [one.hint for one in due]


def signature(body: bytes) -> str:
    return hmac.new(PUSH_SECRET.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("method", "path", "body", "hints"),
    [
        pytest.param("PUT", "/Appointment/a1", VISIT, [A1], id="hapi"),
        pytest.param("POST", "/Appointment/a1", VISIT, [A1], id="posted-by-id"),
        pytest.param("DELETE", "/Appointment/a1", None, [A1], id="hapi-deletes"),
        pytest.param("POST", "", VISIT, [A1], id="medplum"),
        pytest.param("POST", "/", VISIT, [A1], id="with-a-slash"),
        pytest.param("POST", "", None, [SOMETHING], id="without-payload"),
    ],
)
async def test_a_notification_is_kept_before_it_is_answered(
    world: World, method: str, path: str, body: Any, hints: list[Hint]
) -> None:
    async with world.client() as ehr:
        answer = await ehr.request(method, ENDPOINT + path, json=body, headers=BEARER)

    assert (answer.status_code, answer.content) == (200, b"")
    assert await kept(world) == hints


@pytest.mark.parametrize(
    ("name", "prefix"), [("X-Hub-Signature", "sha256="), ("X-Signature", "")]
)
async def test_a_signature_over_the_body_as_it_came_is_proof(
    world: World, name: str, prefix: str
) -> None:
    body = json.dumps(VISIT, indent=3).encode()
    headers = {name: prefix + signature(body), "content-type": "application/fhir+json"}
    async with world.client() as ehr:
        good = await ehr.post(ENDPOINT, content=body, headers=headers)
        other = await ehr.post(ENDPOINT, content=body + b" ", headers=headers)

    assert (good.status_code, other.status_code) == (200, 403)
    assert await kept(world) == [A1]


@pytest.mark.parametrize("kind", ["handshake", "heartbeat"])
async def test_a_handshake_is_answered_and_changes_nothing(
    world: World, kind: str
) -> None:
    status = {"resourceType": "SubscriptionStatus", "type": kind}
    body = {
        "resourceType": "Bundle",
        "type": "history",
        "entry": [{"resource": status}],
    }
    async with world.client() as ehr:
        before = await world.tables()
        answer = await ehr.post(ENDPOINT, json=body, headers=BEARER)

    assert answer.status_code == 200
    assert await world.tables() == before


async def test_who_is_refused_learns_nothing(world: World) -> None:
    wrong = {"authorization": f"Bearer {PUSH_SECRET[:-1]}"}
    tries = [
        (ENDPOINT, wrong),
        (ENDPOINT, {}),
        (f"{ENDPOINT}/Appointment/a1", wrong),
        ("/ehr/mute/notify", BEARER),
        ("/ehr/mute/notify", {"authorization": "Bearer "}),
        ("/ehr/nobody/notify", BEARER),
        ("/ehr/nobody/notify/%2e%2e/x", BEARER),
    ]
    async with world.client() as stranger:
        with capture_logs() as lines:
            answers = [
                await stranger.post(path, json=VISIT, headers=headers)
                for path, headers in tries
            ]

    assert {one.status_code for one in answers} == {403}
    assert len({(one.content, *sorted(one.headers.items())) for one in answers}) == 1
    assert await kept(world) == []
    assert [line["n"] for line in lines] == [*range(1, 8)]
    assert [(line["connection"], line["reason"]) for line in lines] == [
        *[(MAIN, "not-proven")] * 3,
        *[("mute", "no-push-secret")] * 2,
        *[(None, "unknown-connection")] * 2,
    ]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", [ENDPOINT, "/ehr/nobody/notify"])
async def test_an_endpoint_shows_nothing(world: World, method: str, path: str) -> None:
    async with world.client() as somebody:
        answer = await somebody.request(method, path, headers=BEARER)

    assert answer.status_code == 405


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/fhir+json", 400),
        (b"<Appointment/>", "application/fhir+xml", 415),
        (b"{}" + b" " * 1024 * 1024, "application/json", 413),
        (b"{}" + b" " * (1024 * 1024 - 2), "application/json", 200),
    ],
    ids=["no-json", "xml", "too-long", "just-short-enough"],
)
async def test_what_cannot_be_taken_is_refused_in_words_of_http(
    world: World, body: bytes, content_type: str, status: int
) -> None:
    headers = BEARER | {"content-type": content_type}
    async with world.client() as ehr:
        answer = await ehr.post(ENDPOINT, content=body, headers=headers)

    assert answer.status_code == status


async def test_other_pages_take_no_more_than_before(world: World) -> None:
    async with world.client() as somebody:
        answer = await somebody.post("/callbacks/phone/x", content=b" " * 70_000)

    assert answer.status_code == 413


async def test_nothing_of_a_notification_gets_into_the_log(world: World) -> None:
    foreign = "https://zanzibar.example.org/fhir/Appointment/zanzibar"
    bodies: list[Any] = [VISIT, {"zanzibar": 1}, [VISIT], {"resourceType": "Zanzibar"}]
    async with world.client() as ehr:
        with capture_logs() as lines:
            for body in bodies:
                await ehr.post(ENDPOINT, json=body, headers=BEARER)
            await ehr.post(f"{ENDPOINT}/{foreign}", headers=BEARER)
            await ehr.post(f"{ENDPOINT}/Zanzibar", json=VISIT)

    assert len(lines) == len(bodies) + 2
    assert "zanzibar" not in repr(lines).lower()


async def test_what_is_of_another_server_is_only_counted(world: World) -> None:
    urls = [f"{BASE_URL}/Appointment/a1", "https://other.example.org/Appointment/a2"]
    body = {"resourceType": "Bundle", "entry": [{"fullUrl": url} for url in urls]}
    async with world.client() as ehr:
        with capture_logs() as lines:
            await ehr.post(ENDPOINT, json=body, headers=BEARER)

    assert await kept(world) == [A1]
    assert (lines[0]["hints"], lines[0]["ignored"]) == (1, 1)


async def test_pushed_twice_and_at_once_it_is_read_once(world: World) -> None:
    async with world.client() as ehr:
        answers = await asyncio.gather(
            *(ehr.post(ENDPOINT, json=VISIT, headers=BEARER) for _ in range(20))
        )

    assert {one.status_code for one in answers} == {200}
    assert await kept(world) == [A1]


async def test_who_reads_is_woken_only_by_what_was_kept(world: World) -> None:
    notifications, woken = world.notifications, []
    notifications.listen(woken.append)
    async with world.client(notifications=notifications) as ehr:
        await ehr.post(ENDPOINT, json=VISIT)
        await ehr.post(
            ENDPOINT, json={"resourceType": "Encounter", "id": "e"}, headers=BEARER
        )
        before = [*woken]
        await ehr.post(ENDPOINT, json=VISIT, headers=BEARER)

    assert (before, woken) == ([], [MAIN])


class Full:
    """A database that does not answer."""

    async def add(self, *_: Any, **__: Any) -> int:
        raise StoreUnavailable("no")


async def test_what_cannot_be_kept_is_not_taken(world: World) -> None:
    notifications = Notifications(
        {MAIN: Notifier(BASE_URL, PUSH_SECRET)}, hints=Full(), clock=world.clock
    )
    async with world.client(notifications=notifications) as ehr:
        answer = await ehr.post(ENDPOINT, json=VISIT, headers=BEARER)

    assert answer.status_code == 503
