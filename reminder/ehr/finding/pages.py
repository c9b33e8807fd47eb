"""Takes one page of a search apart, entry by entry, and finds what it admits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reminder.ehr.errors import EHRRefused
from reminder.ehr.finding.notices import Notice, notice
from reminder.ehr.reading.entries import Entry, full_urls, opened
from reminder.ehr.reading.instants import instant
from reminder.ehr.reading.raw import Resource
from reminder.ehr.reading.references import Target
from reminder.ehr.wire.http import Answer
from reminder.ehr.wire.outcomes import refused
from reminder.model.readings import Unreadable

_MODES = frozenset({"match", "include", "outcome"})
_COUNT = re.compile(r"[?&]_count=(\d{1,6})(?:&|$)")


class SearchRefused(EHRRefused):
    """The server does not do this search; `status` is how it said so."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class TooMuch(SearchRefused):
    """The search would bring more than the server gives, or than we follow."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search, in which everything is still as the server sent it.

    `entries` are those of the type asked for, `broken` the ones that are not;
    `everything` holds what was included as well. `asked_at` is when the first
    page of this search was asked for (UTC), `served_at` the server's own time.
    `total` is how many the server says there are on all pages, `count` how
    many it says it puts on one, `size` how many entries this one has. A
    `next_link` without a URL is empty.
    """

    entries: tuple[Entry, ...] = field(repr=False)
    asked_at: datetime
    broken: tuple[Unreadable, ...] = ()
    everything: tuple[Entry, ...] = field(default=(), repr=False)
    notice: Notice = Notice()
    served_at: datetime | None = None
    next_link: str | None = field(default=None, repr=False)
    total: int | None = None
    count: int | None = None
    size: int = 0

    @property
    def matches(self) -> tuple[Resource, ...]:
        """The resources of the type asked for, parsed anew each time."""
        parsed = (entry.resource() for entry in self.entries)
        return tuple(resource for resource in parsed if resource is not None)

    @property
    def full_urls(self) -> Mapping[str, Target]:
        """What each `urn:` of this page stands for."""
        return full_urls(self.everything)


def read_page(answer: Answer, resource_type: str, asked_at: datetime) -> Page:
    """One page as it came.

    Raises:
        EHRRefused: it is none.
    """
    if answer.status != 200:
        raise refusal(answer)
    bundle, entries = opened(answer)
    matches: list[Entry] = []
    broken: list[Unreadable] = []
    said = Notice()
    for entry in entries:
        if entry.problem is None and entry.resource_type == resource_type:
            matches.append(entry)
        elif (mode := _mode(entry)) == "match":
            broken.append(_broken(entry, resource_type))
        elif mode == "outcome":
            said |= notice(entry.resource())
    total = bundle.get("total")
    return Page(
        tuple(matches),
        asked_at,
        tuple(broken),
        tuple(entries),
        said,
        _served_at(answer, bundle),
        _link(bundle, "next", answer.about),
        total if isinstance(total, int) else None,
        _count(_link(bundle, "self", answer.about)),
        len(entries),
    )


def refusal(answer: Answer) -> SearchRefused:
    """What to raise for an answer to a search that is no page."""
    message = str(refused(answer))
    try:
        too_much = notice(answer.parsed()).too_much
    except EHRRefused:
        too_much = False
    kind = TooMuch if too_much or answer.status == 413 else SearchRefused
    return kind(message, answer.status)


def _mode(entry: Entry) -> str:
    if isinstance(entry.mode, str) and entry.mode in _MODES:
        return entry.mode
    return "outcome" if entry.resource_type == "OperationOutcome" else "match"


def _broken(entry: Entry, resource_type: str) -> Unreadable:
    """What to say of an entry that is no resource of the type asked for."""
    path = f"Bundle.entry[{entry.number}]"
    if entry.problem == "not-an-object":
        return _nameless(entry, resource_type, path, entry.problem)
    if entry.problem is not None:
        return _nameless(entry, resource_type, f"{path}.resource", entry.problem)
    found = entry.resource_type
    named = isinstance(found, str) and re.fullmatch("[A-Z][A-Za-z]{1,60}", found)
    return _nameless(
        entry,
        str(found) if named else "Resource",
        f"{path}.resource",
        "unexpected-resource-type",
    )


def _nameless(entry: Entry, kind: str, path: str, problem: str) -> Unreadable:
    return Unreadable(kind, None, path, problem, entry.fingerprint())


def _link(bundle: Resource, relation: str, about: str) -> str | None:
    links = bundle.get("link") or []
    if not isinstance(links, list):
        raise EHRRefused(f"{about}: Bundle.link is no list")
    for link in links:
        if isinstance(link, dict) and link.get("relation") == relation:
            url = link.get("url")
            return url if isinstance(url, str) else ""
    return None


def _count(self_link: str | None) -> int | None:
    """How many entries a page has at most, as the server understood the question."""
    found = _COUNT.search(self_link or "")
    return int(found[1]) if found else None


def _served_at(answer: Answer, bundle: Resource) -> datetime | None:
    # A cached search is as old as its Bundle says; the earlier time is safe.
    meta = bundle.get("meta")
    made_at = instant(meta.get("lastUpdated")) if isinstance(meta, dict) else None
    times = [at for at in (made_at, answer.date()) if at is not None]
    return min(times, default=None)
