"""One outside for all commands, and a folder with settings for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.outside import Clinic, Outside, outside


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    """The outside."""
    with outside(tmp_path_factory.mktemp("outside")) as running:
        yield running


@pytest.fixture
def clinic(tmp_path: Path, world: Outside) -> Clinic:
    """A folder with the settings of the clinic."""
    made = Clinic(tmp_path, world)
    made.file.write_text(world.settings())
    world.mails()
    return made
