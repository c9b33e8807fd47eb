"""The real templates, compiled once for all tests of this room."""

import pytest

from reminder.messages.render import Renderer
from reminder.resources import bundled


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    return Renderer(bundled("templates"))
