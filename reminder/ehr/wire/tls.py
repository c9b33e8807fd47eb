"""Makes the TLS of one connection: whom we trust, and the certificate we show."""

import contextlib
import os
import secrets
import ssl
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from reminder.ehr.config import EHRConfig

# What OpenSSL says to a key of the same kind, of another, and of an unlike curve.
_OF_ANOTHER = ("KEY_VALUES_MISMATCH", "NO_CERTIFICATE_ASSIGNED", "KEY_TYPE_MISMATCH")


class CertificateUnusable(ValueError):
    """We cannot show this certificate; the message says why, `setting` which one."""

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(problem)
        self.setting = setting


def tls_context(config: EHRConfig) -> ssl.SSLContext:
    """The TLS by which this EHR is spoken to, with our certificate if it has one.

    Raises:
        OSError: as `authorities`.
        CertificateUnusable: as `show`.
    """
    tls = authorities(config.ca_bundle)
    key, password = config.client_key, config.client_key_password
    if config.client_certificate is not None and key is not None:
        show(
            tls,
            config.client_certificate,
            key.get_secret_value(),
            password.get_secret_value() if password else None,
        )
    return tls


def authorities(ca_bundle: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or better that trusts the public authorities, or these alone.

    Raises:
        OSError: the bundle cannot be read, or (`ssl.SSLError`) holds nothing.
    """
    if ca_bundle is None:
        return httpx.create_ssl_context(trust_env=False)
    return ssl.create_default_context(cafile=ca_bundle)


def show(
    tls: ssl.SSLContext, certificate: Path, key: str, password: str | None
) -> None:
    """Have `tls` show the certificate (and its chain) to servers that ask for one.

    Raises:
        CertificateUnusable: certificate or key cannot be read, or do not match.
    """
    once = secrets.token_urlsafe(32)
    sealed = _sealed(key, password, once)
    try:
        # The ssl module takes keys from files only, by their names.
        with _named(sealed) as name:
            tls.load_cert_chain(certificate, name, once)
    except ssl.SSLError as error:
        if error.reason in _OF_ANOTHER:
            problem = "does not belong to client_certificate"
            raise CertificateUnusable("client_key", problem) from None
        problem = "the file holds no certificate in PEM"
        raise CertificateUnusable("client_certificate", problem) from None
    except OSError:
        problem = "the file cannot be read"
        raise CertificateUnusable("client_certificate", problem) from None


def _sealed(key: str, password: str | None, once: str) -> bytes:
    """The key in PEM, encrypted for the moment under what only we know."""
    given = password.encode() if password else None
    try:
        loaded = load_pem_private_key(key.encode(), given)
    except TypeError:
        problem = (
            "is not encrypted: leave client_key_password out"
            if given
            else "is encrypted: set client_key_password"
        )
        raise CertificateUnusable("client_key", problem) from None
    except (ValueError, UnsupportedAlgorithm):
        problem = "is no private key in PEM"
        if given:
            problem += ", or client_key_password does not open it"
        raise CertificateUnusable("client_key", problem) from None
    encryption = BestAvailableEncryption(once.encode())
    return loaded.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


@contextlib.contextmanager
def _named(content: bytes) -> Iterator[str]:
    """A file with this content while the block runs: in memory where there is a way.

    Elsewhere it is a temporary one that only we may read.
    """
    if sys.platform == "linux":
        with open(os.memfd_create("client-key", os.MFD_CLOEXEC), "wb") as file:
            file.write(content)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            yield file.name
