"""A throw-away authority, and certificates of it: a good one and bad ones."""

import ssl
from datetime import UTC, datetime
from enum import Enum, auto
from pathlib import Path

import trustme

HOST = "127.0.0.1"
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Certificate(Enum):
    """Which certificate the server shows."""

    GOOD = auto()
    WRONG_NAME = auto()
    UNKNOWN_ISSUER = auto()
    EXPIRED = auto()


class Authority:
    """A new authority; its own certificate is what clients must be told to trust."""

    def __init__(self) -> None:
        self._ca = trustme.CA(organization_name="Reminder's sandbox")

    def write_bundle(self, path: Path) -> None:
        """Write the authority's certificate as a PEM file."""
        self._ca.cert_pem.write_to_path(str(path))

    def server_context(self, certificate: Certificate) -> ssl.SSLContext:
        """What a server on loopback needs to show such a certificate; TLS 1.2 up."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._issue(certificate).configure_cert(context)
        return context

    def _issue(self, certificate: Certificate) -> trustme.LeafCert:
        match certificate:
            case Certificate.GOOD:
                return self._ca.issue_cert(HOST, "localhost")
            case Certificate.WRONG_NAME:
                return self._ca.issue_cert("elsewhere.example.org")
            case Certificate.UNKNOWN_ISSUER:
                return trustme.CA().issue_cert(HOST, "localhost")
            case Certificate.EXPIRED:
                return self._ca.issue_cert(HOST, "localhost", not_after=_LONG_AGO)
