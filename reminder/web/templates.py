"""The pages' templates: compiled once, and refused at start if a name is unknown."""

from collections.abc import Iterator
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes
from jinja2 import TemplateError as JinjaError
from jinja2.meta import find_undeclared_variables

from reminder.messages.render import TemplateError
from reminder.web.wording import WORDS

_GIVEN = frozenset(
    {
        "base",
        "clinics",
        "here",
        "lang",
        "languages",
        "page",
        "status",
        "style_name",
        "tellings",
    }
)
"""What the pages are rendered with."""


@lru_cache(maxsize=1)
def compile_templates(folder: Path) -> Environment:
    """The templates, compiled once for all languages.

    Raises:
        TemplateError: one of them is not well formed, or uses a name that no
            page is given; it says which file, line and name.
    """
    environment = Environment(
        loader=FileSystemLoader(folder),
        auto_reload=False,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # English alone is compiled in. A page is rendered with the functions of its
    # language, which come first, so one compiled template speaks them all.
    install(environment, NullTranslations())
    environment.filters |= WORDS
    for name in environment.list_templates(extensions=["html"]):
        _compile(environment, name)
        _check_names(environment, folder, name)
    return environment


def install(environment: Environment, translation: NullTranslations) -> None:
    """Let templates speak the language of a translation."""
    callables: Any = getattr(environment, "install_gettext_callables")  # noqa: B009 - added by the extension, unknown to the type checker
    callables(translation.gettext, translation.ngettext, newstyle=True)


def _compile(environment: Environment, name: str) -> None:
    try:
        environment.get_template(name)
    except JinjaError as error:
        at = getattr(error, "name", None) or name
        line = getattr(error, "lineno", 1)
        raise TemplateError(f"web/{at}:{line}: {error.message}") from None


def _check_names(environment: Environment, folder: Path, name: str) -> None:
    """Every name in every branch, taken or not."""
    tree = environment.parse(folder.joinpath(name).read_text("utf-8"))
    # jinja2.meta overlooks that what a file makes reaches its blocks.
    known = _GIVEN | environment.globals.keys() | {*_made(tree)}
    for unknown in sorted(find_undeclared_variables(tree) - known):
        line = next(
            node.lineno for node in tree.find_all(nodes.Name) if node.name == unknown
        )
        raise TemplateError(f"web/{name}:{line}: '{unknown}' is not defined here")
    # In a branch, Jinja itself looks for a filter only when the branch is taken.
    for node in tree.find_all(nodes.Filter):
        if node.name not in environment.filters:
            place = f"web/{name}:{node.lineno}"
            raise TemplateError(f"{place}: there is no filter '{node.name}'")


def _made(tree: nodes.Template) -> Iterator[str]:
    """The names a file imports, sets or defines."""
    yield from (one.name for one in tree.find_all(nodes.Name) if one.ctx == "store")
    yield from (one.name for one in tree.find_all(nodes.Macro))
    for imported in tree.find_all(nodes.FromImport):
        yield from (one if isinstance(one, str) else one[1] for one in imported.names)
