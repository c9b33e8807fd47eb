"""Reads reminder.toml and the environment; every problem names setting and line."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

import pydantic_settings
from pydantic import BaseModel, ValidationError

from reminder.rules.toml_text import TOO_DEEP, NestedTooDeeply, read_toml
from reminder.settings.agree import disagreements
from reminder.settings.problems import PREFIX, Problem, SettingsError, Source
from reminder.settings.secrets import SecretReferenceError, resolve
from reminder.settings.tree import Settings
from reminder.transports import registry
from reminder.transports.errors import TransportError


@dataclass(frozen=True, slots=True)
class Loaded:
    """The tree, its transports' own settings, and the folder names are relative to."""

    settings: Settings
    transports: Mapping[str, BaseModel]
    folder: Path


def load(file: Path) -> Loaded:
    """The settings of `file`; `REMINDER_DATABASE__URL` and the like win over it.

    Raises:
        SettingsError: the file is missing or not TOML, or settings are wrong;
            all of them are named at once.
    """
    return from_text(_read(file), str(file), file.parent.resolve())


def from_text(text: str, name: str, folder: Path) -> Loaded:
    """As `load`, from TOML text; relative file names are relative to `folder`."""
    tree, source = _parse(text, name), Source(text, os.environ)
    try:
        tree = resolve(tree, os.environ, folder)
    except SecretReferenceError as error:
        problem = source.problem(error.location, error.problem)
        raise SettingsError(name, [problem]) from None
    return _validate(tree, source, name, folder)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        sentence = "cannot be read; `reminder init` writes one to start from"
        raise SettingsError(str(file), [Problem(str(file), None, sentence)]) from None


def _parse(text: str, name: str) -> dict[str, Any]:
    try:
        return read_toml(text)
    except NestedTooDeeply as error:
        raise SettingsError(name, [Problem("TOML", error.line, TOO_DEEP)]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(name, [Problem("TOML", None, str(error))]) from None


def _validate(tree: dict[str, Any], source: Source, name: str, folder: Path) -> Loaded:
    problems = list(_unknown_variables(source))
    try:
        settings = Settings(**tree)
    except ValidationError as error:
        problems += source.from_pydantic(error)
        raise SettingsError(name, problems) from None
    except pydantic_settings.SettingsError as error:
        problems.append(Problem("environment", None, str(error)))
        raise SettingsError(name, problems) from None
    transports: dict[str, BaseModel] = {}
    for transport in settings.transport:
        location = ("transport", transport)
        try:
            settings.lane(transport)
            config = registry.load(transport).Config
            transports[transport] = config.model_validate(
                _with_folder(config, settings.of_transport(transport), folder)
            )
        except TransportError as error:
            problems.append(source.problem(location, str(error)))
        except ValidationError as error:
            problems += source.from_pydantic(error, location)
    problems = problems or disagreements(settings, transports, source, folder)
    if problems:
        raise SettingsError(name, problems)
    return Loaded(_anchored(settings, folder), transports, folder)


def _unknown_variables(source: Source) -> Iterator[Problem]:
    """A variable that looks like a setting and is none is a slip of the pen."""
    known = {*Settings.model_fields, "config"}
    for variable in source.environment:
        first = variable.removeprefix(PREFIX).lower().partition("__")[0]
        if variable.startswith(PREFIX) and first not in known:
            yield Problem(variable, None, "there is no such setting")


def _with_folder(
    config: type[BaseModel], values: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """A transport's settings with file names below `folder`.

    Before they are validated: pydantic's FilePath would look for the file
    where the process happens to have been started.
    """
    paths = {
        name
        for name, field in config.model_fields.items()
        if _holds_path(field.annotation)
    }
    return {
        name: str(folder / value) if name in paths and isinstance(value, str) else value
        for name, value in values.items()
    }


def _holds_path(annotation: object) -> bool:
    return annotation is Path or any(map(_holds_path, get_args(annotation)))


_Part = TypeVar("_Part", bound=BaseModel)


def _anchored(part: _Part, folder: Path) -> _Part:
    """The same settings with every relative file name below `folder`.

    What holds no file name is left as it is: a copy of everything would count
    as written in the file.
    """
    found = {name: getattr(part, name) for name in type(part).model_fields}
    anchored = {name: _anchored_value(value, folder) for name, value in found.items()}
    changes = {name: one for name, one in anchored.items() if one != found[name]}
    return part.model_copy(update=changes) if changes else part


def _anchored_value(value: Any, folder: Path) -> Any:  # noqa: ANN401 - any field
    if isinstance(value, Path):
        return folder / value
    if isinstance(value, BaseModel):
        return _anchored(value, folder)
    if isinstance(value, tuple):
        return tuple(_anchored_value(each, folder) for each in value)
    return value
