"""SMART Backend Services against a server that checks what the specification says."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import JoseError

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRRefused, EHRUnavailable
from reminder.ehr.wire.client import FHIRClient
from reminder.ehr.wire.jwks import SMARTKey, read_key
from tests.ehr import keys
from tests.ehr.conftest import NOW
from tests.ehr.pretend import BASE_URL, said
from tests.fakes import FakeClock

TOKEN_URL = "https://login.example.org/token"  # noqa: S105 - no secret
ASSERTED = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Login:
    """A server with tokens for whoever signs as SMART App Launch 2.2 demands."""

    def __init__(self, *known: SMARTKey, clock: Callable[[], datetime]) -> None:
        self.known = {key.kid: key for key in known}
        self.clock = clock
        self.token_url = TOKEN_URL
        self.document: dict | None = {"capabilities": ["permission-v2"]}
        self.scope: str | None = None
        self.forms: list[dict[str, str]] = []
        self.asked: list[str] = []
        self.taken: set[str] = set()
        self.instead: list[httpx.Response] = []
        self._used: set[str] = set()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        answer = self._answer(request)
        answer.headers.setdefault("date", format_datetime(self.clock(), usegmt=True))
        return answer

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if request.url.path.endswith("/.well-known/smart-configuration"):
            if self.document is None:
                return said({}, 404)
            return said({"token_endpoint": self.token_url} | self.document)
        if str(request.url) == self.token_url:
            return self._token(request)
        if request.url.host != "ehr.example.org":
            return said({}, 404)
        known = request.headers.get("authorization") in self.taken
        return said({}, 200 if known else 401)

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {
            name: each[0] for name, each in parse_qs(request.content.decode()).items()
        }
        self.forms.append(form)
        if self.instead:
            return self.instead.pop(0)
        if not self._is_signed(form):
            return said({"error": "invalid_client"}, 401)
        token = f"t{len(self.forms)}"
        self.taken.add(f"Bearer {token}")
        grant = {"access_token": token, "expires_in": 300}
        return said(grant | ({"scope": self.scope} if self.scope else {}))

    def _is_signed(self, form: dict[str, str]) -> bool:
        try:
            claims = self.claims(form)
        except (JoseError, KeyError, ValueError):
            return False
        now, is_new = self.clock().timestamp(), claims["jti"] not in self._used
        self._used.add(claims["jti"])
        return (
            is_new
            and form["client_assertion_type"] == ASSERTED
            and claims["iss"] == claims["sub"] == "reminder"
            and claims["aud"] == self.token_url
            and claims["nbf"] <= now < claims["exp"] <= now + 300
        )

    def claims(self, form: dict[str, str]) -> dict:
        """What was signed, by a key this server knows."""
        signed = form["client_assertion"]
        return jwt.decode(
            signed,
            lambda guest: self.known[guest.headers()["kid"]].jwk,
            algorithms=["RS384", "ES384"],
        ).claims


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def login(clock: FakeClock) -> Login:
    return Login(read_key(keys.public(keys.private("ES384"))), clock=lambda: clock())


def client_of(
    login: Login, clock: FakeClock, group: str | None = None, **auth: object
) -> FHIRClient:
    given = {
        "kind": "smart",
        "client_id": "reminder",
        "private_key": keys.private("ES384"),
    }
    config = {
        "base_url": BASE_URL,
        "auth": given | auth,
        "patient_group": group,
        "requests_per_s": 1000,
        "burst": 100,
        "failures_before_pause": 100,
    }
    return FHIRClient(
        EHRConfig.model_validate(config),
        clock=clock,
        transport=httpx.MockTransport(login),
    )


async def get(client: FHIRClient) -> None:
    await client.get(client.url("Patient/ana"), about="GET Patient")


@pytest.mark.parametrize("alg", ["RS384", "ES384"])
async def test_what_our_key_signed_gets_a_token(clock: FakeClock, alg: str) -> None:
    pem = keys.private(alg)
    login = Login(read_key(keys.public(pem)), clock=clock)

    await get(client_of(login, clock, private_key=pem))

    [form] = login.forms
    assert form["grant_type"] == "client_credentials"
    assert set(form) == {
        "grant_type",
        "scope",
        "client_assertion_type",
        "client_assertion",
    }
    assert "system/Appointment.rs" in form["scope"].split()


async def test_each_token_is_asked_for_with_an_assertion_of_its_own(
    login: Login, clock: FakeClock
) -> None:
    client = client_of(login, clock)

    await get(client)
    clock.move_on(seconds=239)
    await get(client)
    assert len(login.forms) == 1

    clock.move_on(seconds=1)
    await get(client)
    first, second = (login.claims(form)["jti"] for form in login.forms)
    assert first != second


async def test_many_requests_fetch_one_token(login: Login, clock: FakeClock) -> None:
    client = client_of(login, clock)

    await asyncio.gather(*(get(client) for _ in range(20)))

    assert len(login.forms) == 1


async def test_many_requests_fail_by_one_failure(
    login: Login, clock: FakeClock
) -> None:
    login.instead = [said({}, 503)]
    client = client_of(login, clock)

    async with asyncio.timeout(5):
        ended = await asyncio.gather(
            *(get(client) for _ in range(4)), return_exceptions=True
        )

    assert {type(one) for one in ended} == {EHRUnavailable}
    assert len(login.forms) == 1
    await get(client)
    assert len(login.forms) == 2


async def test_a_token_endpoint_that_wants_a_rest_has_it(
    login: Login, clock: FakeClock
) -> None:
    login.instead = [httpx.Response(429, headers={"Retry-After": "4"})]
    client = client_of(login, clock)

    for _ in range(3):
        with pytest.raises(EHRUnavailable, match=r"^token: 429$"):
            await get(client)
    assert len(login.forms) == 1

    clock.move_on(seconds=4)
    await get(client)


async def test_one_who_gives_up_does_not_take_the_others_along(
    login: Login, clock: FakeClock
) -> None:
    client = client_of(login, clock)

    impatient = asyncio.create_task(get(client))
    patient = [asyncio.create_task(get(client)) for _ in range(2)]
    await asyncio.sleep(0)
    impatient.cancel()

    await asyncio.gather(*patient)


async def test_a_token_taken_back_early_is_replaced_once(
    login: Login, clock: FakeClock
) -> None:
    client = client_of(login, clock)
    await get(client)
    login.taken.clear()

    await asyncio.gather(*(get(client) for _ in range(4)))

    assert len(login.forms) == 2


async def test_what_is_set_by_hand_needs_no_discovery(
    login: Login, clock: FakeClock
) -> None:
    login.document = None
    scopes = ["system/Appointment.read", "system/Patient.read"]

    await get(client_of(login, clock, token_url=TOKEN_URL, scopes=scopes))

    assert login.asked[0] == TOKEN_URL
    assert login.forms[0]["scope"] == " ".join(scopes)


@pytest.mark.parametrize("group", [None, "Group/north"])
async def test_a_group_is_asked_for_only_where_one_is_read(
    login: Login, clock: FakeClock, group: str | None
) -> None:
    await get(client_of(login, clock, group))

    assert ("system/Group.r" in login.forms[0]["scope"].split()) is (group is not None)


@pytest.mark.parametrize(
    "address",
    ["https://login.example.org/token/", "https://login.example.org/t?p=b2c_1"],
)
async def test_the_assertion_is_for_the_address_to_the_letter(
    login: Login, clock: FakeClock, address: str
) -> None:
    login.token_url = address

    await get(client_of(login, clock, token_url=address))

    assert login.claims(login.forms[0])["aud"] == address


async def test_who_publishes_nothing_is_asked_in_version_one(
    login: Login, clock: FakeClock
) -> None:
    login.document = None

    await get(client_of(login, clock, token_url=TOKEN_URL))

    assert "system/Appointment.read" in login.forms[0]["scope"].split()


async def test_without_any_token_endpoint_the_refusal_says_so(
    login: Login, clock: FakeClock
) -> None:
    login.document = None

    with pytest.raises(EHRRefused, match=r"no token_endpoint$"):
        await get(client_of(login, clock))


async def test_a_token_endpoint_that_moved_is_found_again(
    login: Login, clock: FakeClock
) -> None:
    client = client_of(login, clock)
    await get(client)
    login.token_url = "https://login.example.org/v2/token"  # noqa: S105 - no secret
    clock.move_on(seconds=300)

    with pytest.raises(EHRRefused, match=r"^token: 404$"):
        await get(client)
    await get(client)

    assert login.asked[-2] == login.token_url


async def test_it_is_known_what_was_not_granted(login: Login, clock: FakeClock) -> None:
    login.scope = "system/*.read"
    client = client_of(login, clock)
    assert client.tokens.not_granted == ()

    await get(client)

    assert client.tokens.granted == "system/*.read"
    assert "system/Appointment.cu" in client.tokens.not_granted
    assert "system/Appointment.rs" not in client.tokens.not_granted


async def test_who_says_nothing_of_scopes_granted_them(
    login: Login, clock: FakeClock
) -> None:
    client = client_of(login, clock)

    await get(client)

    assert (client.tokens.granted, client.tokens.not_granted) == (None, ())


@pytest.mark.parametrize("minutes", [-90, -5, 7, 60 * 24])
async def test_a_clock_that_differs_costs_one_more_request_and_once_only(
    login: Login, clock: FakeClock, minutes: int
) -> None:
    login.clock = lambda: clock() + timedelta(minutes=minutes)
    client = client_of(login, clock)

    await get(client)
    assert len(login.forms) == 2

    clock.move_on(seconds=300)
    await get(client)
    assert len(login.forms) == 3


async def test_a_clock_set_right_meanwhile_is_noticed(
    login: Login, clock: FakeClock
) -> None:
    login.clock = lambda: clock() + timedelta(hours=1)
    client = client_of(login, clock)
    await get(client)
    login.clock = clock
    clock.move_on(seconds=300)

    await get(client)

    assert len(login.forms) == 4


@pytest.mark.parametrize(
    ("answer", "off"),
    [
        pytest.param(said({"error": "invalid_client"}, 401), 59, id="clocks-agree"),
        pytest.param(said({"error": "invalid_scope"}, 400), 999, id="other-error"),
        pytest.param(said({"error": "invalid_client"}, 403), 999, id="other-status"),
        pytest.param(
            said({"error": "invalid_client"}, 401, date="yesterday"), 999, id="no-date"
        ),
    ],
)
async def test_what_is_not_the_clock_is_not_tried_again(
    login: Login, clock: FakeClock, answer: httpx.Response, off: int
) -> None:
    login.clock = lambda: clock() + timedelta(seconds=off)
    login.instead = [answer]

    with pytest.raises(EHRRefused, match=r"^token: 40"):
        await get(client_of(login, clock))

    assert len(login.forms) == 1


async def test_a_key_nobody_knows_is_refused_in_codes(
    login: Login, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    with pytest.raises(EHRRefused) as error:
        await get(client_of(login, clock, private_key=keys.private("ES384", 2)))

    assert str(error.value) == "token: 401 invalid_client"
    signed = login.forms[0]["client_assertion"]
    assert signed not in caplog.text + repr(error.value)


async def test_keys_rotate_without_a_gap(login: Login, clock: FakeClock) -> None:
    new, old = keys.private("ES384", 2), keys.private("ES384")
    login.known = {each.kid: each for each in map(read_key, (new, old))}

    await get(client_of(login, clock, private_key=old, published_keys=[new]))
    await get(client_of(login, clock, private_key=new, published_keys=[old]))

    login.known = {read_key(new).kid: read_key(new)}
    await get(client_of(login, clock, private_key=new))
    assert len(login.forms) == 3


async def test_nothing_of_it_is_ever_shown(login: Login, clock: FakeClock) -> None:
    client = client_of(login, clock)
    await get(client)

    assert "Bearer t1" not in repr(vars(client.tokens))
    assert "PRIVATE" not in repr(vars(client.tokens))
