"""The headers, the host, the limits, and what goes wrong."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Query
from fastapi.routing import iter_route_contexts
from structlog.testing import capture_logs

from reminder.store.errors import StoreUnavailable
from tests.web.forms import text
from tests.web.world import World, client

EXACT = {
    "content-security-policy": (
        "default-src 'none'; script-src 'none'; style-src 'self'; img-src 'self'; "
        "font-src 'self'; connect-src 'none'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": (
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), "
        "browsing-topics=(), publickey-credentials-get=(self)"
    ),
    "x-robots-tag": "noindex, nofollow",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}


KEPT = "public, max-age=300"
"""What is the same for everybody, and so may be kept: the public keys."""


def is_guarded(response: httpx.Response) -> bool:
    expected = dict(EXACT)
    if response.url.path == "/.well-known/jwks.json" and response.is_success:
        expected["cache-control"] = KEPT
    return {name: response.headers.get(name) for name in EXACT} == expected


def broken(world: World) -> FastAPI:
    """The web with routes of its own that fail."""
    app = world.app()

    @app.get("/broken")
    async def fail() -> None:
        raise RuntimeError("Ana Garcia, born 1985-04-17")

    @app.get("/busy")
    async def busy() -> None:
        raise StoreUnavailable("SQLITE_BUSY")

    @app.get("/strict")
    async def strict(n: int = Query()) -> None:
        return None

    return app


async def test_every_route_answers_with_the_whole_header_set(world: World) -> None:
    await world.given()
    token = await world.link()
    app = world.app()
    asked = 0
    async with client(app) as somebody:
        for context in iter_route_contexts(app.routes):
            path = context.path.replace("{token}", token)
            if "{name}" in path:
                continue
            for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE"):
                response = await somebody.request(method, path)
                assert is_guarded(response), (method, path, response.headers)
                asked += 1
    assert asked >= 100


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/r/unknown", 404),
        ("GET", "/r/unknown/", 404),
        ("GET", "/static/pages.css", 404),
        ("GET", "/docs", 404),
        ("GET", "/openapi.json", 404),
        ("GET", "/v", 405),
        ("POST", "/r/unknown", 405),
        ("GET", "/strict?n=Ana", 422),
        ("GET", "/broken", 500),
        ("GET", "/busy", 503),
    ],
)
async def test_every_error_has_its_page_and_the_whole_header_set(
    world: World, method: str, path: str, status: int
) -> None:
    async with client(broken(world)) as somebody:
        response = await somebody.request(method, path)

    assert response.status_code == status
    assert is_guarded(response)
    assert "<h1>" in response.text
    assert "555-0199" in response.text
    assert "Ana" not in response.text


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_too_large_is_refused(world: World, chunked: bool) -> None:
    async def parts() -> Any:
        for _ in range(70):
            yield b"a" * 1024

    body: Any = parts() if chunked else b"a" * 70_000
    async with world.client() as somebody:
        response = await somebody.post(
            "/v",
            content=body,
            headers={"content-type": "application/x-www-form-urlencoded"},
        )

    assert response.status_code == 413
    assert is_guarded(response)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("links.example.org", 200),
        ("links.example.org:8443", 200),
        ("LINKS.example.org", 200),
        ("127.0.0.1:8000", 200),
        ("evil.example", 400),
        ("links.example.org.evil.example", 400),
        ("", 400),
    ],
)
async def test_only_our_own_host_is_answered(
    world: World, host: str, status: int
) -> None:
    async with world.client() as somebody:
        response = await somebody.get("/done", headers={"host": host})

    assert response.status_code == status
    assert is_guarded(response)
    assert "location" not in response.headers


async def test_a_probe_may_know_this_node_by_any_name(world: World) -> None:
    async with world.client() as somebody:
        response = await somebody.get("/health/live", headers={"host": "10.0.0.7"})

    assert response.status_code == 200


async def test_what_an_exception_says_is_neither_shown_nor_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as lines:
        async with client(broken(world)) as somebody:
            response = await somebody.get("/broken?Ana")

    (line,) = lines
    assert line["error"] == "RuntimeError"
    assert line["route"] == "/broken"
    assert "Ana" not in repr(lines) + caplog.text + response.text


async def test_the_style_sheet_alone_may_be_kept(world: World) -> None:
    async with world.client() as somebody:
        page = await somebody.get("/done")
        href = page.text.partition('<link rel="stylesheet" href="')[2].partition('"')[0]
        style = await somebody.get(href)

    assert style.status_code == 200
    assert style.headers["content-type"].startswith("text/css")
    assert style.headers["cache-control"] == "public, max-age=31536000, immutable"
    kept = {**EXACT, "cache-control": style.headers["cache-control"]}
    assert {name: style.headers.get(name) for name in kept} == kept


async def test_leaving_clears_what_the_browser_kept(world: World) -> None:
    async with world.client() as somebody:
        page = await somebody.get("/done?lang=es")

    assert page.headers["clear-site-data"] == '"cache"'
    assert "Sus datos ya no se ven" in text(page.text)


async def test_a_page_works_under_a_path_of_the_public_address(world: World) -> None:
    await world.given()
    token = await world.link()
    async with world.client(public_url="https://links.example.org/lake") as somebody:
        page = await somebody.get(f"/r/{token}")

    assert 'action="/lake/v#problem"' in page.text
    assert 'href="/lake/static/' in page.text


async def test_fifty_visitors_at_once_are_all_answered(world: World) -> None:
    await world.given()
    token = await world.link()
    async with world.client() as somebody:
        pages = await asyncio.gather(*(somebody.get(f"/r/{token}") for _ in range(50)))

    assert {page.status_code for page in pages} == {200}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"link": "x"}'),
        ("multipart/form-data; boundary=x", b"--x\r\n"),
        ("application/x-www-form-urlencoded", b"\xff\xfe"),
        ("application/x-www-form-urlencoded", b"a=" + b"&b=" * 200),
        ("", b"link=x"),
    ],
)
async def test_what_is_no_form_is_an_unknown_link(
    world: World, content_type: str, body: bytes
) -> None:
    async with world.client() as somebody:
        response = await somebody.post(
            "/v", content=body, headers={"content-type": content_type}
        )

    assert response.status_code == 404
