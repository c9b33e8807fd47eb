"""What the transports' tests may ask for: an authority, and a port where nobody is."""

import socket
from collections.abc import Iterator

import pytest

from tests.servers.certificates import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whom the transports under test trust."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port that is taken, but where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
