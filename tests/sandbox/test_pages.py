import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from reminder.sandbox.ehr_server import EHRServer
from reminder.sandbox.generator import Practice
from reminder.sandbox.mailbox import Mailbox, ReceivedMail
from reminder.sandbox.pages import Pages
from reminder.sandbox.phone import Phones
from reminder.sandbox.residents import Residents

pytestmark = pytest.mark.asyncio(loop_scope="package")

TEN = datetime(2027, 3, 1, 15, tzinfo=UTC)
HTML = "<html><head><title>x</title></head><body><a href='http://127.0.0.1/r/1'>go</a>"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def phones() -> Phones:
    return Phones(lambda: TEN)


@pytest_asyncio.fixture(loop_scope="package")
async def browser(
    mailbox: Mailbox, phones: Phones, filled: EHRServer, spring: Practice
) -> AsyncIterator[httpx.AsyncClient]:
    pages = Pages(mailbox, phones, filled, Residents(spring.resources))
    transport = httpx.ASGITransport(Starlette(routes=pages.routes()))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://sandbox.example.org"
    ) as client:
        yield client


def mail(to: str, text: str, html: str = "") -> ReceivedMail:
    kind, body = ("html", html) if html else ("plain", text)
    content = (
        f"Subject: A <b>bold</b> message\nContent-Type: text/{kind}; charset=utf-8\n\n"
        f"{body}\n"
    )
    return ReceivedMail(1, TEN, "", (to,), content.encode(), "TLSv1.3", "AES")


def text_to(phones: Phones, number: str, body: str) -> None:
    phones.accept(to=number, from_number="+12025550100", body=body, status_callback="")


@pytest.mark.parametrize("path", ["/mailbox", "/phone", "/ehr", "/mailbox/1"])
async def test_no_page_lets_anything_run(
    browser: httpx.AsyncClient, mailbox: Mailbox, path: str
) -> None:
    mailbox.keep(mail("ana@example.org", "hello"))

    answer = await browser.get(path)

    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert " style=" not in answer.text


async def test_empty_pages_say_what_will_appear(browser: httpx.AsyncClient) -> None:
    assert "No mail yet" in (await browser.get("/mailbox")).text
    assert "No text message yet" in (await browser.get("/phone")).text


async def test_a_mail_shows_how_it_came_and_whose_birthday_the_link_asks_for(
    browser: httpx.AsyncClient, mailbox: Mailbox, spring: Practice
) -> None:
    patient = next(
        one for one in spring.of_type("Patient") if len(one.get("telecom", [])) == 2
    )
    mailbox.keep(mail(patient["telecom"][1]["value"], "words http://127.0.0.1/r/1"))

    page = (await browser.get("/mailbox/1")).text

    born = datetime.fromisoformat(patient["birthDate"])
    assert "TLSv1.3" in page
    assert f"born {born:%B} {born.day}, {born.year}" in page
    assert '<a href="http://127.0.0.1/r/1"' in page
    assert "A &lt;b&gt;bold&lt;/b&gt; message" in page


async def test_the_html_part_is_framed_where_nothing_runs_and_links_open_outside(
    browser: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    mailbox.keep(mail("ana@example.org", "", HTML))

    page = (await browser.get("/mailbox/1")).text
    part = await browser.get("/mailbox/1/part")

    assert re.search(r'<iframe[^>]* sandbox="[^"]*"', page)
    assert "allow-scripts" not in page
    assert "script-src" not in part.headers["content-security-policy"]
    assert "default-src 'none'" in part.headers["content-security-policy"]
    assert '<head><base target="_blank">' in part.text


async def test_markup_in_a_text_message_is_shown_as_it_is(
    browser: httpx.AsyncClient, phones: Phones
) -> None:
    text_to(phones, "+16465550123", "<script>alert(1)</script> http://127.0.0.1/r/2")

    page = (await browser.get("/phone/+16465550123")).text

    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert '<a href="http://127.0.0.1/r/2"' in page


async def test_each_phone_has_a_conversation_of_its_own(
    browser: httpx.AsyncClient, phones: Phones
) -> None:
    text_to(phones, "+16465550123", "first words")
    text_to(phones, "+16465550124", "other words")

    overview = (await browser.get("/phone")).text
    page = (await browser.get("/phone/+16465550123")).text

    assert overview.index("+16465550124") < overview.index("+16465550123")
    assert "first words" in page
    assert "other words" not in page


async def test_replying_stop_stops_the_phone(
    browser: httpx.AsyncClient, phones: Phones
) -> None:
    text_to(phones, "+16465550123", "first words")

    answer = await browser.post("/phone/+16465550123/stop", follow_redirects=True)

    assert "takes no more messages" in answer.text
    assert phones.refusal("+16465550123") is not None


async def test_the_ehr_page_shows_who_changed_what(
    browser: httpx.AsyncClient, filled: EHRServer
) -> None:
    visit = await filled.read("Appointment/visit-0020")

    await filled.load([visit | {"status": "cancelled"}])

    page = (await browser.get("/ehr")).text
    row = page[page.index("visit-0020") :]
    assert "cancelled" in row[: row.index("</tr>")]
    assert "visit-0021" not in page


async def test_the_ehr_page_shows_a_visit_on_its_own_clinics_wall(
    browser: httpx.AsyncClient, filled: EHRServer
) -> None:
    found = await filled.search("Appointment?location=prairie-main&_count=1")

    await filled.load([found[0] | {"status": "cancelled"}])

    page = (await browser.get("/ehr")).text
    row = page[page.index(found[0]["id"]) :]
    assert re.search(r" [AP]M C[SD]T</td>", row[: row.index("</tr>")])


async def test_a_mail_that_never_came_is_not_found(browser: httpx.AsyncClient) -> None:
    answers = [await browser.get(path) for path in ("/mailbox/1", "/mailbox/0/part")]

    assert [answer.status_code for answer in answers] == [404, 404]
