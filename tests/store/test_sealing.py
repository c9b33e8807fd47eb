"""What is sealed comes back as it was, and its length says little."""

from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.store.errors import CellUnreadable
from reminder.store.keyring import KeyRing
from reminder.store.sealing import Sealer

ROW = UUID(int=1)
RING = KeyRing({1: bytes(range(32))})
PERSON = Sealer(RING, "person")

# A lone surrogate is no text: UTF-8 cannot hold it, and no EHR can have sent it.
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(TEXT, TEXT | st.none() | st.lists(TEXT)))
def test_any_text_comes_back_as_it_was(value: dict[str, object]) -> None:
    assert PERSON.open(ROW, PERSON.seal(ROW, value)) == value


def test_names_of_similar_length_make_cells_of_the_same_length() -> None:
    names = ["", "Bo", "Adaeze", "Maximilian", "Zanzibarina Maria"]

    lengths = {len(PERSON.seal(ROW, {"given": name})) for name in names}

    assert len(lengths) == 1


def test_cells_grow_in_steps_of_32_bytes() -> None:
    lengths = sorted({len(PERSON.seal(ROW, {"given": "x" * n})) for n in range(100)})

    steps = {later - earlier for earlier, later in pairwise(lengths)}
    assert (len(lengths), steps) == (4, {32})


def test_a_cell_that_opens_but_holds_no_json_is_unreadable() -> None:
    cell = RING.seal("person", "sealed", ROW, b"{ canary")

    with pytest.raises(CellUnreadable) as caught:
        PERSON.open(ROW, cell)

    assert str(caught.value) == f"person.sealed of {ROW}"
    assert caught.value.__cause__ is None


def test_the_same_row_of_another_table_does_not_open_it() -> None:
    cell = PERSON.seal(ROW, {"given": "Ada"})

    with pytest.raises(CellUnreadable):
        Sealer(RING, "reminder").open(ROW, cell)
