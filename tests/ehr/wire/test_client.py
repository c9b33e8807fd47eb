import asyncio
import gzip
import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import httpx
import pytest

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRError, EHRRefused, EHRUnavailable
from reminder.ehr.wire.client import FHIRClient
from tests.ehr.conftest import NOW
from tests.ehr.pretend import BASE_URL, bundle, said

MakeClient = Callable[..., FHIRClient]


@pytest.fixture
async def make_client() -> AsyncIterator[MakeClient]:
    made: list[FHIRClient] = []

    def make(handler: Callable, **config: object) -> FHIRClient:
        settings = {"base_url": BASE_URL, "requests_per_s": 1000, "burst": 100}
        made.append(
            FHIRClient(
                EHRConfig.model_validate(settings | config),
                clock=lambda: NOW,
                transport=httpx.MockTransport(handler),
            )
        )
        return made[-1]

    yield make
    for client in made:
        await client.aclose()


async def get(client: FHIRClient, path: str = "Appointment/visit-1") -> object:
    return await client.get(client.url(path), about="GET Appointment")


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("https://evil.example.org/fhir/Appointment", id="host"),
        pytest.param("//evil.example.org/fhir", id="no-scheme"),
        pytest.param("https://ehr@evil.example.org/fhir", id="userinfo-elsewhere"),
        pytest.param("https://x@ehr.example.org/fhir/Appointment", id="userinfo"),
        pytest.param("https://ehr.example.org.evil.example/fhir", id="suffix"),
        pytest.param("https://ehr.example.org/admin", id="path"),
        pytest.param("https://ehr.example.org/fhirX/Appointment", id="path-prefix"),
        pytest.param("https://ehr.example.org/fhir/../admin", id="up"),
        pytest.param("https://ehr.example.org/fhir/%2e%2e/admin", id="up-encoded"),
        pytest.param("/admin", id="root"),
        pytest.param("http://169.254.169.254/latest/meta-data", id="metadata"),
        pytest.param("http://2852039166/", id="decimal-host"),
        pytest.param("http://[::ffff:169.254.169.254]/", id="mapped-host"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("https://ehr.example.org:port/", id="no-url"),
        pytest.param("https://ehr.example.org/fhir/\x00", id="nul"),
    ],
)
async def test_no_link_leads_away_from_the_base_url(
    make_client: MakeClient, link: str
) -> None:
    asked: list[httpx.Request] = []
    client = make_client(lambda request: asked.append(request) or said({}))

    with pytest.raises(EHRRefused):
        client.pinned(link, seen_at=client.url("Appointment"), about="GET Appointment")

    assert asked == []


@pytest.mark.parametrize(
    ("link", "url"),
    [
        pytest.param(f"{BASE_URL}?_getpages=7", f"{BASE_URL}?_getpages=7", id="base"),
        pytest.param(
            "https://ehr.example.org:443/fhir/Appointment?p=2",
            f"{BASE_URL}/Appointment?p=2",
            id="default-port",
        ),
        pytest.param("?p=2", f"{BASE_URL}/Appointment?p=2", id="query"),
        pytest.param("Appointment?p=2", f"{BASE_URL}/Appointment?p=2", id="relative"),
        pytest.param("/fhir/Appointment?p=2", f"{BASE_URL}/Appointment?p=2", id="root"),
        pytest.param(
            "?self=http://evil.example.org",
            f"{BASE_URL}/Appointment?self=http://evil.example.org",
            id="a-url-in-the-query",
        ),
    ],
)
async def test_links_below_the_base_url_are_followed(
    make_client: MakeClient, link: str, url: str
) -> None:
    client = make_client(lambda _: said({}))

    found = client.pinned(
        link, seen_at=client.url("Appointment"), about="GET Appointment"
    )

    assert found == httpx.URL(url)


async def test_even_a_request_made_by_mistake_stays_home(
    make_client: MakeClient,
) -> None:
    asked: list[httpx.Request] = []
    client = make_client(lambda request: asked.append(request) or said({}))

    with pytest.raises(EHRRefused, match="another server"):
        await client.get(httpx.URL("https://evil.example.org/fhir"), about="GET x")

    assert asked == []


