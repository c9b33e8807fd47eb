"""Turns page values into HTML, in the patient's language."""

from collections.abc import Sequence
from gettext import NullTranslations
from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment

from reminder.flows.respond.page_states import News
from reminder.flows.respond.pages import (
    AskBirthDate,
    Burned,
    CheckCancel,
    CheckMove,
    ChooseDay,
    ChooseTime,
    ContactChoice,
    NewLinkSent,
    NoTimes,
    Page,
    PleaseCall,
    Unknown,
    Visits,
)
from reminder.model.clinics import Clinic
from reminder.web.templates import compile_templates, install
from reminder.web.translations import ENGLISH, read_translations

_TEMPLATES: dict[type[object], str] = {
    AskBirthDate: "ask-birth-date.html",
    Burned: "burned.html",
    NewLinkSent: "new-link-sent.html",
    PleaseCall: "please-call.html",
    Visits: "visits.html",
    CheckCancel: "check-cancel.html",
    ChooseDay: "choose-day.html",
    ChooseTime: "choose-time.html",
    CheckMove: "check-move.html",
    NoTimes: "no-times.html",
    ContactChoice: "contact.html",
}
_TAKEN = 409
_NOT_FOUND = 404


class Pages:
    """Every page in every language we have words for; English for the others.

    `base` is the path of the public address, usually empty. `clinics` are
    named where nothing is known of who reads.

    Raises:
        TemplateError: a template is not well formed, or uses an unknown name.
    """

    def __init__(
        self, templates: Path, *, base: str, style_name: str, clinics: Sequence[Clinic]
    ) -> None:
        self._templates = compile_templates(templates)
        self._tongues = {
            language: _tongue(translation)
            for language, translation in read_translations(templates / "locale").items()
        }
        self._everywhere = {
            "base": base,
            "style_name": style_name,
            "clinics": clinics,
            "languages": tuple(self._tongues),
        }

    def page(self, page: Page, language: str = "") -> HTMLResponse:
        """A page in the language asked for, else in the link's own."""
        if isinstance(page, Unknown):
            return self.problem(_NOT_FOUND, language)
        language = self.known(language) or self.known(page.here.language)
        status = _TAKEN if _is_taken(page) else 200
        template = _TEMPLATES[type(page)]
        return self._render(template, language, status, page=page, here=page.here)

    def problem(self, status: int, language: str = "") -> HTMLResponse:
        """A page for what went wrong.

        Nothing is known of who reads it, so it speaks every language, the one
        asked for first.
        """
        first = self.known(language) or ENGLISH
        order = sorted(self._tongues, key=lambda one: one != first)
        telling = self._templates.get_template("telling.html")
        tellings = {one: telling.make_module(self._tongues[one]) for one in order}
        return self._render(
            "problem.html", first, status, status=status, tellings=tellings
        )

    def done(self, language: str) -> HTMLResponse:
        """The neutral page after 'hide my details'."""
        response = self._render("done.html", self.known(language))
        response.headers["Clear-Site-Data"] = '"cache"'
        return response

    def known(self, tag: str) -> str:
        """Which of our languages a BCP 47 tag means; nothing if none."""
        primary = tag.replace("_", "-").partition("-")[0].lower()
        return primary if primary in self._tongues else ""

    def _render(
        self, template: str, language: str, status_code: int = 200, **words: object
    ) -> HTMLResponse:
        lang = language or ENGLISH
        words |= {**self._everywhere, **self._tongues[lang], "lang": lang}
        html = self._templates.get_template(template).render(words)
        return HTMLResponse(html, status_code=status_code)


def _tongue(translation: NullTranslations) -> dict[str, object]:
    """The words of one language, as templates call for them."""
    environment = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    install(environment, translation)
    return {name: environment.globals[name] for name in ("gettext", "ngettext")}


def _is_taken(page: Page) -> bool:
    """Whether somebody else was faster."""
    match page:
        case ChooseDay(taken=taken) | ChooseTime(taken=taken) | NoTimes(taken=taken):
            return taken is not None
        case Visits(news=News.TAKEN_BACK):
            return True
        case _:
            return False
