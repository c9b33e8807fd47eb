import json

import pytest
from joserfc.jwk import KeySet, import_key

from reminder.ehr.wire.auth import NoAuth, SMARTAuth
from reminder.ehr.wire.jwks import jwk_set, read_key, read_signing_key
from reminder.ehr.wire.published import keys_of, public_keys
from tests.ehr import keys

# RFC 7518 §6.2.2, §6.3.2 and §6.4.1: everything that must never be told.
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def smart(signing: str, *published: str) -> SMARTAuth:
    return SMARTAuth.model_validate(
        {
            "kind": "smart",
            "client_id": "reminder",
            "private_key": signing,
            "published_keys": published,
        }
    )


@pytest.mark.parametrize("alg", ["RS384", "ES384"])
def test_the_kind_of_key_decides_the_algorithm(alg: str) -> None:
    pem = keys.private(alg)

    assert read_key(pem).alg == read_key(keys.public(pem)).alg == alg


@pytest.mark.parametrize("alg", ["RS384", "ES384"])
def test_nothing_private_is_published(alg: str) -> None:
    private = keys.private(alg)

    [told] = json.loads(jwk_set([read_key(private)]))["keys"]

    assert set(told) & PRIVATE == set()
    assert not import_key(told).is_private
    assert set(told) - {"n", "e", "crv", "x", "y"} == {"kty", "kid", "use", "alg"}


def test_private_and_public_half_have_one_name() -> None:
    private = keys.private("ES384")

    assert read_key(private).kid == read_key(keys.public(private)).kid


def test_the_name_is_the_thumbprint_anybody_can_compute() -> None:
    # RFC 7638 §3.1 has this key, and this thumbprint of it.
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR"
        "1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0"
        "h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91"
        "CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44"
        "-csFCur-kEgU8awapJzKnqDKgw"
    )
    key = import_key({"kty": "RSA", "n": modulus, "e": "AQAB"})

    kid = read_key(key.as_pem(private=False).decode()).kid

    assert kid == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize("kind", ["ed25519", "rsa-1024", "p-256"])
def test_other_keys_are_refused_by_what_is_wanted(kind: str) -> None:
    pem = keys.other(kind)

    for text in (pem, keys.public(pem)):
        with pytest.raises(
            ValueError, match="at least 2048 bits or an EC key on P-384"
        ):
            read_key(text)


@pytest.mark.parametrize("text", ["", "hunter2", "-----BEGIN PRIVATE KEY-----\nx"])
def test_what_is_no_key_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^this is no key in PEM$"):
        read_key(text)


def test_a_key_with_a_passphrase_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="without a passphrase"):
        read_key(keys.encrypted())


def test_a_public_key_cannot_sign() -> None:
    with pytest.raises(ValueError, match="the private one signs"):
        read_signing_key(keys.public(keys.private("ES384")))


def test_during_a_rotation_both_keys_are_published() -> None:
    new, old = keys.private("ES384", 2), keys.private("RS384")
    auths = [smart(new, old), smart(new, keys.public(old)), NoAuth()]

    published = KeySet.import_key_set(json.loads(public_keys(auths)))

    assert [key.kid for key in published.keys] == [read_key(new).kid, read_key(old).kid]


def test_a_key_named_twice_is_one_that_signs() -> None:
    pem = keys.private("ES384")

    assert [one.signs for one in keys_of(smart(pem, keys.public(pem)))] == [True]


def test_without_keys_the_set_is_empty() -> None:
    assert json.loads(public_keys([NoAuth()])) == {"keys": []}


def test_a_key_is_never_shown() -> None:
    auth = smart(keys.private("ES384"))

    assert "PRIVATE" not in repr(auth) + repr(read_key(keys.private("ES384")))
