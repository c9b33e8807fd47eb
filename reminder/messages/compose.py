"""Writes a message: template, visits, clinic and protection make its content."""

import re
import textwrap
from collections.abc import Sequence
from typing import assert_never

from reminder.messages.harmless import one_line
from reminder.messages.render import Renderer
from reminder.messages.texting import compose_sms
from reminder.messages.visit_words import Visit
from reminder.messages.wording import (
    NOTICE,
    WITHOUT_DETAILS,
    Words,
    details,
    least_tier,
    notice,
    outline,
)
from reminder.model.clinics import Clinic
from reminder.model.messages import ClaimedMessage, Content, EmailContent, Protection
from reminder.model.people import Channel

__all__ = ["Visit", "compose"]

_LINE = 72
_BLANK_LINES = re.compile(r"\n{3,}")


def compose(
    renderer: Renderer,
    message: ClaimedMessage,
    visits: Sequence[Visit],
    clinic: Clinic,
    protection: Protection,
    link: str,
) -> Content:
    """What this message says, in its language: what protection and tiers allow.

    An e-mail names the visits over proven encryption, a text message only by
    the patient's recorded choice. Otherwise they say that something waits
    behind the link.

    Raises:
        TemplateError: there is no such template, or it could not be filled.
    """
    match message.channel:
        case Channel.EMAIL:
            return _email(renderer, message, visits, clinic, protection, link)
        case Channel.SMS:
            return compose_sms(renderer, message, visits, clinic, protection, link)
        case Channel.VOICE:
            raise ValueError("nothing is spoken in this version")
        case _:
            assert_never(message.channel)


def _email(
    renderer: Renderer,
    message: ClaimedMessage,
    visits: Sequence[Visit],
    clinic: Clinic,
    protection: Protection,
    link: str,
) -> EmailContent:
    language = renderer.language(message.language)
    name = _template(message.template, visits, protection)
    file = f"email/{language}/{name}"
    subject = one_line(renderer.render(f"{file}.subject.txt", outline(clinic)))
    words: Words
    if name in WITHOUT_DETAILS:
        words = notice(clinic, language, link, subject, least_tier(visits))
    else:
        words = details(clinic, language, link, subject, visits, message.to)
    return EmailContent(
        subject=subject,
        text=_lines(renderer.render(f"{file}.txt", words)),
        html=renderer.render(f"{file}.html", words),
        from_name=one_line(clinic.short_name),
    )


def _template(name: str, visits: Sequence[Visit], protection: Protection) -> str:
    """The notice, where the visits may not be named or are not known any more."""
    if name in WITHOUT_DETAILS or (visits and protection is not Protection.PICKUP):
        return name
    return NOTICE


def _lines(text: str) -> str:
    """Lines of at most 72 characters, a link whole on its own, one blank between."""
    lines: list[str] = []
    for line in text.splitlines():
        if len(line) <= _LINE or "://" in line:
            lines.append(line.rstrip())
        else:
            lines += textwrap.wrap(line, _LINE, break_on_hyphens=False)
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip() + "\n"
