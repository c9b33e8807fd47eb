import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.ehr.reading.text import NAME_LIMIT, https_url, label, person_name, plain

# Text as hostile as it comes: surrogates, controls and private use included.
_PIECES = ["=?utf-8?q?x=0aBcc:_e?=", "\r\n", "\u202e", "\u200b", "\u2028", "\x00"]
_PIECES += [
    "\ud800",
    "a\u0301",
    "\u0300",
    "<b>",
    "://",
    "www.",
    ".",
    "=",
    "?",
    "e",
    " ",
]
ANYTHING = st.text(st.characters(codec=None, exclude_categories=()), max_size=200)
ANYTHING |= st.lists(st.sampled_from(_PIECES)).map("".join)


@given(ANYTHING)
def test_what_is_left_is_one_line_of_visible_text(value: str) -> None:
    text = plain(value, NAME_LIMIT)

    assert len(text) <= NAME_LIMIT
    assert text == text.strip()
    assert not any(unicodedata.category(each)[0] == "C" for each in text)
    assert not any(each.isspace() and each != " " for each in text)
    assert unicodedata.is_normalized("NFC", text)
    assert "=?" not in text


@given(ANYTHING)
def test_cleaning_twice_is_cleaning_once(value: str) -> None:
    for clean in (person_name, label, lambda text: plain(text, 40)):
        assert clean(clean(value)) == clean(value)


@given(ANYTHING)
def test_a_name_can_neither_link_nor_mark_up_nor_sign(value: str) -> None:
    name = person_name(value)

    assert not set(name) & set('<>"&/\\@:;=?#%{}[]|$`_\r\n')
    assert all(unicodedata.category(each)[0] in "LMNPZ" for each in name)
    for dot in (at for at, each in enumerate(name) if each == "."):
        assert not name[dot + 1 : dot + 2].isalpha()


@pytest.mark.parametrize(
    ("value", "name"),
    [
        pytest.param("Zoë", "Zoë", id="composed"),
        pytest.param("Zoe\u0308", "Zoë", id="decomposed"),
        pytest.param("O’Brien-Smith", "O’Brien-Smith", id="punctuated"),  # noqa: RUF001
        pytest.param("J. R. Núñez", "J. R. Núñez", id="initials"),
        pytest.param("प्रिया", "प्रिया", id="devanagari"),
        pytest.param("王小明", "王小明", id="han"),
        pytest.param("محمد", "محمد", id="arabic"),
        pytest.param("<b>Bob</b>", "b Bob b", id="html"),
        pytest.param(
            "Bob\r\nBcc: eve@example.org", "Bob Bcc eve example. org", id="crlf"
        ),
        pytest.param("=?utf-8?q?Hi=0aBcc:?=", "utf-8 q Hi 0aBcc", id="encoded-word"),
        pytest.param("https://evil.example/x", "https evil. example x", id="url"),
        pytest.param("\u202egro.live\u202c", "gro. live", id="bidi"),
        pytest.param("A\u200bn\u2060a", "Ana", id="zero-width"),
        pytest.param("An\ud800a", "Ana", id="half-a-surrogate-pair"),
        pytest.param("An\x00a", "Ana", id="nul"),
        pytest.param("call 2125550101", "call", id="telephone"),
        pytest.param("", "", id="empty"),
        pytest.param(None, "", id="none"),
        pytest.param(7, "", id="number"),
    ],
)
def test_names(value: object, name: str) -> None:
    assert person_name(value) == name


def test_a_megabyte_is_a_name_of_eighty_letters() -> None:
    assert person_name("A" * 1_000_000) == "A" * 80


def test_a_heap_of_marks_on_one_letter_is_flattened() -> None:
    assert len(plain("n" + "\u0301\u0302\u0303" * 20, 80)) <= 4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("1 Main St, 2nd floor", "1 Main St, 2nd floor", id="address"),
        pytest.param("Room 4.12 (north)", "Room 4.12 (north)", id="number"),
        pytest.param("<a href=x>North</a>", "a href=x North /a", id="html"),
        pytest.param("http://www.evil.example", "http: www. evil. example", id="url"),
        pytest.param("1 Main St\nSpringfield", "1 Main St Springfield", id="two-lines"),
    ],
)
def test_places(value: str, text: str) -> None:
    assert label(value) == text


@pytest.mark.parametrize(
    ("value", "is_taken"),
    [
        pytest.param("https://video.example.org/join/7?t=a%20b#x", True, id="https"),
        pytest.param("http://video.example.org/join/7", False, id="plain"),
        pytest.param("javascript:alert(1)", False, id="script"),
        pytest.param("https://eve@video.example.org/", False, id="userinfo"),
        pytest.param("https:///join", False, id="no-host"),
        pytest.param("https://video.example.org/a b", False, id="space"),
        pytest.param("https://video.example.org/\r\nBcc: x", False, id="crlf"),
        pytest.param("https://vide\u043e.example.org/", False, id="look-alike"),
        pytest.param('https://video.example.org/"><script>', False, id="markup"),
        pytest.param("https://video.example.org:99999/", False, id="port"),
        pytest.param("https://[video.example.org/", False, id="bracket"),
        pytest.param("https://video.example.org/" + "a" * 2000, False, id="long"),
        pytest.param(None, False, id="none"),
    ],
)
def test_only_a_plain_https_link_is_followed(value: object, is_taken: bool) -> None:
    assert (https_url(value) is not None) is is_taken
