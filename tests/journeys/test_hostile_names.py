"""Whatever the EHR calls a person, every way out stays what it was."""

from datetime import timedelta
from html.parser import HTMLParser

import pytest

from tests.journeys.day import (
    BEGINS,
    VISIT,
    Day,
    link_in,
    opened,
    patient,
    slot,
    visit,
)

pytestmark = pytest.mark.asyncio(loop_scope="package")

NAMES = {
    "html": "<script>alert(1)</script><b>Ana",
    "crlf": "Ana\r\nBcc: evil@example.org",
    "encoded-word": "=?utf-8?q?Ana=0aBcc:_evil@example.org?=",
    "url": "Ana https://evil.example.org/pay",
    "bidi": "Ana\u202e\u2066gnp.exe",
    "template": "{{ 7 * 7 }}{% raw %}",
    "megabyte": "A" * 1_000_000,
}


class _Shape(HTMLParser):
    """The tags of a page, without what stands between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)


@pytest.mark.parametrize("kind", NAMES)
async def test_a_hostile_name_is_harmless_in_mail_and_page(day: Day, kind: str) -> None:
    await day.put(
        slot("plain-slot", VISIT, "busy"),
        slot("hostile-slot", VISIT, "busy"),
        patient("plain"),
        patient("hostile", given=NAMES[kind]),
        visit("v1", "plain", at="plain-slot"),
        visit("v2", "hostile", at="hostile-slot"),
    )
    await day.sync()
    await day.send_due(BEGINS + timedelta(minutes=11))

    plain, hostile = (
        next(
            mail
            for mail in day.world.mail.mailbox.mails
            if f"{name}@example.org" in mail.rcpt_to
        )
        for name in ("plain", "hostile")
    )
    assert [name for name, _ in hostile.headers] == [name for name, _ in plain.headers]
    assert hostile.subject == plain.subject
    assert hostile.message["To"] == "hostile@example.org"
    assert _Shape(hostile.html).tags == _Shape(plain.html).tags
    assert len(hostile.content) < 40_000
    assert "evil.example.org/pay" not in hostile.text
    assert "\u202e" not in hostile.text
    assert "49" not in hostile.text.replace(link_in(hostile.text), "")

    async with opened(link_in(plain.text)) as one, opened(link_in(hostile.text)) as two:
        assert _Shape(two._html).tags == _Shape(one._html).tags
        assert "<script" not in two._html
