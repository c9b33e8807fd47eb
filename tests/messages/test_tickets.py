from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from reminder.messages.callbacks import callback_token
from reminder.messages.tickets import Ticket, read, seal
from tests.messages.samples import KEY, NOW

THIS, OTHER = UUID(int=7), UUID(int=8)
TICKET = Ticket(
    message_id=THIS,
    subject="q83Pz0",
    step="answer",
    expires_at=NOW + timedelta(minutes=10),
)


def test_a_ticket_is_read_back_as_it_was() -> None:
    assert read(seal(TICKET, KEY), KEY, message_id=THIS, now=NOW) == TICKET


@given(st.text(max_size=60), st.text(max_size=60))
def test_step_and_subject_are_never_confused(step: str, subject: str) -> None:
    ticket = replace(TICKET, step=step, subject=subject)

    assert read(seal(ticket, KEY), KEY, message_id=THIS, now=NOW) == ticket


def test_a_ticket_of_another_link_is_refused() -> None:
    assert read(seal(TICKET, KEY), KEY, message_id=OTHER, now=NOW) is None


def test_a_ticket_is_good_until_it_expires_and_not_at_that_instant() -> None:
    text = seal(TICKET, KEY)
    before = TICKET.expires_at - timedelta(seconds=1)

    assert read(text, KEY, message_id=THIS, now=before) == TICKET
    assert read(text, KEY, message_id=THIS, now=TICKET.expires_at) is None


@given(st.data())
def test_a_ticket_with_another_character_anywhere_is_refused(
    data: st.DataObject,
) -> None:
    text = seal(TICKET, KEY)
    position = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from("AZaz09-_=. é"))
    changed = text[:position] + character + text[position + 1 :]

    found = read(changed, KEY, message_id=THIS, now=NOW)

    assert found == (TICKET if changed == text else None)


@given(st.text(max_size=2000))
def test_any_other_text_is_refused(text: str) -> None:
    assert read(text, KEY, message_id=THIS, now=NOW) is None


def test_a_ticket_of_another_key_or_purpose_is_refused() -> None:
    assert read(seal(TICKET, b"x" * 32), KEY, message_id=THIS, now=NOW) is None
    assert read(callback_token(THIS, KEY), KEY, message_id=THIS, now=NOW) is None


def test_a_megabyte_is_refused_unread() -> None:
    assert read("A" * 1_000_000, KEY, message_id=THIS, now=NOW) is None
