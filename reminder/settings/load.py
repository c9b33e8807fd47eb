"""Reads reminder.toml and the environment; every problem names setting and line."""

import os
import ssl
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

import pydantic_settings
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reminder.model.people import Channel
from reminder.settings.lines import line_of
from reminder.settings.secrets import SecretReferenceError, resolve
from reminder.settings.tree import Settings
from reminder.transports import registry
from reminder.transports.errors import TransportError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: which setting, where, and what to write instead."""

    setting: str
    line: int | None
    sentence: str


class SettingsError(Exception):
    """The settings cannot be used; nothing was started."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        super().__init__(f"{file}: {len(problems)} problem(s)")
        self.file = file
        self.problems = tuple(problems)


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
    tree = _parse(text, name)
    try:
        tree = resolve(tree, os.environ, folder)
    except SecretReferenceError as error:
        problem = _problem(text, error.location, error.problem)
        raise SettingsError(name, [problem]) from None
    return _validate(tree, text, name, folder)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        sentence = "cannot be read; `reminder init` writes one to start from"
        raise SettingsError(str(file), [Problem(str(file), None, sentence)]) from None


def _parse(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(name, [Problem("TOML", None, str(error))]) from None


def _validate(tree: dict[str, Any], text: str, name: str, folder: Path) -> Loaded:
    problems: list[Problem] = []
    try:
        settings = Settings(**tree)
    except ValidationError as error:
        problems = [_from_pydantic(text, (), details) for details in _details(error)]
        raise SettingsError(name, _sorted(problems)) from None
    except pydantic_settings.SettingsError as error:
        problem = Problem("environment", None, str(error))
        raise SettingsError(name, [problem]) from None
    transports: dict[str, BaseModel] = {}
    for transport, values in settings.transport.items():
        location = ("transport", transport)
        try:
            config = registry.load(transport).Config
            transports[transport] = config.model_validate(
                _with_folder(config, values, folder)
            )
        except TransportError as error:
            problems.append(_problem(text, location, str(error)))
        except ValidationError as error:
            problems += [
                _from_pydantic(text, location, details) for details in _details(error)
            ]
    problems = problems or [
        *_rival_transports(settings, text),
        *_unreachable_channels(settings, text),
        *_unusable_bundles(settings, transports, text, folder),
    ]
    if problems:
        raise SettingsError(name, _sorted(problems))
    return Loaded(_anchored(settings, folder), transports, folder)


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
    """The same settings with every relative file name below `folder`."""
    changes = {
        name: _anchored_value(getattr(part, name), folder)
        for name in type(part).model_fields
    }
    return part.model_copy(update=changes)


def _anchored_value(value: Any, folder: Path) -> Any:  # noqa: ANN401 - any field
    if isinstance(value, Path):
        return folder / value
    if isinstance(value, BaseModel):
        return _anchored(value, folder)
    if isinstance(value, tuple):
        return tuple(_anchored_value(each, folder) for each in value)
    return value


def _rival_transports(settings: Settings, text: str) -> list[Problem]:
    """Of two ways out for one channel nobody could say which is taken."""
    first: dict[Channel, str] = {}
    problems = []
    for name in settings.transport:
        channel = registry.load(name).channel
        other = first.setdefault(channel, name)
        if other != name:
            sentence = f"{other} is for {channel.value} already"
            problems.append(_problem(text, ("transport", name), sentence))
    return problems


def _unusable_bundles(
    settings: Settings, transports: Mapping[str, BaseModel], text: str, folder: Path
) -> list[Problem]:
    """Authorities nobody can load would stop every connection, one by one."""
    parts: list[tuple[tuple[int | str, ...], BaseModel]] = [
        (("connection", place), part) for place, part in enumerate(settings.connection)
    ]
    parts += [(("transport", name), part) for name, part in transports.items()]
    problems = []
    for location, part in parts:
        bundle = getattr(part, "ca_bundle", None)
        if isinstance(bundle, Path) and (sentence := _unusable(folder / bundle)):
            problems.append(_problem(text, (*location, "ca_bundle"), sentence))
    return problems


def _unusable(bundle: Path) -> str | None:
    try:
        ssl.create_default_context(cafile=bundle)
    except ssl.SSLError:
        return "the file holds no certificates in PEM"
    except OSError:
        return "the file cannot be read"
    return None


def _unreachable_channels(settings: Settings, text: str) -> list[Problem]:
    """A step whose channel has no transport would wait until it is worth nothing."""
    channels = {registry.load(name).channel for name in settings.transport}
    return [
        _problem(
            text,
            ("clinic", i, "rule", j, "steps", k, "channels"),
            f"no [transport.…] is set up for {channel.value}",
        )
        for i, clinic in enumerate(settings.clinic)
        for j, rule in enumerate(clinic.rule)
        for k, step in enumerate(rule.steps)
        for channel in step.channels
        if channel not in channels
    ]


def _sorted(problems: Sequence[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.setting))


def _details(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_context=False, include_input=False)


def _from_pydantic(
    text: str, prefix: tuple[int | str, ...], details: ErrorDetails
) -> Problem:
    sentence = details["msg"].removeprefix("Value error, ")
    return _problem(text, (*prefix, *details["loc"]), sentence)


def _problem(text: str, location: tuple[int | str, ...], sentence: str) -> Problem:
    setting = ".".join(str(part) for part in location) or "reminder.toml"
    return Problem(setting, line_of(text, location), sentence)