async def test_redirects_are_not_followed(make_client: MakeClient) -> None:
    asked: list[httpx.Request] = []
    moved = httpx.Response(302, headers={"Location": "https://evil.example.org/"})
    client = make_client(lambda request: asked.append(request) or moved)

    with pytest.raises(EHRRefused, match=r"^GET Appointment: 302$"):
        await get(client)

    assert len(asked) == 1


@pytest.mark.parametrize("status", [408, 423, 425, 429, 500, 502, 503, 504])
async def test_later_is_later(make_client: MakeClient, status: int) -> None:
    client = make_client(lambda _: said({}, status))

    with pytest.raises(EHRUnavailable, match=f"^GET Appointment: {status}$"):
        await get(client)


@pytest.mark.parametrize("status", [401, 403, 501])
async def test_never_is_never(make_client: MakeClient, status: int) -> None:
    client = make_client(lambda _: said({}, status))

    with pytest.raises(EHRRefused, match=f"^GET Appointment: {status}$"):
        await get(client)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        pytest.param({"Retry-After": "120"}, timedelta(minutes=2), id="seconds"),
        pytest.param(
            {
                "Retry-After": "Sat, 20 Feb 2027 15:05:00 GMT",
                "Date": "Sat, 20 Feb 2027 15:00:00 GMT",
            },
            timedelta(minutes=5),
            id="date-by-the-server's-clock",
        ),
        pytest.param(
            {
                "Retry-After": "Sat, 20 Feb 2027 14:00:00 GMT",
                "Date": "Sat, 20 Feb 2027 15:00:00 GMT",
            },
            timedelta(0),
            id="past",
        ),
        pytest.param({"Retry-After": "9" * 30}, timedelta(days=1), id="for-ever"),
        pytest.param({"Retry-After": "soon"}, None, id="words"),
        pytest.param({"Retry-After": "-5"}, None, id="negative"),
        pytest.param({}, None, id="none"),
    ],
)
async def test_the_server_says_when_to_come_back(
    make_client: MakeClient, headers: dict, wait: timedelta | None
) -> None:
    client = make_client(lambda _: httpx.Response(429, headers=headers))

    with pytest.raises(EHRUnavailable) as error:
        await get(client)

    assert error.value.retry_after == wait


async def test_what_is_asked_again_is_asked_when_the_server_wishes(
    make_client: MakeClient,
) -> None:
    async def waited(status: int) -> float:
        answers, at = [said({}, status, Retry_After="1"), said(bundle())], []

        def answer(_: httpx.Request) -> httpx.Response:
            at.append(asyncio.get_running_loop().time())
            return answers.pop(0)

        await get(make_client(answer))
        return at[1] - at[0]

    statuses = [408, 423, 425, 429, 500, 502, 503, 504]
    waits = await asyncio.gather(*map(waited, statuses))

    assert [status for status, s in zip(statuses, waits, strict=True) if s < 0.99] == []


async def test_one_record_that_is_locked_for_long_locks_no_other(
    make_client: MakeClient,
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        locked = said({}, 423, Retry_After="120")
        return locked if request.url.path.endswith("/locked") else said(bundle())

    client = make_client(answer)
    with pytest.raises(EHRUnavailable):
        await get(client, "Appointment/locked")

    assert (await get(client)).status == 200


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        pytest.param(httpx.ConnectError("canary"), False, id="no-connection"),
        pytest.param(httpx.ConnectTimeout("canary"), False, id="connect-timeout"),
        pytest.param(httpx.ReadTimeout("canary"), True, id="read-timeout"),
        pytest.param(httpx.ReadError("canary"), True, id="cut-off"),
        pytest.param(httpx.RemoteProtocolError("canary"), True, id="nonsense"),
        pytest.param(httpx.WriteError("canary"), True, id="write"),
        pytest.param(httpx.DecodingError("canary"), True, id="bad-gzip"),
    ],
)
async def test_silence_says_whether_a_write_may_have_arrived(
    make_client: MakeClient, fault: Exception, sent: bool
) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise fault

    with pytest.raises(EHRUnavailable) as error:
        await get(make_client(fail))

    assert error.value.sent is sent
    assert str(error.value) == f"GET Appointment: {type(fault).__name__}"
    assert error.value.__suppress_context__


