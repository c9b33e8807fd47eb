"""Writes a text message: in one segment where that can be, in two at the most."""

from collections.abc import Sequence

from reminder.messages.harmless import one_line
from reminder.messages.render import Renderer
from reminder.messages.segments import in_gsm7, room, segments, to_gsm7_friendly
from reminder.messages.visit_words import Visit
from reminder.messages.wording import (
    DETAILS,
    WHICH,
    Words,
    least_tier,
    text_details,
    text_message,
)
from reminder.model.clinics import Clinic
from reminder.model.messages import ClaimedMessage, Protection, SMSContent
from reminder.model.rulesets import Tier

MOST_SEGMENTS = 2
_MOST_OF_A_QUESTION = 6
"""Nine visits in a script other than ours; the question has to name them all."""
_SHORTEST_NAME = 8
"""A sender cut to less is nobody's: rather take a second segment."""


def compose_sms(
    renderer: Renderer,
    message: ClaimedMessage,
    visits: Sequence[Visit],
    clinic: Clinic,
    protection: Protection,
    link: str,
) -> SMSContent:
    """The visits by the patient's recorded choice, else only that something waits.

    Words that name the visits and take more than two segments are not sent, but
    for the question which of them is meant.

    Raises:
        TemplateError: there is no such template, or it could not be filled.
    """
    language = renderer.language(message.language)
    file = f"sms/{language}/{message.template}"
    with_details = f"{file}{DETAILS}.txt"
    if _may_name(visits, protection) and renderer.has(with_details):
        words = text_details(clinic, language, link, visits, message.to)
        text = write(renderer, with_details, words, clinic)
        most = _MOST_OF_A_QUESTION if message.template == WHICH else MOST_SEGMENTS
        if segments(text) <= most:
            return SMSContent(text=text, segments=segments(text))
    words = text_message("", link, one_line(clinic.phone))
    text = write(renderer, f"{file}.txt", words, clinic)
    return SMSContent(text=text, segments=segments(text))


def write(renderer: Renderer, file: str, words: Words, clinic: Clinic) -> str:
    """The text in one segment: the sender gives way, the link and the way out never.

    Words with details rather take two than part a word of the sender. Where
    only two will do, the sender has all they leave. The name of the clinic in
    `words` is not looked at.
    """
    name, one_letter = sender(clinic), _fill(renderer, file, words, "X")
    first_word = name.split(" ")[0] if DETAILS in file else ""
    width = 1 + room(one_letter)
    if width < max(_SHORTEST_NAME, len(first_word)):
        width = max(1 + room(one_letter, MOST_SEGMENTS), _SHORTEST_NAME)
    return _fill(renderer, file, words, _fit(name, width))


def sender(clinic: Clinic) -> str:
    """What the clinic is called in a text message; empty if GSM-7 has no word of it."""
    return in_gsm7(one_line(clinic.short_name))


def _may_name(visits: Sequence[Visit], protection: Protection) -> bool:
    return protection is Protection.PLAIN and least_tier(visits) >= Tier.STANDARD


def _fill(renderer: Renderer, file: str, words: Words, name: str) -> str:
    text = renderer.render(file, {**words, "clinic": name})
    return to_gsm7_friendly(text.strip())


def _fit(name: str, width: int) -> str:
    """The name without its last words, as many as it takes; then without letters."""
    while room("") - room(name) > width:
        name = name.rpartition(" ")[0] or name[:-1]
    return name.rstrip(" ,-&")
