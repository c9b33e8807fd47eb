"""A mail scanner that opens every link and submits every form it finds."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests.web.forms import Form, Phone, read
from tests.web.world import World

JUNK = ("", "test", "1", "\0", "😀" * 50, "' or 1=1 --", "<script>", "9" * 900)
Fill = Callable[[Form, str], dict[str, str]]


def as_found(form: Form, junk: str) -> dict[str, str]:
    return dict(form.fields)


def all_junk(form: Form, junk: str) -> dict[str, str]:
    return dict.fromkeys([*form.fields, *form.choices], junk)


def hidden_kept(form: Form, junk: str) -> dict[str, str]:
    typed = ("month", "day", "year", *form.choices)
    return form.fields | {name: junk for name in typed if name in form.fields}


async def crawl(client: httpx.AsyncClient, start: str, fill: Fill) -> int:
    """Open and submit everything that can be found, each once; how much it was."""
    seen: set[str] = set()
    todo: list[tuple[str, str, dict[str, str]]] = [("GET", start, {})]
    while todo:
        method, path, fields = todo.pop()
        if (known := f"{method} {path} {sorted(fields.items())}") in seen:
            continue
        seen.add(known)
        page = await client.request(method, path, data=fields or None)
        assert page.status_code < 500
        found = read(page.text)
        todo += [("GET", link, {}) for link in found.links if link.startswith("/")]
        for form in found.forms:
            action = form.action.partition("#")[0]
            todo += [("POST", action, fill(form, junk)) for junk in JUNK]
    return len(seen)


async def burned(world: World, client: httpx.AsyncClient) -> str:
    token = await world.link()
    wrong = {"link": token, "month": "5", "day": "17", "year": "1985"}
    for _ in range(5):
        await client.post("/v", data=wrong)
    return token


async def fresh(world: World, client: httpx.AsyncClient) -> str:
    return await world.link()


@pytest.mark.parametrize("fill", [as_found, all_junk, hidden_kept])
@pytest.mark.parametrize("link", [fresh, burned])
async def test_a_scanner_changes_nothing_and_locks_nobody_out(
    world: World,
    link: Callable[[World, httpx.AsyncClient], Awaitable[str]],
    fill: Fill,
) -> None:
    await world.given()
    async with world.client() as client:
        token = await link(world, client)
        before = await world.tables()

        pages = await crawl(client, f"/r/{token}", fill)

        assert pages > 2
        assert await world.tables() == before


async def test_after_a_scanner_the_patient_still_gets_in(world: World) -> None:
    await world.given()
    token = await world.link()
    async with world.client() as client:
        await crawl(client, f"/r/{token}", hidden_kept)
        phone = Phone(client)
        await phone.open(token)

        assert "Confirm I am coming" in await phone.born()


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_asking_without_posting_changes_nothing_anywhere(
    world: World, method: str
) -> None:
    await world.given()
    token = await world.link()
    app = world.app()
    paths = [route.path for route in app.routes if hasattr(route, "path")]
    async with world.client() as client:
        before = await world.tables()

        for path in [*paths, "/v", "/confirm", "/cancel/yes", "/move/yes", "/call"]:
            filled = path.replace("{token}", token).replace("{transport}", "phone")
            await client.request(method, filled)
        page = await client.request(method, f"/r/{token}")

        assert page.status_code == (405 if method == "OPTIONS" else 200)
        assert await world.tables() == before
