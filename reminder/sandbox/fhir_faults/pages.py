"""Pages that lead astray: next links, and tokens that run out."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from reminder.sandbox.clinics import Resource
from reminder.sandbox.fhir_faults.declaring import (
    answers,
    asks,
    bends,
    is_later_page,
    is_search,
    spoils_pages,
)
from reminder.sandbox.fhir_faults.exchange import Ask, Asked, Said, outcome, said

_MARK = "_page"  # Ours alone: the server behind us never sees it.


def next_link(page: Resource) -> str | None:
    """Where the page says it goes on."""
    links = {each["relation"]: each["url"] for each in page.get("link") or []}
    return links.get("next")


def set_next(page: Resource, url: str | None) -> None:
    """Let the page go on at `url`, or nowhere."""
    others = [each for each in page.get("link") or [] if each["relation"] != "next"]
    page["link"] = others + ([{"relation": "next", "url": url}] if url else [])


@spoils_pages
def next_is_itself(page: Resource, asked: Asked) -> None:
    """The next link of every page is the page."""
    set_next(page, asked.url)


@bends(is_search)
async def next_in_a_circle(asked: Asked, ask: Ask) -> Said:
    """The second page leads to the first."""
    mark, plain = asked.values(_MARK), asked.without(_MARK)
    answer = await ask(plain)
    page = answer.json()
    first = plain.asking(*plain.params)
    second = plain.asking(*plain.params, (_MARK, "2"))
    set_next(page, first.url if mark else second.url)
    return answer.with_json(page)


@spoils_pages
def next_elsewhere(page: Resource, asked: Asked) -> None:
    """The next link names a host nobody reaches: a proxy was forgotten."""
    if link := next_link(page):
        set_next(
            page, link.replace(asked.base_url, "https://ehr.internal.example/fhir")
        )


@spoils_pages
def next_with_another_scheme(page: Resource, asked: Asked) -> None:
    """The next link changes between http and https, as behind a proxy that ends TLS."""
    if link := next_link(page):
        scheme, _, rest = link.partition("://")
        set_next(page, f"{'http' if scheme == 'https' else 'https'}://{rest}")


@spoils_pages
def next_with_another_port(page: Resource, asked: Asked) -> None:
    """The next link gains a port nobody listens on."""
    if link := next_link(page):
        host = urlsplit(link).netloc
        set_next(page, link.replace(host, f"{host.partition(':')[0]}:443", 1))


@spoils_pages
def next_relative(page: Resource, asked: Asked) -> None:
    """The next link is relative to the page: `Appointment?…`."""
    if link := next_link(page):
        set_next(page, link.removeprefix(f"{asked.base_url}/"))


@spoils_pages
def next_from_the_root(page: Resource, asked: Asked) -> None:
    """The next link is a path without a host: `/fhir/Appointment?…`."""
    if link := next_link(page):
        parts = urlsplit(link)
        set_next(page, f"{parts.path}?{parts.query}")


@spoils_pages
def next_is_empty(page: Resource, asked: Asked) -> None:
    """The last page has a next link, which is the empty string."""
    if next_link(page) is None:
        page["link"] = [*(page.get("link") or []), {"relation": "next", "url": ""}]


@spoils_pages
def next_with_a_plus(page: Resource, asked: Asked) -> None:
    """The next link carries `+00:00` as it is, which reads as a space."""
    if link := next_link(page):
        before, _, query = link.partition("?")
        dates = [(name, _offset(value)) for name, value in parse_qsl(query)]
        set_next(page, f"{before}?{urlencode(dates, safe='+:')}")


def _offset(value: str) -> str:
    return f"{value[:-1]}+00:00" if value[-1:] == "Z" else value


@asks(is_later_page)
def pages_repeated(asked: Asked) -> Asked:
    """Every later page begins with the last entry of the page before it."""
    return asked.asking(
        *(
            (name, str(int(value) - 1) if name == "_offset" else value)
            for name, value in asked.params
        )
    )


@bends(is_later_page)
async def pages_shifted(asked: Asked, ask: Ask) -> Said:
    """Later pages skip an entry, as when one before it was deleted meanwhile."""
    answer = await ask(asked)
    page = answer.json()
    del (page.get("entry") or [])[:1]
    return answer.with_json(page)


@bends(is_search)
async def next_to_an_empty_page(asked: Asked, ask: Ask) -> Said:
    """The last page leads to another one, which has no entry."""
    if asked.values(_MARK):
        return said({"resourceType": "Bundle", "type": "searchset"})
    answer = await ask(asked)
    page = answer.json()
    if next_link(page) is None:
        set_next(page, asked.asking(*asked.params, (_MARK, "none")).url)
    return answer.with_json(page)


@spoils_pages
def no_paging_links(page: Resource, asked: Asked) -> None:
    """A page is cut off at `_count`, and nothing says that more would follow."""
    page.pop("link", None)
    page.pop("total", None)


@answers(is_later_page)
def pages_gone(_: Asked) -> Said:
    """410 for every page after the first: its token has run out."""
    return said(outcome("expired"), 410)


@answers(is_later_page)
def pages_not_found(_: Asked) -> Said:
    """404 for every page after the first."""
    return said(outcome("not-found"), 404)


@answers(is_later_page)
def pages_bad_request(_: Asked) -> Said:
    """400 for every page after the first."""
    return said(outcome("invalid"), 400)


@answers(is_later_page)
def pages_session_expired(_: Asked) -> Said:
    """Epic's 4113 for every page after the first: the search session has expired."""
    return said(outcome("processing", "Session ID has expired", detail="4113"), 400)
