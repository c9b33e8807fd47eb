"""Reads Patients, and for the young the RelatedPersons who may be told instead."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from reminder.ehr.capabilities import CapabilityCache
from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRRefused
from reminder.ehr.finding.bundles import listed, search
from reminder.ehr.finding.lists import Lists
from reminder.ehr.finding.pages import Page
from reminder.ehr.finding.survivors import MOST_HOPS, merged, unread
from reminder.ehr.reading.entries import Entry
from reminder.ehr.reading.patients import (
    Former,
    Reader,
    Relative,
    read_guardian,
    read_patient,
)
from reminder.ehr.reading.raw import Resource, as_resource
from reminder.ehr.wire.client import FHIRClient
from reminder.model.clock import Clock
from reminder.model.people import ContactPoint, Guardian, Patient, full_birth_date
from reminder.model.readings import PatientReadings, Unreadable

_T = TypeVar("_T")

_PATIENT = "Patient"

# Nobody is a minor at this age anywhere, and most patients are older: asking
# for their relatives would double the requests.
_SURELY_OF_AGE = timedelta(days=25 * 366)


class PeopleSearch:
    """Reads people of one connection by the ids of their Patients."""

    def __init__(
        self,
        client: FHIRClient,
        config: EHRConfig,
        reader: Reader,
        capabilities: CapabilityCache,
        *,
        clock: Clock,
    ) -> None:
        self._client = client
        self._config = config
        self._reader = reader
        self._capabilities = capabilities
        self._clock = clock
        at_most = config.ids_per_request
        self._patient_lists = Lists(self._patients, at_most=at_most)
        self._relative_lists = Lists(self._related_persons, at_most=at_most)

    async def by_ids(self, ids: Sequence[str]) -> PatientReadings:
        """See `EHR.patients`."""
        now = self._clock()
        known, unreadable = await self._records(ids, now)
        patients = {
            id_: merged(known[id_], known) for id_ in dict.fromkeys(ids) if id_ in known
        }
        young = {
            each.survivor_id or id_
            for id_, each in patients.items()
            if _may_be_minor(each, now.date())
        }
        relatives = await self._relatives(sorted(young), now) if young else []
        unreadable += [each for each in relatives if isinstance(each, Unreadable)]
        told = (
            replace(each, guardians=_guardians(each, relatives, young))
            for each in patients.values()
        )
        return PatientReadings(tuple(told), tuple(dict.fromkeys(unreadable)))

    async def _records(
        self, ids: Sequence[str], now: datetime
    ) -> tuple[dict[str, Patient], list[Unreadable]]:
        """The Patients, those that took their place, and what of both is unreadable."""
        known: dict[str, Patient] = {}
        unreadable: list[Unreadable] = []
        asked, wanted = set[str](), list(ids)
        for _ in range(MOST_HOPS + 1):
            asked.update(wanted)
            read = await _read(
                self._patient_lists,
                wanted,
                lambda each: read_patient(each, self._reader, now=now),
            )
            patients = [each for each in read if isinstance(each, Patient)]
            unreadable += [each for each in read if isinstance(each, Unreadable)]
            known |= {each.key.patient_id: each for each in patients}
            wanted = unread(known.values(), asked)
            if not wanted:
                break
        return known, unreadable

    async def _relatives(
        self, patient_ids: Sequence[str], now: datetime
    ) -> Sequence[Relative | Unreadable | None]:
        if not (await self._capabilities.get()).related_persons:
            return []
        try:
            return await _read(
                self._relative_lists,
                patient_ids,
                lambda each: read_guardian(each, self._reader, now=now),
            )
        except EHRRefused:
            # Without the permission a minor has only contacts, or no guardian
            # at all, which the plan says aloud; everybody else must be told.
            return []

    async def _patients(self, ids: Sequence[str]) -> Page:
        """Patients by id: each that a search does not bring, for itself."""
        page = await listed(
            self._client, _PATIENT, ids, max_pages=self._config.max_pages
        )
        came = {str(entry.resource_id) for entry in page.entries}
        alone = [self._patient(id_) for id_ in ids if id_ not in came]
        more = [entry for entry in await asyncio.gather(*alone) if entry is not None]
        return replace(page, entries=(*page.entries, *more))

    async def _patient(self, patient_id: str) -> Entry | None:
        """None where it is gone, or nobody here may read it."""
        about, url = f"GET {_PATIENT}", self._client.url(f"{_PATIENT}/{patient_id}")
        try:
            answer = await self._client.get(url, about=about)
            resource = as_resource(answer.parsed(), _PATIENT)
        except EHRRefused:
            return None
        if answer.status != 200 or resource is None:
            return None
        return Entry(0, answer.body, None, _PATIENT, patient_id)

    async def _related_persons(self, patient_ids: Sequence[str]) -> Page:
        return await search(
            self._client,
            "RelatedPerson",
            [
                ("patient", ",".join(patient_ids)),
                ("_count", str(self._config.page_size)),
            ],
            max_pages=self._config.max_pages,
        )


async def _read(
    lists: Lists, ids: Sequence[str], read: Callable[[Resource], _T]
) -> list[_T | Unreadable]:
    answers: list[_T | Unreadable] = []
    for page in await lists.read(ids):
        answers += await asyncio.to_thread(_each, read, page)
        answers += page.broken
    return answers


def _each(read: Callable[[Resource], _T], page: Page) -> list[_T]:
    return [read(resource) for resource in page.matches]


def _may_be_minor(patient: Patient, today: date) -> bool:
    if patient.deceased:
        return False
    born_on = full_birth_date(patient)
    return born_on is None or today - born_on < _SURELY_OF_AGE


def _guardians(
    patient: Patient,
    relatives: Sequence[Relative | Unreadable | None],
    young: Collection[str],
) -> tuple[Guardian, ...]:
    """The RelatedPersons, who are on record for this; then the contacts."""
    patient_id = patient.survivor_id or patient.key.patient_id
    if patient_id not in young:
        return ()
    own: dict[str, Guardian] = {}
    former: set[ContactPoint] = set()
    for each in relatives:
        if isinstance(each, Former) and each.patient_id == patient_id:
            former.update(each.contact_points)
        elif isinstance(each, tuple) and each[0] == patient_id:
            own[each[1].related_person_id] = each[1]
    contacts = (
        replace(
            contact,
            contact_points=tuple(
                point for point in contact.contact_points if point not in former
            ),
        )
        for contact in patient.guardians
    )
    return (*own.values(), *contacts)
