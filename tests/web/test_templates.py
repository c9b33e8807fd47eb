"""A spoilt template is refused at start, by name, before a patient meets it."""

import shutil
from pathlib import Path

import pytest

from reminder.messages.render import TemplateError
from reminder.resources import bundled
from reminder.web.render import Pages
from tests.web.world import CLINIC


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the pages' templates to spoil."""
    return Path(shutil.copytree(bundled("templates") / "web", tmp_path / "web"))


def start(folder: Path) -> None:
    Pages(folder, base="", style_name="pages.css", clinics=(CLINIC,))


def test_our_own_pages_pass(folder: Path) -> None:
    start(folder)


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        pytest.param(
            "visits.html",
            '{% block title %}{{ _("Your',
            '{% block title %}{{ nmae }}{{ _("Your',
            "web/visits.html:7: 'nmae' is not defined here",
            id="undefined",
        ),
        pytest.param(
            "burned.html",
            "{% if page.unticked %}",
            "{% if page.unticked %}{{ nmae }}",
            "web/burned.html:3: 'nmae' is not defined here",
            id="undefined-in-a-branch-seldom-taken",
        ),
        pytest.param(
            "parts.html",
            "{% macro call_us() %}",
            "{% macro call_us() %}{{ nmae }}",
            "web/parts.html:",
            id="undefined-in-a-part",
        ),
        pytest.param(
            "contact.html",
            "{% endblock %}",
            "{% if %}{% endblock %}",
            "web/contact.html:",
            id="not-well-formed",
        ),
        pytest.param(
            "visits.html",
            "|day_and_time(",
            "|day_and_tiem(",
            ": there is no filter 'day_and_tiem'",
            id="unknown-filter-in-a-branch",
        ),
    ],
)
def test_a_page_that_cannot_be_filled_is_refused_at_start_and_named(
    folder: Path, file: str, old: str, new: str, expected: str
) -> None:
    before = folder.joinpath(file).read_text("utf-8")
    assert old in before
    folder.joinpath(file).write_text(before.replace(old, new, 1), "utf-8")

    with pytest.raises(TemplateError) as refused:
        start(folder)

    assert expected in str(refused.value)
