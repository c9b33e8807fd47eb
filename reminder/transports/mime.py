"""The bytes of one e-mail, written so that no value can become a header of its own.

The stdlib's `email` package decodes encoded words in what it is given and on
Python before 3.11.10 writes the line feed found inside one into the message
(CVE-2024-6923); it also takes some 2 ms a message. So headers are written
here: a value is refused or encoded, never interpreted. The stdlib's parser
then reads the result back, and what is not exactly as meant is not sent.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import format_datetime

from email_validator import EmailNotValidError, validate_email

from reminder.model.messages import EmailContent

_HEADER_CHARACTERS = 255
# RFC 2047 section 2: a line with an encoded word has at most 76 characters.
_WORD_BYTES = 39
# Controls, line and paragraph separators, lone surrogates; and the characters
# that turn the direction of the text around, so that it reads as another.
_REFUSED_CATEGORIES = frozenset({"Cc", "Zl", "Zp", "Cs"})
_REFUSED = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_LANGUAGE = re.compile(r"[A-Za-z0-9-]{1,35}")
_PARSER = BytesHeaderParser(policy=compat32)


class UnsafeHeader(Exception):
    """A value that must not stand in a header: it is named, never quoted."""


class UnusableAddress(Exception):
    """Not an addr-spec that mail can be sent to; never quoted."""


@dataclass(frozen=True, slots=True)
class Address:
    """An addr-spec (RFC 5321), its domain in ASCII (IDNA).

    `needs_smtputf8` is True when the part before the @ is not ASCII
    (RFC 6531).
    """

    addr_spec: str
    needs_smtputf8: bool

    def __repr__(self) -> str:
        return "Address(…)"

    @property
    def domain(self) -> str:
        """What stands after the @."""
        return self.addr_spec.rpartition("@")[2]


def read_address(value: str) -> Address:
    """The address, checked by syntax alone; no name server is asked.

    Raises:
        UnusableAddress: it is none, or uses comments, quotes or an IP address.
    """
    try:
        found = validate_email(value, check_deliverability=False)
    except EmailNotValidError:
        raise UnusableAddress from None
    return Address(f"{found.local_part}@{found.ascii_domain}", found.smtputf8)


def write_mail(
    content: EmailContent,
    *,
    from_addr: Address,
    to: Address,
    language: str,
    rfc_message_id: str,
    date: datetime,
) -> bytes:
    """The message as it goes over the wire, before dots are doubled.

    Every line ends with CRLF and has at most 998 characters (RFC 5322), all
    of them ASCII unless `to.needs_smtputf8`. The same arguments give the same
    bytes.

    Raises:
        UnsafeHeader: a value must not stand in a header, or did not come back
            from the parser as it went in.
    """
    # `=_` is no valid quoted-printable, so no body can hold the boundary.
    boundary = f"=_{rfc_message_id.strip('<>').partition('@')[0]}"
    headers = [
        ("From", _mailbox(content.from_name, from_addr)),
        ("To", to.addr_spec),
        ("Subject", _unstructured("Subject", content.subject)),
        ("Date", format_datetime(date)),
        ("Message-ID", _plain("Message-ID", rfc_message_id)),
        ("MIME-Version", "1.0"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("Content-Language", _language(language)),
        ("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers).encode()
    _prove(head, [name for name, _ in headers], to)
    return b"".join(
        [
            head,
            b"\r\n",
            _part(boundary, "plain", content.text),
            _part(boundary, "html", content.html),
            f"--{boundary}--\r\n".encode(),
        ]
    )


def prove_headers_hold() -> None:
    """A self-test for the start: hostile values are refused, good ones come back.

    Raises:
        UnsafeHeader: on this Python they do not; nothing must be sent.
    """
    ours = Address("reminder@example.org", needs_smtputf8=False)
    for hostile in ("=?utf-8?q?Hi=0aBcc:_x@example.org?=", "Hi\nBcc: x", "Hi\r\n\r\nx"):
        try:
            _trial(EmailContent(hostile, "", "", hostile), ours)
        except UnsafeHeader:
            continue
        raise UnsafeHeader("self-test: a header could be injected")
    _trial(EmailContent("Añejo", "", "", 'A "B" \\'), ours)


def _trial(content: EmailContent, ours: Address) -> None:
    write_mail(
        content,
        from_addr=ours,
        to=ours,
        language="en",
        rfc_message_id="<self-test@example.org>",
        date=datetime(2027, 3, 1, tzinfo=UTC),
    )


def _prove(head: bytes, names: list[str], to: Address) -> None:
    parsed = _PARSER.parsebytes(head + b"\r\n")
    if parsed.keys() != names or parsed.defects or parsed.get_payload():
        raise UnsafeHeader("the headers did not come back as written")
    if f"\r\nTo: {to.addr_spec}\r\n".encode() not in head:
        raise UnsafeHeader("the recipient did not come back as written")


def _mailbox(display_name: str, address: Address) -> str:
    if not display_name:
        return address.addr_spec
    name = _plain("From", display_name)
    if name.isascii():
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{address.addr_spec}>'
    return f"{_encoded(name)}\r\n <{address.addr_spec}>"


def _unstructured(header: str, value: str) -> str:
    value = _plain(header, value)
    return value if value.isascii() else _encoded(value)


def _plain(header: str, value: str) -> str:
    if len(value) > _HEADER_CHARACTERS:
        raise UnsafeHeader(f"{header} is too long")
    if "=?" in value:
        raise UnsafeHeader(f"{header} holds an encoded word")
    if any(
        char in _REFUSED or unicodedata.category(char) in _REFUSED_CATEGORIES
        for char in value
    ):
        raise UnsafeHeader(f"{header} holds a control character")
    return value


def _language(tag: str) -> str:
    if not _LANGUAGE.fullmatch(tag):
        raise UnsafeHeader("Content-Language is no language tag")
    return tag


def _encoded(value: str) -> str:
    words = (base64.b64encode(chunk).decode() for chunk in _chunks(value))
    return "\r\n ".join(f"=?utf-8?b?{word}?=" for word in words)


def _chunks(value: str) -> Iterator[bytes]:
    """UTF-8 in pieces that never part a character, as RFC 2047 section 5 demands."""
    chunk = b""
    for char in value:
        encoded = char.encode()
        if len(chunk) + len(encoded) > _WORD_BYTES:
            yield chunk
            chunk = b""
        chunk += encoded
    yield chunk


def _part(boundary: str, subtype: str, text: str) -> bytes:
    head = (
        f"--{boundary}\r\n"
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    # The line end before a boundary belongs to the boundary (RFC 2046 5.1.1).
    return head.encode() + _quoted_printable(text) + b"\r\n"


def _quoted_printable(text: str) -> bytes:
    # The encoder breaks lines the way the first line ends, so there must be
    # one; a lone surrogate is replaced rather than named in an exception.
    lines = _LINE_ENDS.sub("\r\n", text).removesuffix("\r\n") + "\r\n"
    return binascii.b2a_qp(lines.encode(errors="replace"), istext=True)
