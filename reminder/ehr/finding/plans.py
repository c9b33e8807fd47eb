"""Into which searches a stretch of time is cut, by the plan that suits the EHR."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from reminder.ehr.config import EHRConfig
from reminder.ehr.finding.bundles import id_lists
from reminder.ehr.finding.patient_lists import PatientLists
from reminder.ehr.reading.instants import instant_text
from reminder.ehr.reading.references import Target
from reminder.ehr.wire.client import FHIRClient, Params
from reminder.model.capabilities import SearchPlan
from reminder.model.readings import Window

_SHORTEST = timedelta(minutes=15)
_DAY = timedelta(days=1)
_PARAMETERS = {
    "Patient": "patient",
    "Practitioner": "practitioner",
    "Location": "location",
}
# What decides which windows there are, and what a search of one brings.
_CUT_BY = (
    "base_url",
    "search_plan",
    "roster",
    "roster_parameter",
    "patients_file",
    "patient_group",
    "actors_per_request",
    "longest_visit_h",
    "site_zone",
    "page_size",
)


class Plan:
    """The windows of one connection."""

    def __init__(self, client: FHIRClient, config: EHRConfig) -> None:
        self._config = config
        self._lists = PatientLists(client, config)

    async def windows(
        self, start: datetime, end: datetime, patient_ids: Sequence[str]
    ) -> list[Window]:
        """See `EHR.windows`."""
        if not start < end:
            raise ValueError("a stretch ends after it starts")
        match self._config.search_plan:
            case SearchPlan.BY_DATE:
                return self._days(start, end, [()])
            case SearchPlan.BY_ROSTER:
                return self._days(start, end, self._parted(self._config.roster))
            case SearchPlan.BY_PATIENT:
                wanted = await self._lists.with_configured(patient_ids)
                patients = [f"Patient/{id_}" for id_ in wanted]
                return [Window(start, end, of) for of in self._parted(patients)]
            case SearchPlan.BY_ID:
                return []

    def _parted(self, references: Sequence[str]) -> list[tuple[str, ...]]:
        """The references in lists for one search each."""
        parts = id_lists(references, self._config.actors_per_request)
        return [tuple(part) for part in parts]

    def _days(
        self, start: datetime, end: datetime, of: Sequence[tuple[str, ...]]
    ) -> list[Window]:
        return [
            Window(since, until, part)
            for since, until in days(start, end, self._config.site_zone)
            for part in of
        ]


def days(
    start: datetime, end: datetime, zone: str | None
) -> list[tuple[datetime, datetime]]:
    """[start, end), cut at every midnight of the zone; by default of UTC.

    The parts follow on each other without gap or overlap, whatever the zone
    does to its clocks; days of 23 and 25 hours, and missing ones, included.
    """
    cuts = sorted(set(_midnights(start, end, zone)))
    return list(pairwise([start, *cuts, end]))


def search_params(window: Window, config: EHRConfig) -> Params:
    """The search that finds what starts in the window, and for some EHRs more.

    Always both bounds, and full instants in Z: a bare date is read in the
    server's zone by some, in UTC by others. Rounded outwards to whole seconds.
    """
    until = window.end + timedelta(hours=config.longest_visit_h, microseconds=999_999)
    return [
        *_of(window.of, config),
        ("date", f"ge{instant_text(window.start)}"),
        ("date", f"lt{instant_text(until)}"),
        ("_count", str(config.page_size)),
    ]


def halves(window: Window, *, by_time: bool) -> tuple[Window, Window] | None:
    """The window in two, by time or by whose it is; None when it is too small."""
    if by_time and window.end - window.start > _SHORTEST:
        middle = window.start + (window.end - window.start) / 2
        return (
            Window(window.start, middle, window.of),
            Window(middle, window.end, window.of),
        )
    if len(window.of) > 1:
        half = len(window.of) // 2
        return (
            Window(window.start, window.end, window.of[:half]),
            Window(window.start, window.end, window.of[half:]),
        )
    return None


def plan_name(config: EHRConfig) -> str:
    """A name that changes with whatever the windows depend on."""
    plan = config.model_dump(mode="json", include=set(_CUT_BY))
    content = json.dumps(plan, sort_keys=True).encode()
    digest = hashlib.blake2b(content, digest_size=6).hexdigest()
    return f"{config.search_plan}-{digest}"


def _midnights(start: datetime, end: datetime, zone: str | None) -> Iterable[datetime]:
    tz = ZoneInfo(zone) if zone else UTC
    day: date = start.astimezone(tz).date() + _DAY
    while True:
        # Where a clock jumps over midnight, that is when the day begins; where
        # it strikes twice, the first counts.
        at = datetime.combine(day, time(), tz).astimezone(UTC)
        if at >= end:
            return
        yield at
        day += _DAY


def _of(of: Sequence[str], config: EHRConfig) -> Params:
    """One parameter for all, never beside another one: EHRs refuse that.

    A reference parameter takes both `17` and `Practitioner/17`. Where it can
    mean one type only, the EHRs that ask for a roster know the bare id alone
    (Oracle Health's and Epic's own examples); `actor` may mean any type, so
    that it must say which.
    """
    if not of:
        return []
    targets = [Target(*each.split("/", 1)) for each in of]
    parameter = _parameter(targets[0], config)
    if parameter == "actor":
        return [(parameter, ",".join(of))]
    return [(parameter, ",".join(each.resource_id for each in targets))]


def _parameter(target: Target, config: EHRConfig) -> str:
    own = _PARAMETERS.get(target.resource_type, "actor")
    if own == "patient" or config.roster_parameter is None:
        return own
    return config.roster_parameter
