"""Turns page values into HTML, in the patient's language."""

from collections.abc import Sequence
from gettext import NullTranslations
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reminder.flows.page_states import News
from reminder.flows.pages import (
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
from reminder.web.translations import ENGLISH, read_translations
from reminder.web.wording import words

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
    """Every page, compiled once for each language.

    `base` is the path of the public address, usually empty. `clinics` are
    named where nothing is known of who reads. A language we have no words for
    is shown in English.
    """

    def __init__(
        self, templates: Path, *, base: str, style_name: str, clinics: Sequence[Clinic]
    ) -> None:
        translations = read_translations(templates / "locale")
        self.languages = tuple(translations)
        self._environments = {
            language: _environment(templates, language, translation)
            for language, translation in translations.items()
        }
        for environment in self._environments.values():
            environment.globals |= {
                "base": base,
                "style_name": style_name,
                "languages": self.languages,
                "clinics": clinics,
            }

    def page(self, page: Page, language: str = "") -> HTMLResponse:
        """A page in the language asked for, else in the link's own."""
        if isinstance(page, Unknown):
            return self.problem(_NOT_FOUND, language)
        language = self.known(language) or self.known(page.here.language) or ENGLISH
        template = self._environments[language].get_template(_TEMPLATES[type(page)])
        html = template.render(page=page, here=page.here, lang=language)
        return HTMLResponse(html, status_code=_TAKEN if _is_taken(page) else 200)

    def problem(self, status: int, language: str = "") -> HTMLResponse:
        """A page for what went wrong.

        Nothing is known of who reads it, so it speaks every language, the one
        asked for first.
        """
        first = self.known(language) or ENGLISH
        order = sorted(self.languages, key=lambda one: one != first)
        html = (
            self._environments[first]
            .get_template("problem.html")
            .render(
                status=status,
                lang=first,
                tellings={one: self._telling(one) for one in order},
            )
        )
        return HTMLResponse(html, status_code=status)

    def done(self, language: str) -> HTMLResponse:
        """The neutral page after 'hide my details'."""
        language = self.known(language) or ENGLISH
        template = self._environments[language].get_template("done.html")
        return HTMLResponse(
            template.render(lang=language), headers={"Clear-Site-Data": '"cache"'}
        )

    def known(self, tag: str) -> str:
        """Which of our languages a BCP 47 tag means; nothing if none."""
        primary = tag.replace("_", "-").partition("-")[0].lower()
        return primary if primary in self._environments else ""

    def _telling(self, language: str) -> object:
        return self._environments[language].get_template("telling.html").module


def _environment(
    templates: Path, language: str, translation: NullTranslations
) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    install: Any = getattr(environment, "install_gettext_callables")  # noqa: B009 - added by the extension, unknown to the type checker
    install(translation.gettext, translation.ngettext, newstyle=True)
    environment.filters |= words(language)
    return environment


def _is_taken(page: Page) -> bool:
    """Whether somebody else was faster."""
    match page:
        case ChooseDay(taken=taken) | ChooseTime(taken=taken) | NoTimes(taken=taken):
            return taken is not None
        case Visits(news=News.TAKEN_BACK):
            return True
        case _:
            return False
