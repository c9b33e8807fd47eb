"""Knows the makes of EHR: what suits each, and what each cannot do, with sources."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from reminder.ehr.reading.raw import as_object
from reminder.ehr.reading.text import plain

_FILE = Path(__file__).with_name("profiles.toml")


class UnknownProfile(ValueError):
    """There is no profile of that name; the message lists those there are."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Limit(_Part):
    """One thing a make of EHR cannot do or does differently.

    Not `certain`: it was concluded or told, and should be asked of the vendor.
    """

    says: str
    source: str = Field(min_length=1)
    as_of: date
    certain: bool = True


class WantedHeader(Limit):
    """A header of its own that the EHR asks for."""

    name: str


class Profile(_Part):
    """One make of EHR. `defaults` are fields of `EHRConfig`."""

    name: str
    title: str
    aliases: tuple[str, ...] = ()
    software: tuple[str, ...]
    addresses: tuple[str, ...]
    defaults: dict[str, str | int | float | bool]
    header: tuple[WantedHeader, ...] = ()
    limit: tuple[Limit, ...]

    @property
    def search_plan(self) -> str:
        """The search plan that suits it, unless trials prove another."""
        return str(self.defaults["search_plan"])


def profiles() -> tuple[Profile, ...]:
    """Every profile, in the order of the file."""
    return tuple(_all().values())


def names() -> tuple[str, ...]:
    """The names by which profiles are chosen, without aliases."""
    return tuple(_all())


def profile(name: str) -> Profile:
    """The profile of that name or alias.

    Raises:
        UnknownProfile: there is none.
    """
    for each in profiles():
        if name == each.name or name in each.aliases:
            return each
    raise UnknownProfile(f"no such profile; there are: {', '.join(names())}")


def defaults(name: str) -> dict[str, object]:
    """What suits that make of EHR, as fields of `EHRConfig`, to be changed freely.

    Raises:
        UnknownProfile: there is none of that name.
    """
    return dict(profile(name).defaults)


def recognise(statement: Mapping[str, object], base_url: str) -> Profile | None:
    """Whose server this is, by its CapabilityStatement, then by its address.

    None when neither tells. `statement` may be empty, or hold anything.
    """
    software = as_object(statement.get("software"))
    for told in (software.get("name"), statement.get("publisher")):
        words = plain(told, 200).lower()
        for each in profiles():
            if any(re.search(rf"\b{word}\b", words) for word in each.software):
                return each
    parts = urlsplit(base_url.lower().rstrip("/"))
    for each in profiles():
        if any(_is_at(parts, pattern) for pattern in each.addresses):
            return each
    return None


def _is_at(parts: SplitResult, pattern: str) -> bool:
    host, _, path = pattern.partition("/")
    here = parts.path.removeprefix("/")
    return fnmatchcase(parts.hostname or "", host) and fnmatchcase(here, path or "*")


@cache
def _all() -> dict[str, Profile]:
    tables = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {
        name: Profile.model_validate({"name": name, **table})
        for name, table in tables.items()
    }
