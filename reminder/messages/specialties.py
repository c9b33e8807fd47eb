"""Words that tell what somebody is treated for, in English and Spanish.

Kinds of clinic that tell next to nothing (family, children, teeth, eyes) are
not among them.
"""

import re
import unicodedata
from collections.abc import Iterator

_SAID = re.compile(
    r"""(?x) \b (?:
      (?: hiv | vih | sida | (?<!hearing[ ])aids | st[di] | ivf | sexual | gender
        | substance | rehab | mental\s+health | behavioral\s+health | salud\s+mental
        | salud\s+conductual | eating\s+disorder | memory\s+clinic | family\s+planning
        | planificacion\s+familiar ) \b
    | (?: abort | addict | adicc | alcohol | alzheim | anorex | bariatr | biops
        | bipolar | bulimi | cancer | cardiol | chemo | colonosc | dement | depresi
        | depress
        | dermatol | desintox | detox | diabet | dialisis | dialysis | embaraz
        | endocrin | epilep | esquizof | fertil | gastroenter | ginecol | gyna?ecol
        | hematol
        | hepat | hospice | infecci | infectious | inmunol | immunol | mamm?ogra
        | meth?adon | nefrol | nephrol | neumol | neurol | obstetr | oncol | palliat
        | paliativ | pregnan | prenatal | psicol | psicot | psiquiatr | psychiatr
        | psycholog | psychother | pulmonol | quimio | radioth?er | rh?eumatol | schizo
        | suboxon | transplant | trasplant | trastorno | tubercul | urolog | vasectom
        | venere ) \w*
    )"""
)


def specialties(text: str) -> Iterator[tuple[str, int]]:
    """Each such word as it stands in the text, and its position."""
    for found in _SAID.finditer("".join(map(_plain, text))):
        yield " ".join(text[found.start() : found.end()].split()), found.start()


def _plain(char: str) -> str:
    """The letter small and without its accent; always one character."""
    small = unicodedata.normalize("NFKD", char)[:1].lower()
    return small if len(small) == 1 else char
