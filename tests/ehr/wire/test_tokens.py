import asyncio
import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import parse_qs

import httpx
import pytest

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRRefused, EHRUnavailable
from reminder.ehr.wire.client import FHIRClient
from tests.ehr.conftest import NOW
from tests.ehr.pretend import BASE_URL, said

TOKEN_URL = "https://login.example.org/token"  # noqa: S105 - no secret
CREDENTIALS = {
    "kind": "client-credentials",
    "client_id": "reminder",
    "client_secret": "h/u+sh",
    "token_url": TOKEN_URL,
    "scope": "system/Appointment.rs",
}


class Login:
    """A server that wants a token and an endpoint that gives t1, t2 and so on."""

    def __init__(self, *grants: httpx.Response, life_s: object = 3600) -> None:
        self.token_requests: list[httpx.Request] = []
        self.fhir_requests: list[httpx.Request] = []
        self.taken = {"Bearer t1", "Bearer t2", "Bearer t3"}
        self._grants = list(grants)
        self._life_s = life_s

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        if request.url.host == "login.example.org":
            self.token_requests.append(request)
            if self._grants:
                return self._grants.pop(0)
            token = f"t{len(self.token_requests)}"
            return said({"access_token": token, "expires_in": self._life_s})
        self.fhir_requests.append(request)
        known = request.headers.get("authorization") in self.taken
        return said({}, 200 if known else 401)


def client_of(
    login: Callable, auth: dict, clock: Callable[[], datetime] = lambda: NOW
) -> FHIRClient:
    config = {"base_url": BASE_URL, "auth": auth, "requests_per_s": 1000, "burst": 100}
    return FHIRClient(
        EHRConfig.model_validate(config),
        clock=clock,
        transport=httpx.MockTransport(login),
    )


async def get(client: FHIRClient) -> None:
    await client.get(client.url("Patient/ana"), about="GET Patient")


async def test_a_static_token_goes_with_every_request() -> None:
    login = Login()

    await get(client_of(login, {"kind": "bearer", "token": "t1"}))

    assert login.fhir_requests[0].headers["authorization"] == "Bearer t1"


async def test_a_refused_static_token_is_not_tried_twice() -> None:
    login = Login()

    with pytest.raises(EHRRefused, match=r"^GET Patient: 401$"):
        await get(client_of(login, {"kind": "bearer", "token": "wrong"}))

    assert len(login.fhir_requests) == 1


async def test_a_user_and_a_password_go_with_every_request() -> None:
    login = Login()
    pair = base64.b64encode("emp$jos\u00e9:h:u/sh".encode()).decode()
    login.taken.add(f"Basic {pair}")
    auth = {"kind": "basic", "user": "emp$jos\u00e9", "password": "h:u/sh"}

    await get(client_of(login, auth))

    assert login.fhir_requests[0].headers["authorization"] == f"Basic {pair}"


async def test_a_refused_password_is_not_tried_twice() -> None:
    login = Login()

    with pytest.raises(EHRRefused, match=r"^GET Patient: 401$"):
        await get(client_of(login, {"kind": "basic", "user": "a", "password": "b"}))

    assert len(login.fhir_requests) == 1


async def test_without_authentication_no_credential_goes() -> None:
    login = Login()
    login.taken.add(None)

    await get(client_of(login, {"kind": "none"}))

    assert "authorization" not in login.fhir_requests[0].headers


async def test_id_and_secret_go_in_the_header() -> None:
    login = Login()

    await get(client_of(login, CREDENTIALS))

    request = login.token_requests[0]
    pair = base64.b64decode(request.headers["authorization"].removeprefix("Basic "))
    assert pair == b"reminder:h%2Fu%2Bsh"
    assert parse_qs(request.content.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["system/Appointment.rs"],
    }


async def test_or_in_the_body() -> None:
    login = Login()

    await get(client_of(login, CREDENTIALS | {"sent_in": "body"}))

    request = login.token_requests[0]
    assert parse_qs(request.content.decode())["client_secret"] == ["h/u+sh"]
    assert "authorization" not in request.headers


async def test_many_requests_fetch_one_token() -> None:
    login = Login()
    client = client_of(login, CREDENTIALS)

    await asyncio.gather(*(get(client) for _ in range(8)))

    assert len(login.token_requests) == 1
    assert len(login.fhir_requests) == 8


async def test_a_token_is_renewed_before_it_ends() -> None:
    login, now = Login(life_s=300), [NOW]
    client = client_of(login, CREDENTIALS, clock=lambda: now[0])

    await get(client)
    now[0] += timedelta(seconds=239)
    await get(client)
    assert len(login.token_requests) == 1

    now[0] += timedelta(seconds=2)
    await get(client)
    assert len(login.token_requests) == 2


async def test_a_token_taken_back_early_is_replaced_once() -> None:
    login = Login()
    client = client_of(login, CREDENTIALS)
    await get(client)
    login.taken = {"Bearer t2"}

    await asyncio.gather(*(get(client) for _ in range(4)))

    assert len(login.token_requests) == 2


