import stat
from pathlib import Path

from reminder.resources import bundled
from reminder.store.keyring import KeyRing
from tests.cli.outside import typed


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_it_writes_commented_settings_and_keys_only_their_owner_reads(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "new" / "clinic"

    result = typed("init", str(folder))

    settings, keys = folder / "reminder.toml", folder / "keys.json"
    sample = bundled("templates") / "settings" / "reminder.toml"
    assert result.exit_code == 0
    assert settings.read_bytes() == sample.read_bytes()
    assert mode(keys) == 0o600
    assert KeyRing.load(keys).check
    assert f"Wrote {settings}\n" in result.stdout
    assert "reminder sync --once" in result.stdout


def test_it_writes_nothing_over_what_is_there(tmp_path: Path) -> None:
    settings = tmp_path / "reminder.toml"
    settings.write_text("precious")

    result = typed("init", str(tmp_path))

    assert result.exit_code == 5
    assert result.stderr.splitlines() == [
        "Nothing was written.",
        f"  where  {settings}",
        "  why    It is already there, and may hold what somebody needs.",
        "  do     Name another folder, or move it away.",
    ]
    assert settings.read_text() == "precious"
    assert not (tmp_path / "keys.json").exists()


def test_keys_that_are_there_are_kept(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    KeyRing.create(keys)
    before = keys.read_bytes()

    result = typed("init", str(tmp_path))

    assert result.exit_code == 0
    assert keys.read_bytes() == before
    assert "keys.json" not in result.stdout


def test_what_it_wrote_can_be_used_as_it_is(tmp_path: Path) -> None:
    typed("init", str(tmp_path))

    result = typed("worklist", "--config", str(tmp_path / "reminder.toml"))

    assert result.exit_code == 0


def test_where_no_folder_can_be_made_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    result = typed("init", str(tmp_path / "file" / "folder"))

    assert result.exit_code == 4
    assert result.stderr.startswith("The system refused.\n")
    assert "  why    Not a directory" in result.stderr
