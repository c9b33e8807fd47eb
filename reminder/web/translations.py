"""The languages of the pages: English in the templates, the others in .po files."""

from collections.abc import Mapping
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ENGLISH = "en"


def read_translations(folder: Path) -> Mapping[str, NullTranslations]:
    """Each language of the pages with its words, English first; read, not compiled."""
    found = {file.stem: _read(file) for file in sorted(folder.glob("*.po"))}
    return {ENGLISH: NullTranslations(), **found}


def _read(file: Path) -> GNUTranslations:
    with file.open("rb") as source:
        catalog = read_po(source, locale=file.stem, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)
