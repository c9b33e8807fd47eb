"""What we demand of an encrypted connection, and what proves that we got it."""

import hashlib
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reminder.model.outcomes import Evidence

VERIFIED = "verified"
"""The policy of every connection made with `client_context`."""

# OpenSSL's X509_V_ERR_* numbers, by what IT has to repair.
_CERTIFICATE_PROBLEMS = {
    9: "certificate-not-yet-valid",
    10: "certificate-expired",
    18: "certificate-self-signed",
    19: "certificate-unknown-issuer",
    20: "certificate-unknown-issuer",
    21: "certificate-unknown-issuer",
    23: "certificate-revoked",
    62: "certificate-wrong-name",
    64: "certificate-wrong-name",
}
_TOO_OLD = ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "VERSION_TOO_LOW")


def client_context(ca_bundle: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or better, certificate and host name verified; make it once.

    Without a bundle the system's own authorities are trusted, with one only
    those in it. Reading the authorities costs some 30 ms each time.
    """
    context = ssl.create_default_context(cafile=ca_bundle)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def tls_problem(error: BaseException) -> str | None:
    """A short code when TLS itself failed, also deep in the error's causes."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _CERTIFICATE_PROBLEMS.get(
                cause.verify_code, "certificate-not-trusted"
            )
        if isinstance(cause, ssl.SSLError):
            reason = cause.reason or ""
            return "tls-too-old" if reason.endswith(_TOO_OLD) else "tls-failed"
    return None


def read_evidence(connection: Any, *, host: str) -> Evidence:  # noqa: ANN401 - SSLObject and SSLSocket share only these methods
    """What the open connection proves; `connection` is its ssl object.

    None (no TLS at all) proves nothing, and the evidence says so by an empty
    policy.
    """
    if connection is None:
        return Evidence(host=host)
    cipher = connection.cipher()
    return Evidence(
        host=host,
        protocol=connection.version() or "",
        cipher=cipher[0] if cipher else "",
        certificate_sha256=hashlib.sha256(
            connection.getpeercert(binary_form=True)
        ).hexdigest(),
        issuer=_issuer(connection.getpeercert()),
        policy=VERIFIED,
    )


def _issuer(certificate: dict[str, Any]) -> str:
    names = {key: value for rdn in certificate.get("issuer", ()) for key, value in rdn}
    parts = [names.get("organizationName"), names.get("commonName")]
    return " / ".join(part for part in parts if part)[:200]


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__
