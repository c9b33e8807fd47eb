"""What one handshake tells of a server's TLS, on real sockets."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reminder.app.clock import system_clock
from reminder.ehr.config import EHRConfig
from reminder.ehr.probing.session import Result
from reminder.ehr.probing.tls import handshake
from reminder.model.trials import Verdict
from tests.servers.certificates import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def listening(tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"nothing\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    # What a client breaks off is not this server's trouble.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def met(
    tls: ssl.SSLContext | None,
    *,
    now: datetime | None = None,
    host: str = "localhost",
    **config: object,
) -> Result:
    async with listening(tls) as port:
        address = f"https://{host}:{port}/fhir"
        settings = EHRConfig.model_validate({"base_url": address} | config)
        return await handshake(settings, now or system_clock())


async def test_a_good_certificate_tells_its_protocol_and_the_days_it_has_left(
    authority: Authority,
) -> None:
    result = await met(authority.server_context(), ca_bundle=authority.bundle)

    assert result.verdict is Verdict.PASS
    assert result.found["protocol"] == "TLSv1.3"
    assert int(result.found["days_left"]) > 14


async def test_a_certificate_that_will_soon_be_over_is_told_in_time(
    authority: Authority,
) -> None:
    context = authority.server_context()
    first = await met(context, ca_bundle=authority.bundle)
    soon = system_clock() + timedelta(days=int(first.found["days_left"]) - 10)

    result = await met(context, now=soon, ca_bundle=authority.bundle)

    assert result.verdict is Verdict.FAIL
    assert result.found["days_left"] in (9, 10)


@pytest.mark.parametrize(
    ("context", "error", "words"),
    [
        pytest.param(
            Authority.expired_context, "certificate expired", "renewed", id="expired"
        ),
        pytest.param(
            Authority.self_signed_context,
            "certificate from an unknown authority",
            "ca_bundle",
            id="self-signed",
        ),
        pytest.param(
            lambda authority: authority.server_context("other.example.org"),
            "certificate is for another name",
            "host name",
            id="another-name",
        ),
    ],
)
async def test_a_bad_certificate_is_named_with_what_to_do(
    authority: Authority,
    context: Callable[[Authority], ssl.SSLContext],
    error: str,
    words: str,
) -> None:
    result = await met(context(authority), ca_bundle=authority.bundle)

    assert result.verdict is Verdict.FAIL
    assert result.found == {"error": error}
    assert words in str(result.instead)


async def test_an_authority_of_the_house_needs_a_bundle(authority: Authority) -> None:
    result = await met(authority.server_context())

    assert result.found == {"error": "certificate from an unknown authority"}
    assert "--ca-bundle" in str(result.instead)


async def test_a_server_that_speaks_no_tls_is_named() -> None:
    result = await met(None)

    assert result.verdict is Verdict.FAIL
    assert "error" in result.found


async def test_a_port_where_nobody_listens_is_named() -> None:
    async with listening(None) as port:
        pass

    result = await handshake(
        EHRConfig(base_url=f"https://localhost:{port}/fhir"),
        datetime(2027, 1, 1, tzinfo=UTC),
    )

    assert result.verdict is Verdict.FAIL


async def test_without_tls_nothing_is_called_encrypted() -> None:
    result = await handshake(
        EHRConfig(base_url="http://localhost:1/fhir"), datetime(2027, 1, 1, tzinfo=UTC)
    )

    assert result.verdict is Verdict.UNKNOWN
    assert result.found == {"protocol": "none"}
