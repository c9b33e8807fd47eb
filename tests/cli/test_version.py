from importlib.metadata import version

from typer.testing import CliRunner

from reminder.cli.main import app


def test_the_version_is_said() -> None:
    result = CliRunner().invoke(app, ["--version"])

    assert result.exit_code == 0
    assert result.stdout == f"reminder {version('reminder')}\n"