async def test_an_answer_that_never_ends_is_given_up(make_client: MakeClient) -> None:
    async def drip(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    client = make_client(drip, connect_timeout_s=0.01, read_timeout_s=0.01)

    with pytest.raises(EHRUnavailable, match="TimeoutError") as error:
        await get(client)

    assert error.value.sent


async def test_an_answer_too_large_is_not_read(make_client: MakeClient) -> None:
    client = make_client(
        lambda _: httpx.Response(200, content=b" " * 2000), max_body_bytes=1000
    )

    with pytest.raises(EHRRefused, match=r"^GET Appointment: answer too large$"):
        await get(client)


@pytest.mark.parametrize("coding", ["gzip, gzip", "GZIP,gzip", "br", "zstd", "x"])
async def test_what_is_compressed_as_nobody_asked_is_not_unpacked(
    make_client: MakeClient, coding: str
) -> None:
    asked: list[httpx.Request] = []
    bomb = gzip.compress(gzip.compress(b"{}" + b" " * 2**20))

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        headers = {"Content-Encoding": coding}
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(bomb))

    with pytest.raises(EHRRefused, match="compressed in an unknown way"):
        await get(make_client(answer))

    assert asked[0].headers["accept-encoding"] == "gzip, deflate"


async def test_what_is_compressed_once_is_read(make_client: MakeClient) -> None:
    headers = {"Content-Encoding": "gzip"}
    stream = httpx.ByteStream(gzip.compress(b"[]"))
    client = make_client(lambda _: httpx.Response(200, headers=headers, stream=stream))

    answer = await client.get(client.url("Appointment"), about="GET Appointment")

    assert answer.parsed() == []


@pytest.mark.parametrize(
    "date",
    [
        pytest.param("Fri, 31 Dec 9999 23:59:59 -2300", id="beyond-the-calendar"),
        pytest.param("Fri, 01 Jan 2027 00:00:00 +" + "9" * 20, id="no-offset"),
        pytest.param("Fri, 99 Jan 2027 00:00:00 GMT", id="no-day"),
    ],
)
async def test_a_date_nobody_can_mean_is_none(
    make_client: MakeClient, date: str
) -> None:
    headers = {"Date": date, "Retry-After": date}
    client = make_client(lambda _: httpx.Response(200, headers=headers, json=[]))

    answer = await client.get(client.url("Appointment"), about="GET Appointment")

    assert (answer.date(), answer.retry_after()) == (None, None)


async def test_so_many_at_a_time_and_no_more(make_client: MakeClient) -> None:
    under_way, most = 0, 0

    async def slow(_: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(5):
            await asyncio.sleep(0)
        under_way -= 1
        return said({})

    client = make_client(slow, max_concurrent=3)

    await asyncio.gather(*(get(client) for _ in range(12)))

    assert most == 3


async def test_so_many_a_second_and_no_more(make_client: MakeClient) -> None:
    at: list[float] = []
    loop = asyncio.get_running_loop()
    client = make_client(
        lambda _: at.append(loop.time()) or said({}), requests_per_s=50, burst=3
    )
    begun = loop.time()

    await asyncio.gather(*(get(client) for _ in range(6)))

    # Three at once, the other three 20 ms apart.
    assert at[2] - begun < 0.015
    assert at[-1] - begun >= 0.055


async def test_neither_logs_nor_errors_hold_the_url(
    make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = iter([said({}), said({}, 500)])
    client = make_client(lambda _: next(answers))
    url = client.url("Appointment", [("_id", "canary-7")])

    answer = await client.search(url, about="GET Appointment")
    with pytest.raises(EHRError) as error:
        await client.search(url, about="GET Appointment")

    assert answer.url.params["_id"] == "canary-7"
    for text in (caplog.text, repr(answer), str(error.value), repr(error.value)):
        assert "canary" not in text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"resourceType": "Bun',
        b"<html>",
        b"[" * 100_000,
        b'{"a": NaN}',
        b'"\xff"',
    ],
)
async def test_what_is_no_json_is_refused(make_client: MakeClient, body: bytes) -> None:
    answer = await get(make_client(lambda _: httpx.Response(200, content=body)))

    with pytest.raises(EHRRefused, match=r"^GET Appointment: not JSON$"):
        answer.parsed()


async def test_half_a_surrogate_pair_does_not_cost_the_page(
    make_client: MakeClient,
) -> None:
    body = b'{"a": "\\ud800"}'

    answer = await get(make_client(lambda _: httpx.Response(200, content=body)))

    assert answer.parsed() == {"a": "\ud800"}
