"""What a template says by itself, before anything is filled in, and on which line."""

import html
import re
from collections.abc import Iterator

from jinja2 import nodes
from jinja2.meta import find_referenced_templates

from reminder.messages.render import Renderer

_JINJA = re.compile(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", re.S)
_NAMES_A_FILE = re.compile(r"\{%-?\s*(?:extends|from|import|include)\b")
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_MARKUP = re.compile(r"<style\b.*?</style>|<!--.*?-->|<[^>]*>", re.S)
_SEEN = re.compile(r"\S")


def visible(source: str, file: str) -> str:
    """The template's own words, each on the line it stands on; the rest is blank.

    Words in quotes inside a tag are its own too; the names of other templates,
    comments and HTML are not.
    """
    text = _JINJA.sub(lambda tag: _own_words(tag.group()), source)
    if file.endswith(".html"):
        text = html.unescape(_MARKUP.sub(lambda tag: _blank(tag.group()), text))
    return text


def line_of(text: str, position: int) -> int:
    """The line a position is on, counted from 1."""
    return text.count("\n", 0, position) + 1


def drawn_on(renderer: Renderer, file: str) -> list[str]:
    """The template and all it extends or imports, itself first.

    Raises:
        TemplateError: it names one that is not there.
    """
    found = [file]
    for name in found:
        others = find_referenced_templates(renderer.parsed(name))
        found += [other for other in others if other and other not in found]
    return found


def unguarded(node: nodes.Node, attributes: frozenset[str]) -> Iterator[nodes.Getattr]:
    """Where one of these attributes is used without a look whether it is empty."""
    left = attributes
    if isinstance(node, nodes.If | nodes.CondExpr):
        left = left - {found.attr for found in _attributes(node.test)}
    elif isinstance(node, nodes.Getattr) and node.attr in left:
        yield node
    for child in node.iter_child_nodes():
        yield from unguarded(child, left)


def _attributes(test: nodes.Node) -> list[nodes.Getattr]:
    itself = [test] if isinstance(test, nodes.Getattr) else []
    return [*itself, *test.find_all(nodes.Getattr)]


def _own_words(tag: str) -> str:
    if tag.startswith("{#") or _NAMES_A_FILE.match(tag):
        return _blank(tag)
    words = list(_blank(tag))
    for quoted in _QUOTED.finditer(tag):
        words[quoted.start() + 1 : quoted.end() - 1] = quoted.group()[1:-1]
    return "".join(words)


def _blank(text: str) -> str:
    return _SEEN.sub(" ", text)
