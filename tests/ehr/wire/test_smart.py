"""Where tokens come from, and what is asked for, with servers of every kind."""

from datetime import timedelta

import httpx
import pytest

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRRefused, EHRUnavailable
from reminder.ehr.wire.http import Wire
from reminder.ehr.wire.scopes import USES, not_granted, wanted
from reminder.ehr.wire.smart import OAUTH_URIS, Discovery
from tests.ehr.conftest import NOW
from tests.ehr.pretend import BASE_URL, PretendServer, said
from tests.fakes import FakeClock

WELL_KNOWN = "GET .well-known/smart-configuration"
TOKEN_URL = "https://login.example.org/token"  # noqa: S105 - no secret


def discovery(
    server: PretendServer, base_url: str = BASE_URL, clock: FakeClock | None = None
) -> Discovery:
    config = EHRConfig(base_url=base_url)
    wire = Wire(config, httpx.MockTransport(server))
    return Discovery(base_url, wire, clock=clock or FakeClock(NOW))


def statement(token: object) -> dict:
    extension = [
        {"url": "authorize", "valueUri": "https://login.example.org/authorize"},
        {"url": "token", "valueUri": token},
    ]
    security = {"extension": [{"url": OAUTH_URIS, "extension": extension}]}
    return {"resourceType": "CapabilityStatement", "rest": [{"security": security}]}


async def test_the_server_says_where_tokens_are_and_how_scopes_are_written() -> None:
    document = {
        "token_endpoint": TOKEN_URL,
        "capabilities": ["permission-v1", "permission-v2", 7],
        "scopes_supported": ["system/*.rs", None],
    }

    found = await discovery(PretendServer().on(WELL_KNOWN, said(document))).get()

    assert found.token_endpoint == TOKEN_URL
    assert found.is_v2
    assert found.scopes == ("system/*.rs",)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(said({}, 404), id="none"),
        pytest.param(said({}, 401), id="not-for-us"),
        pytest.param(httpx.Response(200, content=b"<html>"), id="a-page"),
        pytest.param(said([]), id="a-list"),
        pytest.param(said({"capabilities": []}), id="without-endpoint"),
    ],
)
async def test_else_the_capability_statement_says_it(document: httpx.Response) -> None:
    server = PretendServer().on(WELL_KNOWN, document)
    server.on("GET metadata", said(statement(TOKEN_URL)))

    found = await discovery(server).get()

    assert (found.token_endpoint, found.is_v2) == (TOKEN_URL, False)


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param(said({}, 404), id="no-statement"),
        pytest.param(said({"rest": [{"security": {"extension": 3}}]}), id="nonsense"),
        pytest.param(said({"rest": [{}]}), id="silence"),
    ],
)
async def test_who_says_nothing_of_tokens_has_none(metadata: httpx.Response) -> None:
    server = PretendServer().on("GET metadata", metadata)

    assert (await discovery(server).get()).token_endpoint is None


