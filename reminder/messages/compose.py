"""Writes a message: template, visits, clinic and protection make its content."""

import re
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import assert_never

from reminder.messages.harmless import one_line
from reminder.messages.render import Renderer
from reminder.messages.segments import is_gsm7, room, segments, to_gsm7_friendly
from reminder.messages.wording import (
    NOTICE,
    WITHOUT_DETAILS,
    Visit,
    Words,
    details,
    notice,
    outline,
    text_message,
)
from reminder.model.clinics import Clinic
from reminder.model.messages import (
    ClaimedMessage,
    Content,
    EmailContent,
    Protection,
    SMSContent,
)
from reminder.model.people import Channel

__all__ = ["Visit", "compose"]

_LINE = 72
_BLANK_LINES = re.compile(r"\n{3,}")
_SHORTEST_NAME = 8
"""A sender cut to less is nobody's: rather take a second segment."""


def compose(
    renderer: Renderer,
    message: ClaimedMessage,
    visits: Sequence[Visit],
    clinic: Clinic,
    protection: Protection,
    link: str,
) -> Content:
    """What this message says, in its language, as far as the protection allows.

    Without proven encryption an e-mail says only that something waits behind
    the link; a text message never says more.

    Raises:
        TemplateError: there is no such template, or it could not be filled.
    """
    match message.channel:
        case Channel.EMAIL:
            return _email(renderer, message, visits, clinic, protection, link)
        case Channel.SMS:
            return _sms(renderer, message, clinic, link)
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
        words = notice(clinic, language, link, subject)
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
    if name in WITHOUT_DETAILS or (visits and protection is Protection.TLS):
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


def _sms(
    renderer: Renderer, message: ClaimedMessage, clinic: Clinic, link: str
) -> SMSContent:
    """One segment: the clinic's name gives way, the link and the way out never."""
    file = f"sms/{renderer.language(message.language)}/{message.template}.txt"
    one_letter = renderer.render(file, text_message("X", link))
    width = max(1 + room(to_gsm7_friendly(one_letter.strip())), _SHORTEST_NAME)
    sender = _fit(_spell(one_line(clinic.short_name)), width)
    text = to_gsm7_friendly(renderer.render(file, text_message(sender, link)).strip())
    return SMSContent(text=text, segments=segments(text))


def _spell(name: str) -> str:
    """The clinic's name in GSM-7: another accent or none where it has not this one.

    A character outside would leave 70 characters for everything, which the
    link alone may take.
    """
    spelled = "".join(
        char
        if is_gsm7(char)
        else "".join(filter(is_gsm7, unicodedata.normalize("NFKD", char)))
        for char in to_gsm7_friendly(name)
    )
    return " ".join(spelled.split())


def _fit(name: str, width: int) -> str:
    """The name without its last words, as many as it takes; then without letters."""
    while room("") - room(name) > width:
        name = name.rpartition(" ")[0] or name[:-1]
    return name.rstrip(" ,-&")
