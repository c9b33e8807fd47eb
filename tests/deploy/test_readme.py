"""What the README shows is checked like code."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from reminder.cli.main import app
from reminder.settings.load import from_text

TOP = Path(__file__).parents[2]
README = (TOP / "README.md").read_text("utf-8")


def test_the_ten_lines_for_ones_own_ehr_are_valid_settings(tmp_path: Path) -> None:
    (tmp_path / "ehr-token").write_text("secret")
    found = re.search(r"```toml\n(.+?)```", README, re.DOTALL)
    assert found is not None

    loaded = from_text(found[1], "README.md", tmp_path)

    assert loaded.settings.clinic[0].rule[0].steps[0].id == "week"


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        *sorted(str(page.relative_to(TOP)) for page in (TOP / "docs").glob("*.md")),
    ],
)
def test_every_file_a_page_points_at_exists(page: str) -> None:
    text = (TOP / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in target:
            assert ((TOP / page).parent / target).exists(), target


def test_every_command_a_page_names_exists() -> None:
    known = set(get_command(app).commands)
    pages = [README, *(p.read_text("utf-8") for p in (TOP / "docs").glob("*.md"))]
    commands = {
        word for text in pages for word in re.findall(r"`reminder ([a-z]+)[^`]*`", text)
    }

    assert commands
    assert commands <= known
