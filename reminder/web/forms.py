"""Reads what a form sent: short fields, each once; whatever is not a form is empty."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import Request

from reminder.flows.respond.door import Ask
from reminder.flows.respond.offers import Wish
from reminder.flows.respond.page_states import Stop

Form = Mapping[str, str]

_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 32
_LONGEST = 2048
_TICKED = "yes"


async def read_form(request: Request) -> Form:
    """The fields of a urlencoded body; of two with one name, the first.

    Nothing here raises for what a stranger sends: a body that is no form has
    no fields, and so proves nothing and does nothing.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0]
    body = await request.body()
    if content_type.strip().lower() != _FORM:
        return {}
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        return {}
    return {name: value[:_LONGEST] for name, value in reversed(pairs)}


def read_ask(form: Form) -> Ask:
    """What every form of a page sends along."""
    return Ask(
        token=form.get("link", ""),
        ticket=form.get("ticket", ""),
        visit=form.get("visit", ""),
    )


def read_wish(form: Form, language_shown: str) -> Wish:
    """How somebody wants to be told; a box without its tick sends nothing."""
    return Wish(
        channel=form.get("channel", ""),
        language=form.get("language", ""),
        lead=form.get("lead", ""),
        stops=frozenset(one for one in Stop if form.get(f"stop-{one}") == _TICKED),
        details=form.get("details", ""),
        number=form.get("number", ""),
        language_shown=language_shown,
    )
