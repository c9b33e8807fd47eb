from datetime import timedelta

import pytest
from joserfc import jws, jwt

from reminder.ehr.wire.assertions import assertion
from reminder.ehr.wire.jwks import read_key
from tests.ehr import keys
from tests.ehr.conftest import NOW

URL = "https://login.example.org/token/"


def written(alg: str = "ES384", **changes: object) -> str:
    values = {"client_id": "reminder", "audience": URL, "now": NOW} | changes
    return assertion(read_key(keys.private(alg)), **values)


def claims_of(signed: str, alg: str = "ES384") -> dict:
    public = read_key(keys.public(keys.private(alg)))
    return jwt.decode(signed, public.jwk, algorithms=[alg]).claims


@pytest.mark.parametrize("alg", ["RS384", "ES384"])
def test_the_public_key_proves_it(alg: str) -> None:
    signed = written(alg)

    header = jws.extract_compact(signed.encode()).headers()
    assert header == {
        "alg": alg,
        "kid": read_key(keys.private(alg)).kid,
        "typ": "JWT",
    }
    assert claims_of(signed, alg)["sub"] == "reminder"


def test_it_says_who_to_whom_and_for_how_long() -> None:
    claims = claims_of(written())

    assert (claims["iss"], claims["sub"], claims["aud"]) == (
        "reminder",
        "reminder",
        URL,
    )
    now = NOW.timestamp()
    assert claims["exp"] - now == timedelta(minutes=4).total_seconds()
    assert claims["nbf"] - now == claims["iat"] - now == -30
    assert all(isinstance(claims[name], int) for name in ("exp", "nbf", "iat"))


def test_no_two_have_the_same_id() -> None:
    assert len({claims_of(written())["jti"] for _ in range(50)}) == 50
