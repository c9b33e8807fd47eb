import pytest

from reminder.messages.specialties import specialties


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("Lakeside Oncology", ["Oncology"], id="specialty"),
        pytest.param("your CANCER screening", ["CANCER"], id="capitals"),
        pytest.param("Centro de Oncología", ["Oncología"], id="an-accent"),
        pytest.param("Clínica de salud\n mental", ["salud mental"], id="over-a-line"),
        pytest.param("HIV, STD and IVF", ["HIV", "STD", "IVF"], id="letters"),
        pytest.param("su quimioterapia", ["quimioterapia"], id="treatment"),
        pytest.param("Behavioral Health", ["Behavioral Health"], id="two-words"),
        pytest.param("Lakeside Family Medicine", [], id="family"),
        pytest.param("Springfield Children's Dental and Eye Care", [], id="common"),
        pytest.param("New hearing aids", [], id="hearing-aids"),
        pytest.param("Pine Street standard visit", [], id="a-word-inside-another"),
        pytest.param("your appointment is cancelled", [], id="cancelled"),
        pytest.param("ﬁrst ß İ visit", [], id="letters-that-grow"),
    ],
)
def test_what_somebody_is_treated_for_is_found(text: str, words: list[str]) -> None:
    assert [word for word, _ in specialties(text)] == words


def test_a_word_is_found_where_it_stands() -> None:
    text = "ﬁ İ: Oncología"

    assert [at for _, at in specialties(text)] == [text.index("Onco")]
