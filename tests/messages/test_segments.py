# ruff: noqa: RUF001 - typeset characters are what this is about
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.messages.segments import (
    in_gsm7,
    is_gsm7,
    name_in_gsm7,
    room,
    segments,
    to_gsm7_friendly,
)

# 3GPP TS 23.038 §6.2.1, by code position; 0x1B, the escape, is not a character.
DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"


def test_the_alphabet_has_127_characters_and_ten_more_behind_an_escape() -> None:
    assert len(set(DEFAULT)) == 127
    assert all(is_gsm7(char) and segments(char * 160) == 1 for char in DEFAULT)
    assert all(is_gsm7(char) and segments(char * 81) == 2 for char in EXTENSION)


def test_nothing_else_of_unicode_is_in_the_alphabet() -> None:
    found = {chr(point) for point in range(0x11000) if is_gsm7(chr(point))}

    assert found == {*DEFAULT, *EXTENSION}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param("a" * 160, 1, id="gsm7-160"),
        pytest.param("a" * 161, 2, id="gsm7-161"),
        pytest.param("a" * 306, 2, id="gsm7-306"),
        pytest.param("a" * 307, 3, id="gsm7-307"),
        pytest.param("ñ" * 160, 1, id="ñ-is-in-the-alphabet"),
        pytest.param("á" * 70, 1, id="ucs2-70"),
        pytest.param("á" * 71, 2, id="ucs2-71"),
        pytest.param("á" * 134, 2, id="ucs2-134"),
        pytest.param("á" * 135, 3, id="ucs2-135"),
        pytest.param("a" * 70 + "’", 2, id="one-curly-quote-costs-the-alphabet"),
        pytest.param("€" * 80, 1, id="80-euros"),
        pytest.param("€" * 81, 2, id="81-euros"),
        pytest.param("a" * 152 + "€" + "a" * 152, 3, id="an-escape-is-not-split"),
        pytest.param("a" * 151 + "€" + "a" * 153, 2, id="an-escape-that-fits"),
        pytest.param("😀" * 35, 1, id="35-pairs"),
        pytest.param("😀" * 36, 2, id="36-pairs"),
        pytest.param("á" * 66 + "😀" + "á" * 66, 3, id="a-pair-is-not-split"),
        pytest.param("á" * 65 + "😀" + "á" * 67, 2, id="a-pair-that-fits"),
    ],
)
def test_segments_at_the_boundaries(text: str, expected: int) -> None:
    assert segments(text) == expected


@given(st.text(alphabet=DEFAULT, min_size=161, max_size=1000))
def test_long_plain_texts_take_153_a_segment(text: str) -> None:
    assert segments(text) == math.ceil(len(text) / 153)


@given(st.text(st.characters(max_codepoint=0xD7FF), min_size=71, max_size=500))
def test_long_texts_outside_the_alphabet_take_67_a_segment(text: str) -> None:
    assert segments(text + "語") == math.ceil((len(text) + 1) / 67)


@given(st.text(max_size=400))
def test_segments_never_split_a_character_and_waste_one_unit_at_most(
    text: str,
) -> None:
    if is_gsm7(text):
        units = len(text) + sum(char in EXTENSION for char in text)
        alone, joined = 160, 153
    else:
        units, alone, joined = len(text.encode("utf-16-be")) // 2, 70, 67

    count = segments(text)

    if units <= alone:
        assert count == (1 if text else 0)
    else:
        assert math.ceil(units / joined) <= count <= math.ceil(units / (joined - 1))


@given(st.text(alphabet=DEFAULT + EXTENSION + "á😀", max_size=200))
def test_room_is_what_one_segment_still_holds(text: str) -> None:
    left = room(text)

    assert (left >= 0) == (segments(text) <= 1)
    assert segments(text + "a" * max(left, 0)) <= max(1, segments(text))
    assert left < 0 or segments(text + "a" * (left + 1)) == 2


@pytest.mark.parametrize(
    ("typeset", "plain"),
    [
        pytest.param("Ana’s “visit”", 'Ana\'s "visit"', id="quotes"),
        pytest.param("9–10 — ok", "9-10 - ok", id="dashes"),
        pytest.param("wait…", "wait...", id="ellipsis"),
        pytest.param("2:30\u202fPM,\xa0today", "2:30 PM, today", id="spaces"),
        pytest.param("a\u200bb\u00adc", "abc", id="invisible"),
        pytest.param("Jose\u0301", "José", id="composed"),
    ],
)
def test_typesetting_becomes_plain(typeset: str, plain: str) -> None:
    assert to_gsm7_friendly(typeset) == plain
    assert is_gsm7(plain)


@pytest.mark.parametrize("name", ["Jesús", "Zoë", "Siobhán", "François", "Nguyễn"])
def test_letters_are_never_folded(name: str) -> None:
    assert to_gsm7_friendly(name) == name


@given(st.text(alphabet=DEFAULT, max_size=400), st.integers(2, 3))
def test_room_of_several_segments_is_what_they_still_hold(
    text: str, count: int
) -> None:
    left = room(text, count)

    assert (left >= 0) == (segments(text) <= count)
    assert left < 1 or segments(text + "a" * left) <= count


@given(st.text(max_size=60))
def test_what_is_spelled_in_gsm7_is_gsm7_on_one_line(text: str) -> None:
    spelled = in_gsm7(text)

    assert is_gsm7(spelled)
    assert spelled == " ".join(spelled.split())
    assert in_gsm7(spelled) == spelled


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        pytest.param("José", "José", id="an-accent-gsm7-has"),
        pytest.param("Jesús", "Jesus", id="an-accent-it-has-not"),
        pytest.param("Zoë", "Zoe", id="another"),
        pytest.param("Nguyễn", "Nguyen", id="two-accents"),
        pytest.param("Łukasz", "", id="a-letter-it-has-not"),
        pytest.param("Ana 李", "", id="half-of-it"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_name_loses_accents_and_no_letter(name: str, spelled: str) -> None:
    assert name_in_gsm7(name) == spelled
