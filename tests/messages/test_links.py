import re
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from reminder.messages.links import link_token, link_url
from tests.messages.samples import KEY


@given(st.uuids())
def test_a_token_has_22_characters_and_none_a_mail_program_would_cut_off(
    message_id: UUID,
) -> None:
    token = link_token(message_id, KEY)

    assert re.fullmatch(r"[A-Za-z0-9_-]{21}[AQgw]", token)


def test_a_resend_carries_the_same_token() -> None:
    message_id = uuid4()

    assert link_token(message_id, KEY) == link_token(UUID(str(message_id)), KEY)


def test_every_message_and_every_key_has_a_token_of_its_own() -> None:
    ids = [UUID(int=n) for n in range(2000)]

    tokens = {link_token(one, key) for one in ids for key in (KEY, b"x" * 32)}

    assert len(tokens) == 2 * len(ids)


def test_a_token_does_not_show_the_message_id() -> None:
    message_id = UUID(int=7)

    assert message_id.hex not in link_token(message_id, KEY)


def test_the_link_is_short_and_knows_one_slash() -> None:
    assert link_url("https://r.example.org", "abc") == "https://r.example.org/r/abc"
    assert link_url("https://r.example.org/", "abc") == "https://r.example.org/r/abc"
