"""What is written is what every reader reads, whatever the values hold."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminder.model.messages import EmailContent
from reminder.transports.mime import (
    Address,
    UnsafeHeader,
    UnusableAddress,
    prove_headers_hold,
    read_address,
    write_mail,
)
from tests.transports.messages import NOW

OURS = Address("reminder@clinic.example.org", needs_smtputf8=False)
TO = Address("pat@example.org", needs_smtputf8=False)
HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Content-Language",
    "Content-Type",
]


def _write(
    subject: str = "Cedar Clinic: a message for you",
    from_name: str = "Cedar Clinic",
    text: str = "Hello\n",
    html: str = "<p>Hello</p>\n",
    to: Address = TO,
    language: str = "en",
) -> bytes:
    return write_mail(
        EmailContent(subject, text, html, from_name),
        from_addr=OURS,
        to=to,
        language=language,
        rfc_message_id="<1234@clinic.example.org>",
        date=NOW,
    )


def _read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=default)


def test_it_has_the_headers_of_an_automatic_message_and_no_others() -> None:
    message = _read(_write())

    assert message.keys() == HEADERS
    assert message["To"] == "pat@example.org"
    assert message["From"].addresses[0].display_name == "Cedar Clinic"
    assert message["From"].addresses[0].addr_spec == OURS.addr_spec
    assert message["Subject"] == "Cedar Clinic: a message for you"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"] == "<1234@clinic.example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["Content-Language"] == "en"


def test_both_renderings_are_in_it_the_plain_one_first() -> None:
    message = _read(_write(text="ñandú\n\tx \n", html="<p>ñandú</p>\n"))

    parts = [part.get_content_type() for part in message.iter_parts()]
    assert message.get_content_type() == "multipart/alternative"
    assert parts == ["text/plain", "text/html"]
    assert message.get_body(("plain",)).get_content() == "ñandú\r\n\tx \r\n"
    assert message.get_body(("html",)).get_content() == "<p>ñandú</p>\r\n"


def test_the_same_message_gives_the_same_bytes() -> None:
    assert _write() == _write()


@pytest.mark.parametrize(
    "name", ["Clínica del Cedro", 'The "Cedar" \\ Clinic', "杉診療所", "a, b <c@d>"]
)
def test_a_name_comes_back_as_it_went_in(name: str) -> None:
    message = _read(_write(subject=name, from_name=name))

    assert message["Subject"] == name
    assert message["From"].addresses[0].display_name == name
    assert message["From"].addresses[0].addr_spec == OURS.addr_spec
    assert len(message["From"].addresses) == 1


def test_a_long_subject_is_folded_between_characters() -> None:
    message = _read(_write(subject="杉診療所 " * 40))

    assert message["Subject"] == "杉診療所 " * 40


def test_without_a_name_there_is_only_the_address() -> None:
    assert _read(_write(from_name=""))["From"] == OURS.addr_spec


HOSTILE = [
    pytest.param("=?utf-8?q?Hi=0aBcc:_x@example.org?=", id="encoded-word"),
    pytest.param("Hi\r\nBcc: x@example.org", id="crlf"),
    pytest.param("Hi\nBcc: x@example.org", id="lf"),
    pytest.param("Hi\rBcc: x@example.org", id="cr"),
    pytest.param("Hi\x00", id="nul"),
    pytest.param("Hi\x0bBcc: x", id="vertical-tab"),
    pytest.param("Hi\x85Bcc: x", id="next-line"),
    pytest.param("Hi\u2028Bcc: x", id="line-separator"),
    pytest.param("Hi\u202ecinilC", id="right-to-left-override"),
    pytest.param("Hi\ud800", id="lone-surrogate"),
    pytest.param("x" * 1_000_000, id="a-megabyte"),
]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("field", ["subject", "from_name", "language"])
def test_a_hostile_value_is_refused_and_not_quoted(field: str, value: str) -> None:
    with pytest.raises(UnsafeHeader) as refused:
        _write(**{field: value})

    assert len(str(refused.value)) < 60
    assert "Bcc" not in str(refused.value)


@pytest.mark.parametrize(
    "addr_spec", ["pat@example.org\r\nBcc: x@example.org", "pat@example.org\r\n\r\nx"]
)
def test_what_does_not_come_back_as_meant_is_not_sent(addr_spec: str) -> None:
    unread = Address(addr_spec, needs_smtputf8=False)

    with pytest.raises(UnsafeHeader, match="did not come back"):
        _write(to=unread)


def test_hostile_bodies_stay_bodies() -> None:
    text = "\r\n.\r\n--=_1234--\r\nBcc: x@example.org\x00\ud800\r" + "x" * 3000

    message = _read(_write(text=text, html=text))

    assert message.keys() == HEADERS
    assert len(list(message.iter_parts())) == 2
    assert "Bcc: x@example.org" in message.get_body(("plain",)).get_content()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=200))
def test_no_text_makes_another_header_recipient_or_part(
    subject: str, from_name: str, text: str
) -> None:
    try:
        content = _write(subject, from_name, text, text)
    except UnsafeHeader:
        return

    message = _read(content)

    assert message.keys() == HEADERS
    assert message["To"] == TO.addr_spec
    assert [address.addr_spec for address in message["From"].addresses] == [
        OURS.addr_spec
    ]
    assert len(list(message.iter_parts())) == 2
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")


def test_the_self_test_passes_on_this_python() -> None:
    prove_headers_hold()


@pytest.mark.parametrize(
    ("value", "addr_spec", "needs_smtputf8"),
    [
        ("pat@example.org", "pat@example.org", False),
        ("pat+clinic@EXAMPLE.org", "pat+clinic@example.org", False),
        ("pat@bücher.example.org", "pat@xn--bcher-kva.example.org", False),
        ("josé@example.org", "josé@example.org", True),
    ],
)
def test_an_address_is_read_by_its_syntax(
    value: str, addr_spec: str, needs_smtputf8: bool
) -> None:
    assert read_address(value) == Address(addr_spec, needs_smtputf8)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "pat",
        "a b@example.org",
        "Pat <pat@example.org>",
        "pat@[127.0.0.1]",
        '"pat"@example.org',
        "pat@example.org\r\nX: y",
        "pat@example.org,x@example.org",
    ],
)
def test_what_is_no_plain_address_is_refused_and_not_quoted(value: str) -> None:
    with pytest.raises(UnusableAddress) as refused:
        read_address(value)

    assert str(refused.value) == ""
    assert refused.value.__cause__ is None


def test_an_address_does_not_show_itself() -> None:
    assert "pat" not in repr(TO)
