"""A mail scanner that opens every link and sends every form it finds."""

import sqlite3
from collections.abc import Iterator, Sequence
from urllib.parse import urljoin

import httpx
import pytest

from reminder.sandbox.forms import Form, read_forms
from reminder.sandbox.serving import loopback_client
from tests.journeys.day import LINK, Day, opened, slot
from tests.journeys.test_answers import LATER

pytestmark = pytest.mark.asyncio(loop_scope="package")

JUNK = ("", "test", "1", "https://scanner.example.org", "' or 1=1 --", "\u202e")


async def test_a_scanner_changes_nothing_and_locks_nobody_out(day: Day) -> None:
    await day.put(slot("later", LATER))
    (link,) = await day.reminded("ana")
    before = _tables(day), await day.read("Appointment/visit-ana")

    async with loopback_client() as scanner:
        for address in _links(day):
            for _ in range(3):
                await scanner.head(address)
                await scanner.get(address)
                await scanner.options(address)
            for junk in JUNK:
                await _send_everything(scanner, address, junk)

    after = _tables(day), await day.read("Appointment/visit-ana")
    assert before == after
    async with opened(link) as ana:
        await ana.confirm()
        assert ana.news == "confirmed"


async def _send_everything(scanner: httpx.AsyncClient, address: str, junk: str) -> None:
    """Send every form of a page, and of the pages that answer, three deep."""
    html = (await scanner.get(address)).text
    for _ in range(3):
        forms = read_forms(html)
        assert forms, "there is a form to send"
        for filled in _filled(forms[0], junk):
            answer = await scanner.post(urljoin(address, forms[0].action), data=filled)
            assert answer.status_code < 500
        html = answer.text


def _filled(form: Form, junk: str) -> Iterator[dict[str, str]]:
    yield form.fields
    yield {name: value or junk for name, value in form.fields.items()}
    for name, value in form.choices:
        yield form.fields | {name: value}


def _links(day: Day) -> Sequence[str]:
    return [link for mail in day.mails_to("ana") for link in LINK.findall(mail)]


def _tables(day: Day) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the database, row by row."""
    file = day.folder / "reminder" / "reminder.db"
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        names = [
            name
            for (name,) in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            )
        ]
        return {
            name: sorted(database.execute(f'SELECT * FROM "{name}"'), key=repr)  # noqa: S608 - the database's own names
            for name in names
        }
