"""Keys for the tests, made once in a run: making them takes a while."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from reminder.ehr.wire.jwks import Alg, new_key

PASSPHRASE = "open-sesame"  # noqa: S105 - of keys made for a test


@cache
def private(alg: Alg, number: int = 1) -> str:
    """A private key in PEM; another number is another key."""
    del number
    return new_key(alg)


@cache
def other(kind: str) -> str:
    """A private key in PEM that SMART Backend Services does not take."""
    if kind == "ed25519":
        return _pem(ed25519.Ed25519PrivateKey.generate())
    if kind == "rsa-1024":
        small = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - to be refused
        return _pem(small)
    return _pem(ec.generate_private_key(ec.SECP256R1()))


@cache
def encrypted() -> str:
    """A private key in PEM that a passphrase opens."""
    key = ec.generate_private_key(ec.SECP384R1())
    sealed = BestAvailableEncryption(PASSPHRASE.encode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed).decode()


@cache
def public(pem: str) -> str:
    """The public half of a private key, in PEM."""
    key = load_pem_private_key(pem.encode(), None).public_key()
    form = PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(Encoding.PEM, form).decode()


def _pem(key: object) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
