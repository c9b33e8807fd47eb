"""Signatures as Standard Webhooks 1.0.0 has them, in both directions."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.model.outcomes import BadSignature
from reminder.transports.webhook_signatures import read_secret, signed, verify

KEY, OTHER_KEY = b"k" * 24, b"o" * 24
NOW = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)
BODY = b'{"type":"message.status"}'


def headers(**changes: str) -> dict[str, str]:
    """Good headers, some of them changed."""
    made = signed("id-1", BODY, NOW, [KEY])
    return made | {f"webhook-{name}": value for name, value in changes.items()}


def test_a_signature_is_the_one_of_the_standards_own_example() -> None:
    # The vector that the standard's own libraries are tested with.
    key = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)

    made = signed("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', at, [key])

    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize(
    ("signing", "believing"),
    [
        ([KEY], [KEY]),
        ([KEY, OTHER_KEY], [OTHER_KEY]),
        ([OTHER_KEY], [KEY, OTHER_KEY]),
    ],
    ids=["one", "theirs is the old one", "ours is the new one"],
)
def test_while_a_secret_is_changed_either_is_believed(
    signing: list[bytes], believing: list[bytes]
) -> None:
    verify(signed("id-1", BODY, NOW, signing), BODY, NOW, believing)


@pytest.mark.parametrize("minutes", [-5, 5], ids=["early", "late"])
def test_clocks_may_be_five_minutes_apart(minutes: int) -> None:
    verify(headers(), BODY, NOW + timedelta(minutes=minutes), [KEY])


@pytest.mark.parametrize("seconds", [-301, 301, 10**6], ids=["early", "late", "days"])
def test_what_was_signed_long_ago_or_not_yet_is_refused(seconds: int) -> None:
    with pytest.raises(BadSignature, match="too old"):
        verify(headers(), BODY, NOW + timedelta(seconds=seconds), [KEY])


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "id-2"},
        {"id": ""},
        {"id": "id.1"},
        {"id": "id 1"},
        {"timestamp": str(int(NOW.timestamp()) + 1)},
        {"timestamp": "soon"},
        {"timestamp": "-1"},
        {"timestamp": "٣"},
        {"timestamp": "9" * 400},
        {"signature": ""},
        {"signature": "v1,"},
        {"signature": "v1a," + headers()["webhook-signature"][3:]},
        {"signature": headers()["webhook-signature"][3:]},
        {"signature": "v1,é"},
        {"signature": "v1,x " * 5000},
    ],
    ids=repr,
)
def test_whatever_does_not_fit_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        verify(headers(**changes), BODY, NOW, [KEY])


@pytest.mark.parametrize("name", list(headers()))
def test_a_header_that_is_missing_or_there_twice_is_refused(name: str) -> None:
    good = headers()
    without = {found: value for found, value in good.items() if found != name}

    for made in (without, good | {name.upper(): good[name]}):
        with pytest.raises(BadSignature, match=name):
            verify(made, BODY, NOW, [KEY])


@given(st.binary(max_size=60))
def test_no_other_body_has_the_same_signature(body: bytes) -> None:
    if body == BODY:
        return
    with pytest.raises(BadSignature):
        verify(headers(), body, NOW, [KEY])


@given(st.binary(max_size=80))
def test_a_secret_holds_24_to_64_bytes(key: bytes) -> None:
    secret = f"whsec_{base64.b64encode(key).decode()}"

    if 24 <= len(key) <= 64:
        assert read_secret(secret) == key
    else:
        with pytest.raises(ValueError, match="24 to 64"):
            read_secret(secret)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_*", "A" * 32, "whsec_é"])
def test_what_is_no_secret_is_refused_without_being_quoted(secret: str) -> None:
    with pytest.raises(ValueError, match="write whsec_"):
        read_secret(secret)