@pytest.mark.parametrize(
    "endpoint",
    [
        pytest.param("http://login.example.org/token", id="plain"),
        pytest.param("https://169.254.169.254/token", id="link-local"),
        pytest.param("https://[::ffff:169.254.169.254]/token", id="mapped"),
        pytest.param("https://metadata.google.internal/token", id="metadata"),
        pytest.param("http://127.0.0.1:8080/token", id="our-own-machine"),
        pytest.param("https://localhost/token", id="our-own-machine-by-name"),
        pytest.param("https://localhost./token", id="our-own-machine-with-a-dot"),
        pytest.param("https://[::ffff:127.0.0.1]/token", id="our-own-machine-mapped"),
        pytest.param("https://2130706433/token", id="our-own-machine-in-decimal"),
        pytest.param("https://user:word@login.example.org/token", id="userinfo"),
        pytest.param("https://login.example.org/token#x", id="fragment"),
        pytest.param("/token", id="relative"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("https://[", id="nonsense"),
        pytest.param(17, id="number"),
    ],
)
async def test_a_token_endpoint_that_is_not_safe_is_refused(endpoint: object) -> None:
    server = PretendServer().on(WELL_KNOWN, said({"token_endpoint": endpoint}))

    with pytest.raises(EHRRefused, match=r"token_endpoint is no address to trust$"):
        await discovery(server).get()


async def test_a_statement_is_trusted_no_further() -> None:
    server = PretendServer().on("GET metadata", said(statement("http://10.0.0.1/t")))

    with pytest.raises(EHRRefused):
        await discovery(server).get()


async def test_on_this_machine_plain_http_is_safe() -> None:
    document = {"token_endpoint": "http://127.0.0.1:8090/auth/token"}
    server = PretendServer().on(WELL_KNOWN, said(document))

    found = await discovery(server, "http://127.0.0.1:8090/fhir").get()

    assert found.token_endpoint == document["token_endpoint"]


async def test_it_is_asked_once_an_hour_or_when_something_failed() -> None:
    server = PretendServer().on(WELL_KNOWN, said({"token_endpoint": TOKEN_URL}))
    clock = FakeClock(NOW)
    found = discovery(server, clock=clock)

    await found.get()
    clock.now += timedelta(minutes=59)
    await found.get()
    assert server.times(WELL_KNOWN) == 1

    clock.now += timedelta(minutes=1)
    await found.get()
    found.forget()
    await found.get()
    assert server.times(WELL_KNOWN) == 3


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_later_is_later(status: int) -> None:
    answer = httpx.Response(status, headers={"Retry-After": "7"})
    server = PretendServer().on(WELL_KNOWN, answer)

    with pytest.raises(EHRUnavailable) as error:
        await discovery(server).get()

    assert error.value.retry_after == timedelta(seconds=7)


def test_version_two_is_asked_in_its_own_letters() -> None:
    scopes = wanted(USES, is_v2=True, offered=())

    assert {"system/Appointment.rs", "system/Appointment.cu"} <= set(scopes)
    assert "system/Slot.u" in scopes
    assert not [scope for scope in scopes if "d" in scope.rpartition(".")[2]]


def test_version_one_is_asked_to_read_and_to_write() -> None:
    scopes = wanted(USES, is_v2=False, offered=())

    assert {"system/Appointment.read", "system/Appointment.write"} <= set(scopes)
    assert {scope.rpartition(".")[2] for scope in scopes} == {"read", "write"}
    assert len(scopes) == len(set(scopes))


@pytest.mark.parametrize(
    ("offered", "left"),
    [
        pytest.param(["system/*.rs"], {"rs"}, id="reading-only"),
        pytest.param(
            ["system/*.read", "system/*.write"], {"rs", "cu", "u", "c"}, id="v1"
        ),
        pytest.param(["openid", "user/*.rs"], {"rs", "cu", "u", "c"}, id="no-system"),
        pytest.param(["system/Chart.rs"], {"rs", "cu", "u", "c"}, id="nothing-of-ours"),
    ],
)
def test_no_more_is_asked_for_than_there_is(offered: list, left: set) -> None:
    scopes = wanted(USES, is_v2=True, offered=offered)

    assert {scope.rpartition(".")[2] for scope in scopes} == left


@pytest.mark.parametrize(
    ("asked", "granted", "missing"),
    [
        pytest.param(["system/A.rs"], ["system/A.rs"], (), id="same"),
        pytest.param(["system/A.rs"], ["system/A.cruds"], (), id="more"),
        pytest.param(["system/A.rs"], ["system/*.read"], (), id="the-other-version"),
        pytest.param(["system/A.read"], ["system/A.rs"], (), id="the-other-way-round"),
        pytest.param(["system/A.write"], ["system/A.cu"], (), id="written-in-letters"),
        pytest.param(["system/A.rs"], ["system/A.r", "system/A.s"], (), id="in-two"),
        pytest.param(["system/A.cu"], ["system/A.c"], ("system/A.cu",), id="less"),
        pytest.param(["system/A.rs"], ["user/A.rs"], ("system/A.rs",), id="other"),
        pytest.param(["system/A.rs"], [], ("system/A.rs",), id="nothing"),
        pytest.param(
            ["system/A.rs"], ["system/A.rs?x=1"], ("system/A.rs",), id="narrowed"
        ),
        pytest.param(["launch"], ["launch"], (), id="no-resource"),
        pytest.param(["launch"], ["system/*.*"], ("launch",), id="no-resource-missing"),
    ],
)
def test_what_was_not_granted_is_known(
    asked: list, granted: list, missing: tuple
) -> None:
    assert not_granted(asked, granted) == missing
