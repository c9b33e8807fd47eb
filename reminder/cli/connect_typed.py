"""What was typed after `reminder connect`, as fields of a connection."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from reminder.cli.errors import Exit, Stopped, Trouble

_REFERENCE = re.compile(r"(file|env):.+")
_NAME = re.compile(r"[a-z0-9-]{1,40}")


class AuthKind(StrEnum):
    """The kinds of credential."""

    NONE = "none"
    BEARER = "bearer"
    BASIC = "basic"
    CLIENT_CREDENTIALS = "client-credentials"
    SMART = "smart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The options of proving who we are, as they were typed."""

    auth: AuthKind | None = None
    token: str | None = None
    user: str | None = None
    password: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    private_key: str | None = None
    token_url: str | None = None
    scope: Sequence[str] = ()

    def fields(self) -> dict[str, Any]:
        """`auth` as reminder.toml has it; nothing where nothing was said.

        Raises:
            Stopped: a secret was typed instead of a reference to it, or what
                was given does not go together.
        """
        given = {name: value for name, value in self._given().items() if value}
        kind = self.auth or _kind_of(given)
        if kind is None:
            return {}
        _refuse_strangers(kind, given)
        for name in ("token", "password", "client_secret", "private_key"):
            if name in given:
                reference(f"--{name.replace('_', '-')}", given[name])
        return {"auth": {"kind": kind.value, **given}}

    def _given(self) -> dict[str, Any]:
        scopes: dict[str, Any] = {"scopes": list(self.scope)}
        if self.auth is AuthKind.CLIENT_CREDENTIALS or self.client_secret:
            scopes = {"scope": " ".join(self.scope)}
        return {
            "token": self.token,
            "user": self.user,
            "password": self.password,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "private_key": self.private_key,
            "token_url": self.token_url,
            **scopes,
        }


_TAKES = {
    AuthKind.NONE: frozenset[str](),
    AuthKind.BEARER: frozenset({"token"}),
    AuthKind.BASIC: frozenset({"user", "password"}),
    AuthKind.CLIENT_CREDENTIALS: frozenset(
        {"client_id", "client_secret", "token_url", "scope"}
    ),
    AuthKind.SMART: frozenset({"client_id", "private_key", "token_url", "scopes"}),
}
_TELLING = {
    "token": AuthKind.BEARER,
    "password": AuthKind.BASIC,
    "client_secret": AuthKind.CLIENT_CREDENTIALS,
    "private_key": AuthKind.SMART,
}


def _kind_of(given: dict[str, Any]) -> AuthKind | None:
    """The kind that what was given belongs to; None where nothing was."""
    if not given:
        return None
    for name, kind in _TELLING.items():
        if name in given:
            return kind
    raise wrong_use(
        "It is not clear how to prove who we are.",
        do="Add --auth with one of: " + ", ".join(AuthKind),
    )


def _refuse_strangers(kind: AuthKind, given: dict[str, Any]) -> None:
    strange = sorted(given.keys() - _TAKES[kind])
    if strange:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in strange)
        raise wrong_use(f"--auth {kind.value} has nothing to do with {options}.")


def reference(option: str, value: str) -> str:
    """The value, which must be a reference: a command line is no place for secrets.

    Raises:
        Stopped: it is none.
    """
    if _REFERENCE.fullmatch(value):
        return value
    raise wrong_use(
        "A secret does not belong on the command line.",
        place=option,
        why="Others see it there, and the shell remembers it.",
        do=f"Put it into a file and write: {option} file:NAME (or env:NAME).",
    )


def headers(typed: Sequence[str]) -> dict[str, str]:
    """`NAME=file:...` as a table of headers."""
    found: dict[str, str] = {}
    for each in typed:
        name, _, value = each.partition("=")
        if not name or not value:
            raise wrong_use("A header is written as NAME=file:NAME.", place="--header")
        found[name] = reference(f"--header {name}=", value)
    return found


def address(target: str) -> str | None:
    """The base URL that was typed; None where it is the name of a connection.

    What people copy beside it is taken off: a slash at the end, `/metadata`.

    Raises:
        Stopped: it is neither.
    """
    if target.lower().startswith(("https://", "http://")):
        return target.rstrip("/").removesuffix("/metadata").rstrip("/")
    if _NAME.fullmatch(target):
        return None
    if "://" in target:
        raise wrong_use("An EHR's address starts with https://.", place="the address")
    raise wrong_use(
        "An address starts with https://.",
        why="This is neither an address nor the name of a connection.",
        do="Write it as: reminder connect https://ehr.example.org/fhir",
    )


def wrong_use(what: str, *, place: str = "", why: str = "", do: str = "") -> Stopped:
    """What stops the command: it was typed in a way that cannot be meant."""
    return Stopped(Exit.WRONG_USE, Trouble(what, place, why, do))
