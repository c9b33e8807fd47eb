"""Reads reminder.toml and the environment; every problem names setting and line."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic_settings
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reminder.settings.lines import line_of
from reminder.settings.secrets import SecretReferenceError, resolve
from reminder.settings.tree import Settings
from reminder.transports.registry import UnknownTransport, load_transport


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
    settings: Settings | None = None
    try:
        settings = Settings(**tree)
    except ValidationError as error:
        problems += [_from_pydantic(text, (), details) for details in _details(error)]
    except pydantic_settings.SettingsError as error:
        problems.append(Problem("environment", None, str(error)))
    transports: dict[str, BaseModel] = {}
    for transport, values in (settings.transport if settings else {}).items():
        try:
            transports[transport] = load_transport(transport).Config.model_validate(
                values
            )
        except UnknownTransport as error:
            problems.append(_problem(text, ("transport", transport), str(error)))
        except ValidationError as error:
            problems += [
                _from_pydantic(text, ("transport", transport), details)
                for details in _details(error)
            ]
    if problems or settings is None:
        problems.sort(key=lambda problem: (problem.line or 0, problem.setting))
        raise SettingsError(name, problems)
    return Loaded(settings, transports, folder)


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
