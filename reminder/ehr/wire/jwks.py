"""Knows the keys by which EHRs know us: which may sign, and what of them is public."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from joserfc.jwk import ECKey, RSAKey

Alg: TypeAlias = Literal["RS384", "ES384"]
"""What SMART Backend Services has assertions signed with (RFC 7518 §3.1)."""

_RSA_BITS = 2048
"""The least that SMART allows."""

_NEW_RSA_BITS = 3072
"""What NIST SP 800-57 wants of a key that is to be used beyond 2030."""

_NOT_OURS = "an RSA key of at least 2048 bits or an EC key on P-384 is wanted"


@dataclass(frozen=True, slots=True)
class SMARTKey:
    """One key, private or only its public half; `kid` is its RFC 7638 thumbprint."""

    alg: Alg
    kid: str
    is_private: bool
    jwk: RSAKey | ECKey = field(repr=False)

    def public(self) -> dict[str, str]:
        """The public half as a JSON Web Key (RFC 7517), ready to be registered."""
        # Named one by one: what is not named cannot get out.
        names = ("n", "e") if self.alg == "RS384" else ("crv", "x", "y")
        said = self.jwk.as_dict(private=False)
        return {
            "kty": self.jwk.key_type,
            **{name: cast("str", said[name]) for name in names},
            "kid": self.kid,
            "use": "sig",
            "alg": self.alg,
        }


def read_key(pem: str) -> SMARTKey:
    """The key that a PEM text holds, private or public.

    Raises:
        ValueError: it holds none, or none that SMART Backend Services takes;
            the sentence says what is wanted, and nothing of the key.
    """
    match _loaded(pem.encode()):
        case rsa.RSAPrivateKey() | rsa.RSAPublicKey() as key if (
            key.key_size >= _RSA_BITS
        ):
            return _known(RSAKey(key, key), "RS384")
        case ec.EllipticCurvePrivateKey() | ec.EllipticCurvePublicKey() as key if (
            isinstance(key.curve, ec.SECP384R1)
        ):
            return _known(ECKey(key, key), "ES384")
    raise ValueError(_NOT_OURS)


def read_signing_key(pem: str) -> SMARTKey:
    """As `read_key`, for the key that signs.

    Raises:
        ValueError: as `read_key`, or it is a public key.
    """
    key = read_key(pem)
    if not key.is_private:
        raise ValueError("this is a public key: the private one signs")
    return key


def new_key(alg: Alg) -> str:
    """A new private key as PEM (PKCS #8), not encrypted."""
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if alg == "RS384":
        key = rsa.generate_private_key(public_exponent=65537, key_size=_NEW_RSA_BITS)
    else:
        key = ec.generate_private_key(ec.SECP384R1())
    encoding, form = Encoding.PEM, PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, NoEncryption()).decode()


def jwk_set(keys: Iterable[SMARTKey]) -> bytes:
    """The JWK Set of these keys' public halves, each once, in the order given."""
    public = {key.kid: key.public() for key in keys}
    return orjson.dumps({"keys": list(public.values())})


def _loaded(pem: bytes) -> object:
    try:
        if b"PRIVATE KEY-----" in pem:
            return load_pem_private_key(pem, password=None)
        return load_pem_public_key(pem)
    except TypeError:
        sentence = "this key is encrypted: keep it without a passphrase, mode 0600"
        raise ValueError(sentence) from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("this is no key in PEM") from None


def _known(jwk: RSAKey | ECKey, alg: Alg) -> SMARTKey:
    return SMARTKey(alg, jwk.thumbprint(), jwk.is_private, jwk)
