"""Writes a connection into reminder.toml; all else stays as somebody wrote it."""

import difflib
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array, InlineTable, Table

from reminder.resources import bundled
from reminder.settings.load import Loaded, from_text
from reminder.settings.problems import Problem, SettingsError

PLACEHOLDER_URL = "https://ehr.example.org/fhir"
"""What the sample says where somebody's EHR should stand."""

_NEW_MODE = 0o644

Fields = Mapping[str, Any]


def sample() -> str:
    """The settings that `reminder init` writes."""
    return (bundled("templates") / "settings" / "reminder.toml").read_text("utf-8")


def connection_names(text: str) -> tuple[str, ...]:
    """The names of the connections in the text, in its order."""
    return tuple(str(each.get("name")) for each in _connections(_parsed(text)))


def placeholder(text: str) -> str | None:
    """The name of the connection that is still the sample's; None without one."""
    for each in _connections(_parsed(text)):
        if str(each.get("base_url")) == PLACEHOLDER_URL:
            return str(each.get("name"))
    return None


def with_connection(text: str, name: str, fields: Fields) -> str:
    """The text with these fields on the connection of that name.

    It is added after the last one if there is none of that name; what it says
    beside `fields` is kept, and so are comments and the order of things.

    Raises:
        SettingsError: the text is no TOML, or `connection` is no list of tables.
    """
    document = _parsed(text)
    table = next((t for t in _connections(document) if t.get("name") == name), None)
    new = table is None
    if table is None:
        table = tomlkit.table()
        table.add("name", name)
    for key, value in fields.items():
        _set(table, key, value)
    if new:
        table.add(tomlkit.nl())
        _append(document, table)
    return tomlkit.dumps(document)


def renamed(text: str, before: str, after: str) -> str:
    """The text with a connection, and what its clinics call it, by another name."""
    document = _parsed(text)
    for each in _connections(document):
        if each.get("name") == before:
            each["name"] = after
    clinics = document.get("clinic")
    for each in clinics.body if isinstance(clinics, AoT) else []:
        if each.get("connection") == before:
            each["connection"] = after
    return tomlkit.dumps(document)


def difference(before: str, after: str) -> list[str]:
    """The lines that go (`- `) and come (`+ `), in their order."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line.rstrip() for line in lines if line.startswith(("- ", "+ "))]


def write(file: Path, text: str) -> Loaded:
    """Put the text in the file's place, all at once, if it can be used.

    The file keeps its owner, group, mode and ends of line; where it is a link,
    what it leads to is replaced.

    Raises:
        SettingsError: it cannot be used; the file is as it was.
        OSError: the folder cannot be written to, or a file there cannot be given
            the owner and group of this one; the file is as it was.
    """
    loaded = from_text(text, str(file), file.parent.resolve())
    target = file.resolve()
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline=_newline(target)) as new:
            new.write(text.replace("\r\n", "\n"))
            new.flush()
            os.fsync(new.fileno())
        _as_owned(Path(temporary), target)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return loaded


def _newline(target: Path) -> str:
    """How the first line there ends."""
    if not target.exists():
        return "\n"
    with target.open("rb") as before:
        return "\r\n" if before.readline().endswith(b"\r\n") else "\n"


def _as_owned(new: Path, target: Path) -> None:
    """Let the same people read the new file as read the one it replaces."""
    if not target.exists():
        new.chmod(_NEW_MODE)
        return
    before, now = target.stat(), new.stat()
    if (before.st_uid, before.st_gid) != (now.st_uid, now.st_gid):
        os.chown(new, before.st_uid, before.st_gid)
    new.chmod(before.st_mode & 0o777)


def _parsed(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except (TOMLKitError, RecursionError) as error:
        problem = Problem("TOML", getattr(error, "line", None), "this is no TOML")
        raise SettingsError("reminder.toml", [problem]) from None


def _connections(document: tomlkit.TOMLDocument) -> list[Table]:
    found = document.get("connection")
    if found is None:
        return []
    if not isinstance(found, AoT):
        problem = Problem("connection", None, "write each as [[connection]]")
        raise SettingsError("reminder.toml", [problem])
    return list(found.body)


def _append(document: tomlkit.TOMLDocument, table: Table) -> None:
    existing = document.get("connection")
    if isinstance(existing, AoT):
        existing.append(table)
        return
    tables = tomlkit.aot()
    tables.append(table)
    document.append("connection", tables)


def _set(table: Table, key: str, value: object) -> None:
    if value is None:
        table.pop(key, None)
        return
    if _plain(table.get(key)) == value:
        return
    table[key] = _item(value)


def _plain(item: object) -> object:
    return item.unwrap() if hasattr(item, "unwrap") else item


def _item(value: object) -> object:
    if isinstance(value, Mapping):
        return _inline(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _array(value)
    return value


def _inline(value: Mapping[str, object]) -> InlineTable:
    table = tomlkit.inline_table()
    for key, each in value.items():
        table.append(key, _item(each))
    return table


def _array(value: Sequence[object]) -> Array:
    array = tomlkit.array()
    for each in value:
        array.append(_item(each))
    return array
