"""Real certificates for the tests: good ones, and each kind of bad one."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

HOST = "localhost"


class Authority:
    """One certificate authority of a test run, and what it vouches for."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA(organization_name="Example Authority")
        self._folder = folder
        self.bundle = folder / "authority.pem"
        self._ca.cert_pem.write_to_path(str(self.bundle))

    def server_context(self, name: str = HOST) -> ssl.SSLContext:
        """A server with a good certificate for that name."""
        return _server_context(self._ca.issue_cert(name))

    def demanding_context(self, name: str = HOST) -> ssl.SSLContext:
        """A good server that speaks only to those this authority vouches for."""
        context = self.server_context(name)
        context.verify_mode = ssl.CERT_REQUIRED
        self._ca.configure_trust(context)
        return context

    def client(self, name: str = "reminder.example.org") -> tuple[Path, str]:
        """A client's certificate with its chain as a file, and its key in PEM."""
        issued = self._ca.issue_cert(name)
        file = self._folder / f"{name}.pem"
        file.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        return file, issued.private_key_pem.bytes().decode()

    def expired_context(self) -> ssl.SSLContext:
        """A server whose certificate ran out."""
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        return _server_context(
            self._ca.issue_cert(
                HOST, not_before=long_ago, not_after=long_ago + timedelta(days=90)
            )
        )

    def self_signed_context(self) -> ssl.SSLContext:
        """A server that vouches for itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
        start = datetime(2020, 1, 1, tzinfo=UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=36_500))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), False)
            .sign(key, hashes.SHA256())
        )
        path = self._folder / "self-signed.pem"
        path.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + certificate.public_bytes(Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def stranger_context(self) -> ssl.SSLContext:
        """A server whose authority nobody here knows."""
        return _server_context(trustme.CA().issue_cert(HOST))


def _server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
