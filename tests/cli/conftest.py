"""One outside for all commands, and a folder with settings for each test."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.cli.outside import Clinic, Outside, outside


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Commands set up the log; the next test starts from what was before."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


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
