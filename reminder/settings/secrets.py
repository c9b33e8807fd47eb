"""Resolves `file:` and `env:` references, and refuses secrets written in the file."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SECRET_KEY = re.compile(
    r"(?:^|_)(?:token|secret|password|ring|private_key|client_key)$"
)
_SECRET_HEADER = re.compile(r"auth|key|pass|secret|signature|token", re.IGNORECASE)
_PRIVATE_KEY = "PRIVATE KEY-----"


class SecretReferenceError(ValueError):
    """A secret that cannot be read; `location` says which setting, never its value."""

    def __init__(self, location: tuple[int | str, ...], problem: str) -> None:
        super().__init__(problem)
        self.location = location
        self.problem = problem


def resolve(
    tree: Any,  # noqa: ANN401 - whatever TOML can hold
    environment: Mapping[str, str],
    folder: Path,
    location: tuple[int | str, ...] = (),
) -> Any:  # noqa: ANN401
    """The same tree with every reference replaced by what it refers to.

    File names are relative to `folder`; one trailing line end is dropped.

    Raises:
        SecretReferenceError: a file or variable is missing, or a secret stands
            in the file itself.
    """
    if isinstance(tree, dict):
        return {
            key: resolve(value, environment, folder, (*location, key))
            for key, value in tree.items()
        }
    if isinstance(tree, list):
        return [
            resolve(value, environment, folder, (*location, place))
            for place, value in enumerate(tree)
        ]
    if isinstance(tree, str):
        return _resolve_text(tree, environment, folder, location)
    return tree


def _resolve_text(
    value: str,
    environment: Mapping[str, str],
    folder: Path,
    location: tuple[int | str, ...],
) -> str:
    kind, _, name = value.partition(":")
    if kind == "env":
        if name not in environment:
            raise SecretReferenceError(location, f"the variable {name} is not set")
        return environment[name]
    if kind == "file":
        try:
            return (folder / name).read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError):
            problem = f"the file {name} cannot be read"
            raise SecretReferenceError(location, problem) from None
    if _PRIVATE_KEY in value or _is_secret(location):
        problem = (
            'a secret does not belong in this file: write "file:NAME" or "env:NAME"'
        )
        raise SecretReferenceError(location, problem)
    return value


def _is_secret(location: tuple[int | str, ...]) -> bool:
    """Whether what stands there is one; some headers are, and say so by their names."""
    match location:
        case (*_, "headers", str(name)):
            return _SECRET_HEADER.search(name) is not None
        case (*_, name):
            return _SECRET_KEY.search(str(name)) is not None
        case _:
            return False
