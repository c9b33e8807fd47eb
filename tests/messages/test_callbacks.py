from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.messages.callbacks import callback_token, read_callback_token
from reminder.messages.links import link_token
from tests.messages.samples import KEY

MESSAGE = UUID(int=7)


@given(st.uuids())
def test_a_token_names_its_message(message_id: UUID) -> None:
    assert read_callback_token(callback_token(message_id, KEY), KEY) == message_id


@given(st.integers(0, 42), st.sampled_from("AZaz09-_"))
def test_a_token_with_another_character_anywhere_is_nobodys(
    position: int, character: str
) -> None:
    token = callback_token(MESSAGE, KEY)
    changed = token[:position] + character + token[position + 1 :]

    found = read_callback_token(changed, KEY)

    assert found == (MESSAGE if changed == token else None)


@given(st.text(max_size=80))
def test_any_other_text_is_nobodys(text: str) -> None:
    assert read_callback_token(text, KEY) is None


def test_a_token_of_another_key_or_purpose_is_nobodys() -> None:
    token = callback_token(MESSAGE, KEY)

    assert read_callback_token(token, b"x" * 32) is None
    assert read_callback_token(link_token(MESSAGE, KEY), KEY) is None


@pytest.mark.parametrize("spelling", ["{}=", "{} ", " {}", "{}\n"])
def test_a_token_has_one_spelling(spelling: str) -> None:
    token = callback_token(MESSAGE, KEY)

    assert read_callback_token(spelling.format(token), KEY) is None
