import os
import shutil
import stat
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminder.settings.load import from_text
from reminder.settings.problems import SettingsError
from reminder.settings.writing import (
    connection_names,
    difference,
    placeholder,
    renamed,
    sample,
    with_connection,
    write,
)

NORTH = {"base_url": "https://north.example.org/fhir"}
SECRET = {"kind": "bearer", "token": "file:north-token"}


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_a_new_connection_comes_after_the_others_and_all_else_stays() -> None:
    text = with_connection(sample(), "north", NORTH | {"auth": SECRET})

    assert connection_names(text) == ("ehr", "north")
    added = [line for line in difference(sample(), text) if line.startswith("- ")]
    assert added == []
    read = tomllib.loads(text)
    assert read["connection"][1] == {"name": "north", **NORTH, "auth": SECRET}
    assert tomllib.loads(sample())["clinic"] == read["clinic"]


def test_it_can_be_used_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "north-token").write_text("t0ken\n")
    text = with_connection(sample(), "north", NORTH | {"auth": SECRET})

    loaded = from_text(text, "reminder.toml", tmp_path)

    assert [each.name for each in loaded.settings.connection] == ["ehr", "north"]


def test_of_a_known_connection_only_what_differs_is_changed() -> None:
    text = with_connection(
        sample(), "ehr", {"base_url": "https://ehr.example.org/fhir", "page_size": 50}
    )

    assert difference(sample(), text) == ["+ page_size = 50"]


def test_comments_and_order_are_kept_where_a_value_is_replaced() -> None:
    before = (
        '# first\n[[connection]]  # mine\nname = "a"\nbase_url = "x" # it\n# last\n'
    )

    after = with_connection(before, "a", {"base_url": "https://y"})

    assert after == before.replace('"x"', '"https://y"')


def test_what_is_none_is_taken_out() -> None:
    before = '[[connection]]\nname = "a"\nroster = ["Location/1"]\nstrict = false\n'

    after = with_connection(before, "a", {"roster": None})

    assert after == '[[connection]]\nname = "a"\nstrict = false\n'


def test_a_credential_written_as_a_table_of_its_own_is_replaced_as_a_whole() -> None:
    before = (
        '[[connection]]\nname = "a"\n\n  [connection.auth]\n  kind = "bearer"\n'
        '  token = "file:old"\n\n[[connection]]\nname = "b"\n'
    )

    after = with_connection(before, "a", {"auth": SECRET, "strict": False})

    first, second = tomllib.loads(after)["connection"]
    assert first == {"name": "a", "auth": SECRET, "strict": False}
    assert second == {"name": "b"}


def test_a_file_without_any_connection_gets_its_first() -> None:
    text = with_connection('public_url = "http://localhost"\n', "north", NORTH)

    assert tomllib.loads(text)["connection"] == [{"name": "north", **NORTH}]


def test_the_samples_own_connection_is_known_as_a_placeholder() -> None:
    assert placeholder(sample()) == "ehr"
    assert placeholder(with_connection(sample(), "ehr", NORTH)) is None


def test_a_connection_is_renamed_together_with_its_clinics() -> None:
    read = tomllib.loads(renamed(sample(), "ehr", "north"))

    assert [each["name"] for each in read["connection"]] == ["north"]
    assert [each["connection"] for each in read["clinic"]] == ["north"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('connection = "x"', id="a-word"),
        pytest.param("[connection]\nname = 'x'", id="one-table"),
        pytest.param("[[connection]", id="no-toml"),
        pytest.param("a = " + "[" * 3000, id="too-deep"),
    ],
)
def test_what_is_not_to_be_understood_is_not_touched(text: str) -> None:
    with pytest.raises(SettingsError):
        with_connection(text, "north", NORTH)


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20
)


@settings(deadline=None)  # TOML is slow where the machine is busy.
@given(
    fields=st.dictionaries(
        st.sampled_from(["base_url", "site_zone", "roster", "auth", "strict"]),
        WORDS
        | st.booleans()
        | st.lists(WORDS, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "token"]), WORDS),
    ),
    again=st.booleans(),
)
def test_whatever_is_written_is_read_back_the_same(fields: dict, again: bool) -> None:
    text = with_connection(sample(), "ehr" if again else "north", fields)

    connection = tomllib.loads(text)["connection"][0 if again else 1]
    assert {name: connection[name] for name in fields} == fields
    assert with_connection(text, "ehr" if again else "north", fields) == text


def test_a_file_is_replaced_at_once_and_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "reminder.toml"
    file.write_text(sample())
    file.chmod(0o640)

    write(file, with_connection(sample(), "ehr", NORTH))

    assert "north.example.org" in file.read_text()
    assert mode(file) == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["reminder.toml"]


def test_what_a_link_leads_to_is_replaced_and_not_the_link(tmp_path: Path) -> None:
    target, link = tmp_path / "real.toml", tmp_path / "reminder.toml"
    target.write_text(sample())
    link.symlink_to(target)

    write(link, with_connection(sample(), "ehr", NORTH))

    assert link.is_symlink()
    assert "north.example.org" in target.read_text()


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"base_url": "http://north.example.org/fhir"}, id="plain-http"),
        pytest.param({"auth": {"kind": "bearer", "token": "t0ken"}}, id="a-secret"),
        pytest.param({"auth": SECRET}, id="a-file-that-is-not-there"),
    ],
)
def test_settings_that_cannot_be_used_are_never_written(
    tmp_path: Path, fields: dict
) -> None:
    file = tmp_path / "reminder.toml"
    file.write_text(sample())

    with pytest.raises(SettingsError) as caught:
        write(file, with_connection(sample(), "ehr", fields))

    assert "t0ken" not in repr(caught.value.problems)
    assert file.read_text() == sample()
    assert [each.name for each in tmp_path.iterdir()] == ["reminder.toml"]


def test_a_new_file_can_be_read_by_others(tmp_path: Path) -> None:
    file = tmp_path / "reminder.toml"

    write(file, sample())

    assert mode(file) == 0o644


def test_a_file_keeps_its_ends_of_line(tmp_path: Path) -> None:
    file = tmp_path / "reminder.toml"
    file.write_bytes(sample().replace("\n", "\r\n").encode())

    write(file, with_connection(file.read_text(), "north", NORTH))

    written = file.read_bytes()
    assert b"north.example.org" in written
    assert written.count(b"\n") == written.count(b"\r\n")


@contextmanager
def nobody() -> Iterator[None]:
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


only_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to others")


@only_root
def test_a_file_keeps_its_owner_and_group(tmp_path: Path) -> None:
    file = tmp_path / "reminder.toml"
    file.write_text(sample())
    os.chown(file, 1234, 4321)
    file.chmod(0o640)

    write(file, with_connection(sample(), "ehr", NORTH))

    now = file.stat()
    assert "north.example.org" in file.read_text()
    assert (now.st_uid, now.st_gid, mode(file)) == (1234, 4321, 0o640)


@only_root
def test_a_file_whose_owner_would_change_is_left_alone() -> None:
    # Not below tmp_path, which nobody but its owner may enter.
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o777)
        file = folder / "reminder.toml"
        file.write_text(sample())
        file.chmod(0o644)

        with nobody(), pytest.raises(PermissionError):
            write(file, with_connection(sample(), "ehr", NORTH))

        assert file.read_text() == sample()
        assert [each.name for each in folder.iterdir()] == ["reminder.toml"]
    finally:
        shutil.rmtree(folder)
