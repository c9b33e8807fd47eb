"""Whose appointments are asked for where an EHR finds them by patient alone."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRRefused
from reminder.ehr.reading.instants import is_current
from reminder.ehr.reading.raw import Resource, as_resource, objects
from reminder.ehr.reading.references import Target, is_id, resolve
from reminder.ehr.wire.client import FHIRClient
from reminder.ehr.wire.outcomes import refused


class PatientLists:
    """The lists of one connection: a file, a Group of the EHR, or both."""

    def __init__(self, client: FHIRClient, config: EHRConfig) -> None:
        self._client = client
        self._file = config.patients_file
        self._group = config.patient_group

    async def with_configured(self, patient_ids: Sequence[str]) -> list[str]:
        """These and all of the lists, each once, in an order that stays.

        Raises:
            EHRRefused: a list cannot be read; the message says which, and where.
        """
        found = set(patient_ids)
        if self._file is not None:
            found.update(await asyncio.to_thread(_in_file, self._file))
        if self._group is not None:
            found.update(await self._in_group(self._group))
        return sorted(found)

    async def _in_group(self, reference: str) -> list[str]:
        about = "GET Group"
        answer = await self._client.get(self._client.url(reference), about=about)
        if answer.status != 200:
            raise refused(answer)
        group = as_resource(answer.parsed(), "Group")
        if group is None:
            raise EHRRefused(f"{about}: not a Group")
        found = _members(group, self._client)
        return list(found)


def _in_file(path: Path) -> list[str]:
    """The ids in the file: one a line, empty lines count for nothing."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise EHRRefused(f"patients_file {path}: {type(error).__name__}") from None
    except UnicodeDecodeError:
        raise EHRRefused(f"patients_file {path}: not UTF-8") from None
    ids = []
    for number, line in enumerate(lines, start=1):
        patient_id = line.strip().removeprefix("Patient/")
        if not patient_id:
            continue
        if not is_id(patient_id):
            raise EHRRefused(f"patients_file {path}, line {number}: no Patient id")
        ids.append(patient_id)
    return ids


def _members(group: Resource, client: FHIRClient) -> Iterator[str]:
    now = client.clock()
    for member in objects(group.get("member")):
        if member.get("inactive") is True or not is_current(member.get("period"), now):
            continue
        target = resolve(member.get("entity"), client.base_url)
        if isinstance(target, Target) and target.resource_type == "Patient":
            yield target.resource_id