async def test_a_late_refusal_does_not_cost_the_new_token() -> None:
    login, late = Login(), asyncio.Event()

    async def server(request: httpx.Request) -> httpx.Response:
        answer = await login(request)
        if request.url.path.endswith("late") and answer.status_code == 401:
            await late.wait()
        return answer

    client = client_of(server, CREDENTIALS)
    await get(client)
    login.taken = {"Bearer t2"}

    waiting = asyncio.create_task(
        client.get(client.url("Patient/late"), about="GET Patient")
    )
    await get(client)
    late.set()
    await waiting

    assert len(login.token_requests) == 2


async def test_a_server_that_takes_no_token_is_asked_twice_and_no_more() -> None:
    login = Login()
    login.taken = set()

    with pytest.raises(EHRRefused, match=r"^GET Patient: 401$"):
        await get(client_of(login, CREDENTIALS))

    assert len(login.fhir_requests) == 2


@pytest.mark.parametrize(
    ("grant", "error", "message"),
    [
        pytest.param(said({}, 503), EHRUnavailable, "token: 503", id="later"),
        pytest.param(said({}, 429), EHRUnavailable, "token: 429", id="throttled"),
        pytest.param(
            said({"error": "invalid_client", "error_description": "canary"}, 401),
            EHRRefused,
            "token: 401 invalid_client",
            id="refused",
        ),
        pytest.param(
            said({"error": "canary"}, 400), EHRRefused, "token: 400", id="other"
        ),
        pytest.param(
            httpx.Response(302, headers={"Location": "https://evil.example.org"}),
            EHRRefused,
            "token: 302",
            id="redirect",
        ),
        pytest.param(said({}), EHRRefused, "token: no access_token", id="empty"),
        pytest.param(said([]), EHRRefused, "token: no access_token", id="list"),
        pytest.param(
            said({"access_token": "t1", "token_type": "DPoP"}),
            EHRRefused,
            "token: no bearer token",
            id="not-ours-to-use",
        ),
        pytest.param(
            said({"access_token": "a\r\nX: b"}),
            EHRRefused,
            "token: no access_token",
            id="injection",
        ),
    ],
)
async def test_no_token_is_said_in_codes(
    grant: httpx.Response, error: type[Exception], message: str
) -> None:
    login = Login(grant)

    with pytest.raises(error) as raised:
        await get(client_of(login, CREDENTIALS))

    assert str(raised.value) == message
    assert login.fhir_requests == []


async def test_what_waited_for_a_token_has_not_left() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("canary", request=request)

    client = client_of(silent, CREDENTIALS)

    with pytest.raises(EHRUnavailable, match=r"^token: ReadTimeout$") as error:
        await client.write("PUT", client.url("Slot/1"), b"{}", about="PUT Slot")

    assert not error.value.sent


@pytest.mark.parametrize("life_s", [None, "soon", -1, 10**9])
async def test_a_life_nobody_stated_is_five_minutes(life_s: object) -> None:
    login, now = Login(life_s=life_s), [NOW]
    client = client_of(login, CREDENTIALS, clock=lambda: now[0])

    await get(client)
    now[0] += timedelta(minutes=5)
    await get(client)

    assert len(login.token_requests) == 2


@pytest.mark.parametrize(("life_s", "kept_s"), [(60, 48), (300, 240), ("3600", 3540)])
async def test_a_token_is_kept_until_a_minute_or_a_fifth_is_left(
    life_s: object, kept_s: int
) -> None:
    login, now = Login(life_s=life_s), [NOW]
    client = client_of(login, CREDENTIALS, clock=lambda: now[0])

    await get(client)
    now[0] += timedelta(seconds=kept_s - 1)
    await get(client)
    assert len(login.token_requests) == 1

    now[0] += timedelta(seconds=1)
    await get(client)
    assert len(login.token_requests) == 2


async def test_a_secret_s_scope_may_be_narrowed_too() -> None:
    grant = {"access_token": "t1", "scope": "system/Appointment.r"}
    login = Login(said(grant))
    client = client_of(login, CREDENTIALS)

    await get(client)

    assert client.tokens.wanted == "system/Appointment.rs"
    assert client.tokens.not_granted == ("system/Appointment.rs",)


@pytest.mark.parametrize("scope", [7, "a\nb", "x" * 5000, ["a"]])
async def test_a_scope_nobody_can_mean_was_not_said(scope: object) -> None:
    login = Login(said({"access_token": "t1", "scope": scope}))
    client = client_of(login, CREDENTIALS)

    await get(client)

    assert client.tokens.granted is None


async def test_each_secret_goes_to_its_own_host() -> None:
    login = Login()

    await get(client_of(login, CREDENTIALS))

    assert "h/u+sh" not in str(login.fhir_requests[0].headers)
    assert "t1" not in str(login.token_requests[0].headers)
