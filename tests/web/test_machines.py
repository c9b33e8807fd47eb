"""What machines ask: health, and providers' reports."""

from datetime import timedelta
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from reminder.messages.callbacks import callback_token
from reminder.model.outcomes import DeliveryEvent, DeliveryState
from reminder.model.readiness import Readiness
from reminder.model.sync_state import SyncState
from tests.web.world import MAIN, NOW, PUBLIC_URL, World


async def test_a_node_that_answers_lives(world: World) -> None:
    async with world.client() as somebody:
        response = await somebody.get("/health/live")
        head = await somebody.head("/health/live")

    assert response.json() == {"status": "live"}
    assert head.status_code == 200


class Told:
    """A health that was told how it is."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    async def ready(self) -> Readiness:
        return self._readiness


@pytest.mark.parametrize(
    ("readiness", "status", "checks"),
    [
        (Readiness(True, True, NOW), 200, ("pass", "pass", "pass")),
        (Readiness(False, False), 503, ("fail", "fail", "never")),
        (Readiness(True, False, NOW), 503, ("pass", "fail", "pass")),
        (Readiness(True, True), 503, ("pass", "pass", "never")),
        (
            Readiness(True, True, NOW - timedelta(minutes=15)),
            200,
            ("pass", "pass", "pass"),
        ),
        (
            Readiness(True, True, NOW - timedelta(minutes=16)),
            503,
            ("pass", "pass", "stale"),
        ),
    ],
)
async def test_ready_means_database_migrations_and_a_fresh_sync(
    world: World, readiness: Readiness, status: int, checks: tuple[str, ...]
) -> None:
    async with world.client(health=Told(readiness)) as somebody:
        response = await somebody.get("/health/ready")

    assert response.status_code == status
    assert tuple(response.json()["checks"].values()) == checks


async def test_the_real_store_is_ready_after_its_first_sync(world: World) -> None:
    async with world.client() as somebody:
        before = await somebody.get("/health/ready")
        await world.store.sync_state.keep(MAIN, SyncState(last_sync_at=NOW))
        after = await somebody.get("/health/ready")

    assert (before.status_code, after.status_code) == (503, 200)


@pytest.fixture
def path(world: World) -> str:
    """Where the provider reports about one message."""
    key = world.ring.derive("callback-token")
    return f"/callbacks/phone/{callback_token(uuid4(), key)}"


async def test_a_report_is_read_from_our_own_address_whatever_host_it_names(
    world: World, path: str
) -> None:
    event = DeliveryEvent(
        message_id=uuid4(), provider_id="SM1", state=DeliveryState.DELIVERED
    )
    world.reports.event = event
    async with world.client() as somebody:
        response = await somebody.post(
            f"{path}?a=%2F&b=",
            content=b"MessageStatus=delivered",
            headers={"X-Forwarded-Host": "evil.example", "X-Signature": "s"},
        )

    (seen,) = world.reports.seen
    assert response.status_code == 204
    assert seen.url == f"{PUBLIC_URL}{path}?a=%2F&b="
    assert seen.body == b"MessageStatus=delivered"
    assert seen.headers["x-signature"] == "s"
    assert path.endswith(seen.token)


async def test_a_report_with_a_bad_signature_is_refused_and_counted(
    world: World, path: str
) -> None:
    with capture_logs() as lines:
        async with world.client() as somebody:
            statuses = [(await somebody.post(path)).status_code for _ in range(2)]

    assert statuses == [403, 403]
    assert [line["n"] for line in lines] == [1, 2]
    assert path.rpartition("/")[2] not in repr(lines)


@pytest.mark.parametrize("wrong", ["/callbacks/phone/x", "/callbacks/pigeon/{token}"])
async def test_a_path_we_never_gave_out_is_unknown(
    world: World, path: str, wrong: str
) -> None:
    token = path.rpartition("/")[2]
    async with world.client() as somebody:
        response = await somebody.post(wrong.replace("{token}", token))

    assert response.status_code == 404
    assert world.reports.seen == []


async def test_the_same_report_twice_is_one(world: World) -> None:
    await world.given()
    token = await world.link()
    link = await world.store.links.find(token)
    assert link is not None
    world.reports.event = DeliveryEvent(
        message_id=link.message_id, provider_id="SM1", state=DeliveryState.DELIVERED
    )
    key = world.ring.derive("callback-token")
    path = f"/callbacks/phone/{callback_token(link.message_id, key)}"
    async with world.client() as somebody:
        await somebody.post(path)
        before = await world.tables()

        response = await somebody.post(path)

    assert response.status_code == 204
    assert await world.tables() == before
