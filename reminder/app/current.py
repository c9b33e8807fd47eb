"""The clinics with the rules that are in force, looked up again before each round."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from reminder.model.clinics import ClinicDirectory
from reminder.model.rulesets import RulesetVersion
from reminder.rules.in_force import with_rules_in_force


class Versions(Protocol):
    """Where the rulesets in force are kept."""

    async def versions_in_force(self) -> dict[str, int]:
        """The number of the published version of each owner that has one."""

    async def in_force(self) -> dict[str, RulesetVersion]:
        """The published version of each owner that has one."""


class CurrentClinics:
    """What the settings say of the clinics, with what was published of their rules.

    Called, it gives the directory as it was at the last `refresh`; one
    directory stays the same object for as long as nothing changes.
    """

    def __init__(self, facts: ClinicDirectory, versions: Versions) -> None:
        self._facts = facts
        self._versions = versions
        self._known: dict[str, int] | None = None
        self._directory = facts

    def __call__(self) -> ClinicDirectory:
        """The directory of the last refresh."""
        return self._directory

    async def refresh(self) -> bool:
        """Look up what is in force; whether that is not what it was."""
        if await self._versions.versions_in_force() == self._known:
            return False
        versions = await self._versions.in_force()
        self._known = {owner: version.version for owner, version in versions.items()}
        self._directory = directory_of(self._facts, versions)
        return True


def directory_of(
    facts: ClinicDirectory, versions: Mapping[str, RulesetVersion]
) -> ClinicDirectory:
    """The directory with these versions in force, and its fingerprint."""
    directory = with_rules_in_force(facts, versions)
    return replace(
        directory,
        fingerprint=fingerprint(directory),
        versions={owner: one.version for owner, one in versions.items()},
    )


def fingerprint(clinics: ClinicDirectory) -> str:
    """Changes whenever a clinic or its rules do, so that everyone is planned anew.

    It is the same in every process: sets, which are not, are written in order.
    """
    clinic_ids = sorted(clinics.clinics, key=lambda clinic: clinic.clinic_id)
    text = repr((_plain(clinic_ids), sorted(clinics.defaults.items())))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a clinic holds
    """The value with every set in it put in order."""
    if isinstance(value, frozenset):
        return sorted((_plain(one) for one in value), key=repr)
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if hasattr(value, "__dataclass_fields__"):
        return [
            type(value).__name__,
            *(
                (name, _plain(getattr(value, name)))
                for name in value.__dataclass_fields__
            ),
        ]
    return value
