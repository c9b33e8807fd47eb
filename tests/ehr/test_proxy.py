"""A real proxy between us and a real server."""

from pathlib import Path
from typing import Any

import pytest

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRUnavailable
from reminder.ehr.wire.client import FHIRClient
from tests.ehr.conftest import NOW
from tests.servers.certificates import Authority
from tests.servers.connect_proxy import ConnectProxy
from tests.servers.phone import PhoneServer, Told

SECRETS = (b"hush-token", b"hush-password", b"Patient/ana")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


async def ask(server: PhoneServer, authority: Authority, **more: Any) -> int:
    given = {
        "base_url": f"{server.base}/fhir",
        "ca_bundle": authority.bundle,
        "auth": {"kind": "bearer", "token": "hush-token"},
    }
    client = FHIRClient(EHRConfig.model_validate(given | more), clock=lambda: NOW)
    try:
        return (await client.get(client.url("Patient/ana"), about="GET Patient")).status
    finally:
        await client.aclose()


async def test_the_ehr_is_reached_by_the_proxy_which_hears_nothing(
    authority: Authority,
) -> None:
    tls = authority.server_context()
    async with (
        PhoneServer(tls, [Told(200, {})]) as server,
        ConnectProxy() as proxy,
    ):
        assert await ask(server, authority, proxy=proxy.address) == 200

    assert server.asked[0].headers["authorization"] == "bearer hush-token"
    [head] = proxy.asked
    assert head.startswith(f"CONNECT localhost:{server.port} ")
    assert "authorization" not in head.lower()
    assert [one for one in SECRETS if one in proxy.heard + head.encode()] == []


@pytest.mark.parametrize("encrypted", [False, True])
async def test_the_proxy_is_told_who_we_are_and_the_ehr_is_not(
    authority: Authority, encrypted: bool
) -> None:
    tls = authority.server_context()
    who = ConnectProxy("reminder:hush-password", tls=tls if encrypted else None)
    async with PhoneServer(tls, [Told(200, {})]) as server, who as proxy:
        status = await ask(
            server,
            authority,
            proxy=proxy.address,
            proxy_user="reminder",
            proxy_password="hush-password",  # noqa: S106 - of a test
        )

    assert status == 200
    assert proxy.lines == 1
    assert "proxy-authorization" not in server.asked[0].headers


@pytest.mark.parametrize(
    "proxy",
    [
        pytest.param(ConnectProxy("reminder:hush-password"), id="unknown-to-it"),
        pytest.param(ConnectProxy(closed=True), id="not-allowed"),
    ],
)
async def test_what_the_proxy_refuses_has_not_left(
    authority: Authority, proxy: ConnectProxy
) -> None:
    tls = authority.server_context()
    async with PhoneServer(tls, [Told(200, {})]) as server, proxy:
        with pytest.raises(EHRUnavailable, match=r"ProxyError$") as error:
            await ask(server, authority, proxy=proxy.address)

    assert not error.value.sent
    assert server.asked == []


async def test_the_ehr_s_certificate_counts_behind_a_proxy_too(
    authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path).server_context()
    async with (
        PhoneServer(stranger, [Told(200, {})]) as server,
        ConnectProxy() as proxy,
    ):
        with pytest.raises(EHRUnavailable, match=r"TLS$"):
            await ask(server, authority, proxy=proxy.address)

    assert server.asked == []


async def test_a_proxy_of_the_environment_is_not_taken(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        PhoneServer(authority.server_context(), [Told(200, {})]) as server,
        ConnectProxy() as proxy,
    ):
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.address)
        assert await ask(server, authority) == 200

    assert proxy.asked == []
