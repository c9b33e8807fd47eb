"""What goes to the EHR goes nowhere else."""

import httpx
import pytest
from pydantic import ValidationError

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRRefused
from reminder.ehr.wire.client import FHIRClient
from tests.ehr import keys
from tests.ehr.conftest import NOW
from tests.ehr.pretend import BASE_URL, said

KEY = "canary-key"
HEADERS = {"Ocp-Apim-Subscription-Key": KEY, "Epic-Client-ID": "canary-id"}
CREDENTIALS = {
    "kind": "client-credentials",
    "client_id": "reminder",
    "client_secret": "hush",
}


class Somewhere:
    """Every host there is; `asked` is what each of them got."""

    def __init__(self, **instead: httpx.Response) -> None:
        self.asked: list[httpx.Request] = []
        self._instead = instead

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        last = request.url.path.rpartition("/")[2]
        if last in self._instead:
            return self._instead[last]
        if last == "smart-configuration":
            return said({"token_endpoint": "https://login.example.org/token"})
        return said({"access_token": "t1"} if last == "token" else {})

    def got(self, host: str) -> str:
        """All headers that host got."""
        return str([one.headers.raw for one in self.asked if one.url.host == host])


async def ask(somewhere: Somewhere, **config: object) -> httpx.Response:
    given = {"base_url": BASE_URL, "headers": HEADERS}
    client = FHIRClient(
        EHRConfig.model_validate(given | config),
        clock=lambda: NOW,
        transport=httpx.MockTransport(somewhere),
    )
    return await client.search(client.url("Appointment"), about="GET Appointment")


async def test_they_go_with_every_request_to_the_ehr() -> None:
    somewhere = Somewhere()

    await ask(somewhere)

    sent = somewhere.asked[0].headers
    assert {name: sent[name] for name in HEADERS} == HEADERS
    assert sent["prefer"] == "handling=strict"


@pytest.mark.parametrize(
    "auth",
    [
        pytest.param(
            CREDENTIALS | {"token_url": "https://login.example.org/token"}, id="secret"
        ),
        pytest.param(
            CREDENTIALS | {"token_url": "https://ehr.example.org:8443/token"},
            id="another-port",
        ),
        pytest.param({"kind": "smart"}, id="discovered"),
    ],
)
async def test_another_host_s_token_endpoint_does_not_get_them(auth: dict) -> None:
    somewhere = Somewhere()
    if auth["kind"] == "smart":
        auth |= {"client_id": "reminder", "private_key": keys.private("ES384")}

    await ask(somewhere, auth=auth)

    [request] = [one for one in somewhere.asked if one.url.path == "/token"]
    assert "canary" not in str(request.headers.raw)
    assert somewhere.asked[-1].headers["authorization"] == "Bearer t1"


async def test_the_same_origin_s_token_endpoint_gets_them() -> None:
    somewhere = Somewhere()
    auth = CREDENTIALS | {"token_url": "https://ehr.example.org/oauth2/token"}

    await ask(somewhere, auth=auth)

    assert KEY in str(somewhere.asked[0].headers.raw)
    assert somewhere.asked[0].headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize("which", ["token", "Appointment", "smart-configuration"])
async def test_a_redirect_takes_nothing_along(which: str) -> None:
    away = httpx.Response(302, headers={"Location": "https://evil.example.org/"})
    somewhere = Somewhere(**{which: away})
    auth = {
        "kind": "smart",
        "client_id": "reminder",
        "private_key": keys.private("ES384"),
    }

    with pytest.raises(EHRRefused):
        await ask(somewhere, auth=auth)

    assert somewhere.got("evil.example.org") == "[]"


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        pytest.param({"Authorization": "x"}, "not a header to be set", id="who"),
        pytest.param({"host": "x"}, "not a header to be set", id="where"),
        pytest.param({"Content-Length": "0"}, "not a header to be set", id="length"),
        pytest.param({"TRANSFER-ENCODING": "x"}, "not a header", id="framing"),
        pytest.param({"Connection": "close"}, "not a header", id="hop-by-hop"),
        pytest.param({"Proxy-Authorization": "x"}, "not a header", id="proxy"),
        pytest.param({"If-Match": "*"}, "not a header", id="condition"),
        pytest.param({"X-Key\r\nX": "x"}, "letters, digits", id="break-in-a-name"),
        pytest.param({"X Key": "x"}, "letters, digits", id="space-in-a-name"),
        pytest.param({"": "x"}, "letters, digits", id="no-name"),
        pytest.param({"X-Key": "canary\r\nX: y"}, "one line", id="break"),
        pytest.param({"X-Key": "canary\n"}, "one line", id="break-at-the-end"),
        pytest.param({"X-Key": "canary\x00"}, "one line", id="nul"),
        pytest.param({"X-Key": "canary\u00e9"}, "one line", id="not-ascii"),
        pytest.param({"X-Key": ""}, "one line", id="empty"),
        pytest.param({"X-Key": "a", "x-key": "b"}, "twice", id="twice"),
    ],
)
def test_what_is_no_header_of_theirs_is_refused(headers: dict, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem) as error:
        EHRConfig.model_validate({"base_url": BASE_URL, "headers": headers})

    assert "canary" not in str(error.value)


def test_their_values_are_never_shown() -> None:
    config = EHRConfig.model_validate({"base_url": BASE_URL, "headers": HEADERS})

    assert "canary" not in repr(config) + str(config.headers)
