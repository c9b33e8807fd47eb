"""TOML of a sensible depth is read; what is deeper is refused at its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.rules.documents import DocumentError, parse_document
from reminder.rules.toml_text import read_toml
from reminder.settings.load import from_text
from reminder.settings.problems import SettingsError

SHAPES = {
    "arrays": lambda n: f"x = {'[' * n}{']' * n}",
    "inline tables": lambda n: f"x = {'{a = ' * n}1{'}' * n}",
    "a dotted key": lambda n: f"{'.'.join('a' * n)} = 1",
    "a header": lambda n: f"[{'.'.join('a' * n)}]",
}


@pytest.mark.parametrize("depth", [51, 300, 5000])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_ruleset_nested_too_deeply_is_refused_at_its_line(shape, depth):
    text = f'# one [ that counts not\nowner = "[[[["\n{shape(depth)}\n'

    with pytest.raises(DocumentError) as refused:
        parse_document(text, "harbor")

    (one,) = refused.value.remarks
    assert (one.problem, one.line) == ("nested too deeply", 3)
    assert one.advice


@pytest.mark.parametrize("depth", [300, 5000])
@pytest.mark.parametrize("shape", SHAPES)
def test_so_are_settings(tmp_path, shape, depth):
    text = f"\n{SHAPES[shape](depth)}"

    with pytest.raises(SettingsError) as refused:
        from_text(text, "reminder.toml", tmp_path)

    (one,) = refused.value.problems
    assert (one.sentence, one.line) == ("nested too deeply", 2)


@given(st.integers(0, 40))
def test_nobody_who_means_it_is_refused(depth):
    assert read_toml(SHAPES["arrays"](depth) if depth else "x = 1")["x"] is not None


def test_brackets_nobody_closes_are_refused_before_the_end_is_missed():
    with pytest.raises(DocumentError) as refused:
        parse_document("x =" + "[\n" * 5000, "harbor")

    (one,) = refused.value.remarks
    assert (one.problem, one.line) == ("nested too deeply", 50)
