"""Fills templates: compiled once at start, sandboxed, and strict about every name."""

from collections.abc import Collection, Iterator
from pathlib import Path
from traceback import walk_tb

from jinja2 import (
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateSyntaxError,
    nodes,
    select_autoescape,
)
from jinja2 import TemplateError as JinjaError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reminder.messages.samples import samples_for
from reminder.messages.wording import (
    DETAILS,
    REPLIES,
    WHICH,
    WITH_LATE,
    WITH_TEXT_DETAILS,
    WITHOUT_DETAILS,
    Words,
)

NAMES = frozenset(
    {
        "reminder",
        "booked",
        "moved",
        "cancelled",
        "missed",
        "thanks",
        "answer-moved",
        "answer-not-moved",
        "answer-cancelled",
        "answer-not-cancelled",
        "answer-rebooked",
        "answer-not-rebooked",
        "answer-requested",
        *WITHOUT_DETAILS,
        *WITH_LATE,
    }
)
"""Every message this installation sends of itself; a clinic's rule may name more.

Beside them there are the answers to text messages, `REPLIES`.
"""

_FALLBACK = "en"
_FOLDERS = ("email/", "sms/")
_FAILURES = (JinjaError, TypeError, ValueError, LookupError, ArithmeticError)
"""What filling a template can raise; anything else is a bug of ours."""


class TemplateError(Exception):
    """A template that cannot be used: its file and line, never a value."""


class Renderer:
    """Every e-mail and SMS template of one folder, compiled.

    Raises:
        TemplateError: a template is not well formed.
    """

    def __init__(self, templates: Path) -> None:
        self._root = templates
        self._environment = _environment(templates)
        self._trees: dict[str, nodes.Template] = {}
        self._templates = {name: self._compile(name) for name in self._names()}
        self.languages = frozenset(
            name.split("/")[1] for name in _messages(self._templates)
        )

    def language(self, tag: str) -> str:
        """The language to write in for a BCP 47 tag; English where we have none."""
        primary = _primary(tag)
        return primary if primary in self.languages else _FALLBACK

    def has(self, file: str) -> bool:
        """Whether there is a template at this path."""
        return file in self._templates

    def source(self, file: str) -> str:
        """The template as it was written.

        Raises:
            TemplateError: there is no such template.
        """
        self._find(file)
        return self._root.joinpath(file).read_text("utf-8")

    def parsed(self, file: str) -> nodes.Template:
        """The template taken apart, for who looks at it before it is used.

        Raises:
            TemplateError: there is no such template.
        """
        if file not in self._trees:
            self._trees[file] = self._environment.parse(self.source(file))
        return self._trees[file]

    def render(self, file: str, words: Words) -> str:
        """The template `email/en/reminder.txt`, say, with these words in it.

        Raises:
            TemplateError: there is no such template, or it could not be
                filled. The words are not in the message.
        """
        template = self._find(file)
        try:
            return template.render(words)
        except _FAILURES as error:
            place, kind = self._place(error, file), type(error).__name__
            raise TemplateError(f"{place}: could not be filled ({kind})") from None

    def check(self, languages: Collection[str], names: Collection[str] = NAMES) -> None:
        """Fill every template of these messages in these languages with samples.

        Raises:
            TemplateError: a template is missing, or uses a name it is not
                given; it says which file, line and name.
        """
        for file in sorted(
            files(set(map(_primary, languages)), {*names, *NAMES, *REPLIES})
        ):
            self._find(file)
        for file in self._templates:
            self._check_names(file)
        for file in _messages(self._templates):
            for words in samples_for(file):
                self._try(file, words)

    def _names(self) -> list[str]:
        every = self._environment.list_templates(extensions=("txt", "html"))
        return [name for name in every if name.startswith(_FOLDERS)]

    def _compile(self, file: str) -> Template:
        try:
            return self._environment.get_template(file)
        except TemplateSyntaxError as error:
            place = f"{error.name or file}:{error.lineno}"
            raise TemplateError(f"{place}: {error.message}") from None

    def _find(self, file: str) -> Template:
        if file not in self._templates:
            raise TemplateError(f"{file}: there is no such template")
        return self._templates[file]

    def _check_names(self, file: str) -> None:
        """Every name in every branch, taken or not."""
        tree = self.parsed(file)
        known = {name for words in samples_for(file) for name in words}
        for name in sorted(find_undeclared_variables(tree) - known):
            line = next(
                node.lineno for node in tree.find_all(nodes.Name) if node.name == name
            )
            raise TemplateError(f"{file}:{line}: '{name}' is not defined here")
        # In a branch, Jinja itself looks for a filter only when the branch is taken.
        for node in tree.find_all(nodes.Filter):
            if node.name not in self._environment.filters:
                place = f"{file}:{node.lineno}"
                raise TemplateError(f"{place}: there is no filter '{node.name}'")

    def _try(self, file: str, words: Words) -> None:
        try:
            self._templates[file].render(words)
        except _FAILURES as error:
            # Only samples are in it, so Jinja's own words may be shown.
            raise TemplateError(f"{self._place(error, file)}: {error}") from None

    def _place(self, error: BaseException, file: str) -> str:
        """The file and line of the innermost template in the traceback."""
        by_path = {
            str(template.filename): name for name, template in self._templates.items()
        }
        for frame, line in reversed(list(walk_tb(error.__traceback__))):
            if frame.f_code.co_filename in by_path:
                return f"{by_path[frame.f_code.co_filename]}:{line}"
        return file


def files(languages: Collection[str], names: Collection[str]) -> Iterator[str]:
    """The files a complete set of these messages has in these languages."""
    for language in languages:
        for name in names:
            if name not in REPLIES:
                for suffix in (".subject.txt", ".txt", ".html"):
                    yield f"email/{language}/{name}{suffix}"
            yield f"sms/{language}/{name}.txt"
            if name in WITH_TEXT_DETAILS or name == WHICH:
                yield f"sms/{language}/{name}{DETAILS}.txt"


def _primary(tag: str) -> str:
    return tag.replace("_", "-").split("-")[0].lower()


def _messages(files: Collection[str]) -> list[str]:
    """The files that are messages, not parts of them: `_base.html` is a part."""
    return [
        file
        for file in files
        if file.count("/") == 2 and not file.split("/")[2].startswith("_")
    ]


def _environment(templates: Path) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        autoescape=select_autoescape(("html",), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    # Templates put words together; what could compute or loop without end
    # is not there to be called.
    environment.globals.clear()
    environment.tests.clear()
    environment.filters = {"length": environment.filters["length"]}
    return environment
