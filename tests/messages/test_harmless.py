import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.messages.harmless import (
    NAME,
    PROSE,
    harmless,
    harmless_prose,
    harmless_url,
    one_line,
)
from tests.messages.hostile import HOSTILE, REAL
from tests.messages.reading import links

HOSTILE_NAMES = pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)


@pytest.mark.parametrize("name", REAL)
def test_a_real_name_stays_as_it_is_spelled(name: str) -> None:
    assert harmless(name) == unicodedata.normalize("NFC", name)


def assert_harmless(text: str) -> None:
    assert len(text) <= NAME
    assert text == " ".join(text.split())
    assert not set(text) & set('<>"=?@:{}[]|`$%\\_^~*!;')
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in text)
    assert links(text) == []


@HOSTILE_NAMES
def test_a_hostile_name_comes_out_harmless(name: str) -> None:
    assert_harmless(harmless(name))


@given(st.text(max_size=300))
def test_any_text_comes_out_harmless_and_a_second_time_the_same(text: str) -> None:
    once = harmless(text)

    assert_harmless(once)
    assert harmless(once) == once


@given(
    st.lists(
        st.sampled_from(
            ["evil", ".", "com", "/", "@", ":", "www", "9", "555-", "é", " ", "\u200b"]
        ),
        max_size=30,
    ).map("".join)
)
def test_no_arrangement_of_the_parts_of_a_link_makes_one(text: str) -> None:
    assert links(harmless(text)) == []


@pytest.mark.parametrize("name", ["evil.example", "J.R.R. Tolkien"])
def test_a_dot_inside_a_word_gets_a_space(name: str) -> None:
    assert harmless(name) == name.replace(".", ". ").replace("  ", " ")


def test_what_is_too_long_says_so() -> None:
    assert harmless("A" * 100, 10) == "AAAAAAAAA…"


def test_an_address_keeps_its_numbers() -> None:
    address = "1200 N. Lake Shore Dr., Apt. 4/5, Springfield, IL 62701-1234"

    assert harmless(address, 160, digits=True) == address


@pytest.mark.parametrize("text", ["...", "- -", "()", "\U0001f600"])
def test_a_name_without_a_letter_is_none(text: str) -> None:
    assert harmless(text) == ""


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param(
            "Arrive at 7:45 AM; no food after 10:00 PM! OK?",
            "Arrive at 7:45 AM; no food after 10:00 PM! OK?",
            id="sentences-and-times",
        ),
        pytest.param("¿Toma 81 mg? ¡Sí!", "¿Toma 81 mg? ¡Sí!", id="spanish"),
        pytest.param("Bring:\n- card\r\n- list", "Bring: - card - list", id="lines"),
        pytest.param("See evil.example/x", "See evil. example/x", id="a-domain"),
        pytest.param("https://evil.example", "https: evil. example", id="a-link"),
        pytest.param("mailto:x@evil.example", "mailto: x evil. example", id="mail"),
        pytest.param("Call +1 (900) 555-0100 now", "Call … now", id="a-telephone"),
        pytest.param("Room 1200, 2nd floor", "Room 1200, 2nd floor", id="numbers"),
        pytest.param("<b>Fast</b> & {{ wait }}", "b Fast /b & wait", id="markup"),
        pytest.param("?!", "", id="no-letter"),
    ],
)
def test_instructions_keep_their_sentences_and_lose_links(text: str, kept: str) -> None:
    assert harmless_prose(text) == kept


@given(
    st.one_of(
        st.text(max_size=700),
        st.lists(
            st.sampled_from(
                ["evil", ".", "com", "/", "@", ":", "www", "9", "555-", " ", "\u200b"]
            ),
            max_size=40,
        ).map("".join),
    )
)
def test_no_instructions_make_a_link_and_a_second_time_they_are_the_same(
    text: str,
) -> None:
    once = harmless_prose(text)

    assert len(once) <= PROSE
    assert once == " ".join(once.split())
    assert not set(once) & set('<>"=@{}[]|`$\\_^~*')
    assert links(once) == []
    assert harmless_prose(once) == once


@HOSTILE_NAMES
def test_hostile_instructions_come_out_harmless(name: str) -> None:
    assert links(harmless_prose(name)) == []
    assert len(harmless_prose(name)) <= PROSE


@HOSTILE_NAMES
def test_one_line_is_one_line_and_no_encoded_word(name: str) -> None:
    line = one_line(name)

    assert len(line) <= NAME
    assert line.splitlines() in ([], [line])
    assert "=?" not in line
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in line)


def test_one_line_leaves_the_clinics_own_words_alone() -> None:
    assert one_line("St. Mary's @ Care.com: 24/7!") == "St. Mary's @ Care.com: 24/7!"


@pytest.mark.parametrize(
    "url",
    [
        "https://video.example.org/room/8123?pwd=a%20b&x=1#t",
        "https://video.example.org:8443/",
    ],
)
def test_a_plain_https_link_is_kept(url: str) -> None:
    assert harmless_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "http://video.example.org/",
        "javascript:alert(1)",
        "https://",
        "https://video.example.org/a b",
        "https://video.example.org/\r\nBcc: x",
        "https://video.example.org@evil.example/",
        "https://evil.example\\@video.example.org/",
        'https://video.example.org/"onclick="x',
        "https://video.example.org/<b>",
        "https://v\u0456deo.example.org/",
        "https://video.example.org/\u202etxt",
        "https://[::1/",
        "https://video.example.org/" + "a" * 2000,
    ],
)
def test_any_other_link_is_not_shown(url: str | None) -> None:
    assert harmless_url(url) is None
