"""The real templates, compiled once for all tests of this room."""

import pytest
from hypothesis import settings

from reminder.messages.render import Renderer
from reminder.resources import bundled

# How long one example takes says nothing here: the machine may be busy.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    return Renderer(bundled("templates"))
