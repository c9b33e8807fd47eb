"""A real server that speaks TLS only to those who show a certificate."""

import os
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRUnavailable
from reminder.ehr.wire.client import FHIRClient
from reminder.ehr.wire.tls import CertificateUnusable, show, tls_context
from tests.ehr.conftest import NOW
from tests.ehr.keys import PASSPHRASE, private
from tests.servers.certificates import Authority
from tests.servers.phone import PhoneServer, Told


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files that is empty afterwards, as it was before."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def encrypted(pem: str) -> str:
    sealed = BestAvailableEncryption(PASSPHRASE.encode())
    key = load_pem_private_key(pem.encode(), None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed).decode()


def config_of(server: PhoneServer, authority: Authority, **more: Any) -> EHRConfig:
    given = {"base_url": f"{server.base}/fhir", "ca_bundle": authority.bundle}
    return EHRConfig.model_validate(given | more)


async def ask(config: EHRConfig) -> object:
    client = FHIRClient(config, clock=lambda: NOW)
    try:
        answer = await client.get(client.url("Patient/ana"), about="GET Patient")
    finally:
        await client.aclose()
    return answer.parsed()


@pytest.mark.parametrize("has_passphrase", [False, True])
async def test_who_shows_a_certificate_is_served(
    authority: Authority, no_files: Path, has_passphrase: bool
) -> None:
    certificate, key = authority.client()
    more: dict[str, Any] = {"client_certificate": certificate, "client_key": key}
    if has_passphrase:
        more |= {"client_key": encrypted(key), "client_key_password": PASSPHRASE}
    tls = authority.demanding_context()

    async with PhoneServer(tls, [Told(200, {"resourceType": "Patient"})]) as server:
        found = await ask(config_of(server, authority, **more))

    assert found == {"resourceType": "Patient"}


@pytest.mark.parametrize(
    ("version", "code"),
    [
        (ssl.TLSVersion.TLSv1_2, "TLS"),
        # The handshake is over before the server looks at the certificate: it may
        # say why it hangs up, or just do so.
        (ssl.TLSVersion.TLSv1_3, "(TLS|ReadError)"),
    ],
    ids=["tls-1.2", "tls-1.3"],
)
@pytest.mark.parametrize("shows", ["nothing", "somebody-else-s"])
async def test_who_shows_no_good_certificate_is_not_served(
    authority: Authority,
    tmp_path: Path,
    shows: str,
    version: ssl.TLSVersion,
    code: str,
) -> None:
    more: dict[str, Any] = {}
    if shows != "nothing":
        certificate, key = Authority(tmp_path).client()
        more = {"client_certificate": certificate, "client_key": key}
    tls = authority.demanding_context()
    tls.maximum_version = version

    async with PhoneServer(tls, [Told(200, {})]) as server:
        with pytest.raises(EHRUnavailable, match=f"^GET Patient: {code}$"):
            await ask(config_of(server, authority, **more))

    assert server.asked == []


async def test_a_server_of_an_authority_nobody_named_gets_nothing(
    authority: Authority,
) -> None:
    async with PhoneServer(authority.stranger_context(), [Told(200, {})]) as server:
        with pytest.raises(EHRUnavailable, match=r"^GET Patient: TLS$") as error:
            await ask(config_of(server, authority))

    assert server.asked == []
    assert not error.value.sent


@pytest.mark.parametrize(
    ("change", "setting", "problem"),
    [
        pytest.param(
            {"key": "hunter2"}, "client_key", "is no private key in PEM", id="no-key"
        ),
        pytest.param(
            {"password": PASSPHRASE},
            "client_key",
            "is not encrypted: leave client_key_password out",
            id="no-passphrase-needed",
        ),
        pytest.param(
            {"certificate": Path("/nowhere.pem")},
            "client_certificate",
            "the file cannot be read",
            id="no-file",
        ),
        pytest.param(
            {"certificate": Path(os.devnull)},
            "client_certificate",
            "the file holds no certificate in PEM",
            id="empty-file",
        ),
    ],
)
def test_a_certificate_that_cannot_be_shown_names_its_setting(
    authority: Authority, no_files: Path, change: dict, setting: str, problem: str
) -> None:
    certificate, key = authority.client()
    given = {"certificate": certificate, "key": key, "password": None} | change

    with pytest.raises(CertificateUnusable) as error:
        show(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), **given)

    assert (error.value.setting, str(error.value)) == (setting, problem)


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        (None, "is encrypted: set client_key_password"),
        (
            "wrong",
            "is no private key in PEM, or client_key_password does not open it",
        ),
    ],
)
def test_a_passphrase_that_does_not_fit_is_said(
    authority: Authority, password: str | None, problem: str
) -> None:
    certificate, key = authority.client()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    with pytest.raises(CertificateUnusable) as error:
        show(tls, certificate, encrypted(key), password)

    assert str(error.value) == problem


@pytest.mark.parametrize("kind", ["same-kind", "RS384", "ES384"])
def test_a_key_of_another_certificate_is_said(authority: Authority, kind: str) -> None:
    (certificate, _), (_, key) = authority.client("one"), authority.client("two")
    if kind != "same-kind":
        key = private(kind)

    with pytest.raises(CertificateUnusable, match="does not belong") as error:
        show(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), certificate, key, None)

    assert error.value.setting == "client_key"


def test_only_tls_that_is_not_broken_is_spoken(authority: Authority) -> None:
    config = EHRConfig(base_url="https://ehr.example.org", ca_bundle=authority.bundle)

    for each in (config, EHRConfig(base_url="https://ehr.example.org")):
        tls = tls_context(each)
        assert tls.minimum_version >= ssl.TLSVersion.TLSv1_2
        assert (tls.verify_mode, tls.check_hostname) == (ssl.CERT_REQUIRED, True)
