"""Trials of searches by time: does the server look at what it is asked for?"""

from datetime import UTC, datetime, timedelta

from reminder.ehr.errors import EHRRefused
from reminder.ehr.probing.asking import Searchset, searchset
from reminder.ehr.probing.session import (
    MOST_SAMPLED,
    Result,
    Session,
    failed,
    passed,
    period,
    unknown,
)
from reminder.ehr.reading.instants import instant, instant_text
from reminder.ehr.reading.raw import Resource, as_object
from reminder.ehr.wire.client import Params
from reminder.ehr.wire.next_links import LinkRefused

_NEAR = timedelta(days=30)
_WIDE = timedelta(days=365)
# Some find what overlaps the period, in the zone they believe to be in.
_GRACE = timedelta(days=2)
_NOTHING_THERE = "no appointment within a year of today"

_IMPOSSIBLE = (
    (datetime(1900, 1, 1, tzinfo=UTC), datetime(1900, 1, 2, tzinfo=UTC)),
    (datetime(2190, 1, 1, tzinfo=UTC), datetime(2190, 1, 2, tzinfo=UTC)),
)


async def window(session: Session) -> Result:
    """The appointments of a period are found, and no others."""
    now = session.clock().replace(microsecond=0)
    start, end = now - timedelta(days=1), now + _NEAR
    found = await _of_period(session, start, end)
    if not found.matches:
        start, end = now - _WIDE, now + _WIDE
        found = await _of_period(session, start, end)
    if not found.matches:
        return _nothing_found(session, start, end)
    outside = sum(not _is_within(each, start, end) for each in found.matches)
    session.keep(found.matches)
    if outside:
        return failed(rows=len(found.matches), outside=outside)
    params = _params(session, start, end)
    session.found_by(params, found.matches)
    return passed(rows=len(found.matches), days=(end - start).days)


def _nothing_found(session: Session, start: datetime, end: datetime) -> Result:
    """Nothing there, unless a search without a date has shown something there."""
    starts = [instant(each.get("start")) for each in session.sample.values()]
    missed = sum(at is not None and start <= at < end for at in starts)
    return failed(rows=0, missed=missed) if missed else unknown(why=_NOTHING_THERE)


async def _of_period(session: Session, start: datetime, end: datetime) -> Searchset:
    params = _params(session, start, end)
    try:
        return await session.asking.search("Appointment", params)
    except EHRRefused:
        # Strictly read it may dislike what it would otherwise overlook.
        found = await session.asking.search("Appointment", params, strict=False)
        session.strict = False
        return found


def _params(session: Session, start: datetime, end: datetime) -> Params:
    count = min(session.config.page_size, MOST_SAMPLED)
    return [*period(start, end), ("_count", str(count))]


def _is_within(appointment: Resource, start: datetime, end: datetime) -> bool:
    at = instant(appointment.get("start"))
    return at is None or start - _GRACE <= at < end + _GRACE


async def impossible_window(session: Session) -> Result:
    """In the years 1900 and 2190 nothing is found."""
    answer = ""
    for start, end in _IMPOSSIBLE:
        params = [*_of_whom(session), *period(start, end), ("_count", "2")]
        try:
            found = await session.asking.search(
                "Appointment", params, strict=session.strict
            )
        except EHRRefused as error:
            answer = str(error)  # Some allow no past dates; the other one then.
            continue
        if found.matches:
            return failed(rows=len(found.matches))
        return passed(rows=0)
    return unknown(answer=answer)


def _of_whom(session: Session) -> Params:
    """What a search needs beside the date, where the date alone finds nothing."""
    return [each for each in session.base or () if each[0] not in ("date", "_count")]


async def unknown_parameter(session: Session) -> Result:
    """A parameter nobody knows is refused when a strict reading is asked for."""
    params = [*(session.base or [("_count", "2")]), ("reminder-no-such-thing", "1")]
    try:
        found = await session.asking.search("Appointment", params)
    except EHRRefused as error:
        return passed(answer=str(error))
    if found.matches:
        return failed(answer="ignored")
    if session.base_rows:
        return failed(
            "An empty answer may mean a parameter it does not know: what vanishes "
            "is read by id before anything is withdrawn.",
            answer="nothing found",
        )
    return unknown(answer="nothing found")


async def paging(session: Session) -> Result:
    """A search of several pages brings them one by one."""
    if session.base is None or session.base_rows < 3:
        return unknown(why="fewer than three appointments to be found")
    params = [each for each in session.base if each[0] != "_count"]
    first = await session.asking.search(
        "Appointment", [*params, ("_count", "2")], strict=session.strict
    )
    rows = len(first.matches)
    if first.next_link is None:
        if rows >= session.base_rows:
            return passed(pages=1, page_size="not honoured", rows=rows)
        return failed(rows=rows, next_link="none")
    return await _next(session, first, first.next_link)


async def _next(session: Session, first: Searchset, link: str) -> Result:
    client = session.asking.client
    try:
        url = client.pinned(link, seen_at=first.url, about="GET Appointment")
    except LinkRefused as error:
        return failed(
            "No link to another address is followed: a period is halved until it "
            "fits one page. Have the EHR write its links with its public address.",
            answer=str(error),
        )
    answer = await session.asking.follow(url, "GET Appointment", strict=session.strict)
    second = searchset(answer, "Appointment")
    repeated = len(_ids(first) & _ids(second))
    if not second.matches or repeated == len(second.matches):
        return failed(rows=len(second.matches), repeated=repeated)
    return passed(
        page_size="honoured" if len(first.matches) <= 2 else "not honoured",
        repeated=repeated,
        total="said" if first.total is not None else "not said",
    )


def _ids(found: Searchset) -> set[str]:
    return {str(each.get("id")) for each in found.matches}


async def last_updated(session: Session) -> Result:
    """It tells what changed since an instant: rightly, both ways."""
    says_so = session.stated.incremental
    now = session.clock()
    later = await _changed_since(session, now + timedelta(days=3650))
    if later.matches:
        return failed(stated=says_so, rows_from_the_future=len(later.matches))
    before = await _changed_since(session, now - timedelta(days=36_500))
    if not before.matches:
        return (failed if session.sample else unknown)(stated=says_so, rows=0)
    undated = sum(
        "lastUpdated" not in as_object(each.get("meta")) for each in before.matches
    )
    if undated:
        return failed(stated=says_so, without_last_updated=undated)
    return passed(stated=says_so)


async def _changed_since(session: Session, since: datetime) -> Searchset:
    params = [("_lastUpdated", f"ge{instant_text(since)}"), ("_count", "5")]
    return await session.asking.search("Appointment", params, strict=session.strict)
