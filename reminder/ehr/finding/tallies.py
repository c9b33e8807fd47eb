"""Counts what the pages of one search brought, and tells whether that is all."""

from dataclasses import dataclass, field

from reminder.ehr.finding.pages import Page
from reminder.ehr.wire.next_links import LinkRefused

_SMALLEST_CAP = 10
_IDLE_PAGES = 10


@dataclass(slots=True)
class Cap:
    """How many entries a server puts on one page at most, as far as it shows.

    Servers may give fewer than they were asked for, and neither a link to the
    rest nor a total. But all their full pages are of one size: a page as large
    as the largest seen so far may be full.
    """

    asked: int
    links_work: bool = False
    _largest: int = _SMALLEST_CAP

    def may_be_full(self, page: Page) -> bool:
        """Whether there may be more than this page holds."""
        full_at = min(self.asked, page.count or self.asked, self._largest)
        self._largest = max(self._largest, page.size)
        return page.size >= full_at

    def is_as_full_as_asked(self, page: Page) -> bool:
        """Whether the page holds what the server was asked to put on one."""
        return page.size >= min(self.asked, page.count or self.asked)


@dataclass(slots=True)
class Tally:
    """One search, page by page.

    `outside` are the entries that do not belong to what was asked for, and
    `surplus` those of them that no other way of reading the question explains.
    `is_lacking`: the server said that something is missing. `is_nameless`: an
    entry could not even be named. `refusal` is why a link was not followed.
    """

    cap: Cap
    outside: int = 0
    surplus: int = 0
    total: int | None = None
    came: int = 0
    is_lacking: bool = False
    is_nameless: bool = False
    refusal: LinkRefused | None = None
    _is_too_much: bool = False
    _may_lack: bool = False
    _pages: int = 0
    _idle: int = 0
    _ends_full: bool = False
    _seen: set[str] = field(default_factory=set)

    def add(self, page: Page) -> bool:
        """Count one page; False when it only brings what was there before.

        Some servers answer their own next link with the first page, under a
        new address each time, and some give a link with every page for ever.
        """
        self._pages += 1
        if page.total is not None:
            # Fewer than before: what stood behind those now gone was skipped.
            self.total = max(page.total, self.total or 0)
        self.is_lacking |= page.notice.lacking
        self.is_nameless |= bool(page.broken)
        self._is_too_much |= page.notice.too_much
        is_idle, is_again = self._count(page)
        self._idle = self._idle + 1 if is_idle else 0
        if page.next_link is not None and (is_again or self._idle > _IDLE_PAGES):
            self.leads_nowhere()
            return False
        if not is_idle:
            self._ends_full = self.cap.may_be_full(page)
            self.cap.links_work |= self._pages > 1
        if page.next_link is None and self._pages == 1:
            # Where links work, only a page as full as we asked for is suspicious.
            guess = self._ends_full and not self.cap.links_work
            self._may_lack = guess or self.cap.is_as_full_as_asked(page)
        return True

    def leads_nowhere(self) -> None:
        """The next link after the last page leads to where we were."""
        self._may_lack |= self._ends_full

    def too_much(self) -> None:
        """The server, or we, go no further."""
        self._is_too_much = True

    @property
    def is_cut_off(self) -> bool:
        """Whether there is more, or may be, so that less must be asked for."""
        if self.total is not None and self.refusal is None and not self._is_too_much:
            return self.came < self.total
        return self._is_too_much or self._may_lack or self.refusal is not None

    @property
    def is_complete(self) -> bool:
        """Whether what did not come is not there."""
        return not (self.is_cut_off or self.is_lacking or self.is_nameless)

    @property
    def is_one_short_page(self) -> bool:
        """Whether all came at once, with room for more."""
        return self._pages == 1 and not (self._ends_full or self._is_too_much)

    @property
    def is_mostly_outside(self) -> bool:
        """Whether the server hardly heeds what is asked, so that less is no use."""
        return 2 * self.outside > self.came

    def _count(self, page: Page) -> tuple[bool, bool]:
        """Whether the page brings nothing new, and whether it is one from before."""
        names = {
            entry.resource_id
            for entry in page.entries
            if isinstance(entry.resource_id, str)
        }
        again = names & self._seen
        self._seen |= names
        # An entry that the server gives twice on one page it counts as two;
        # one that slipped from page to page stands where another is missing.
        self.came += page.size - len(again)
        return names == again, bool(names) and names == again
