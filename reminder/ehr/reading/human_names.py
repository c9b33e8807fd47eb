"""Which of a person's HumanNames to use, and how it reads."""

from collections.abc import Mapping

from reminder.ehr.reading.text import NAME_LIMIT, person_name

_USES = {"official": 0, "usual": 1, "nickname": 3, "anonymous": 4, "temp": 5}
_NEVER = ("old", "maiden")
_UNSTATED = 2


def chosen(names: object) -> Mapping[str, object]:
    """The official name, else the usual one, else what there is; empty for none."""
    listed = names if isinstance(names, list) else []
    usable = [
        name
        for name in listed
        if isinstance(name, Mapping) and name.get("use") not in _NEVER
    ]
    return min(usable, key=_preference, default={})


def first_given(name: Mapping[str, object]) -> str:
    """The first given name; empty when there is none."""
    given = name.get("given")
    return person_name(given[0]) if isinstance(given, list) and given else ""


def family(name: Mapping[str, object]) -> str:
    """The family name; empty when there is none."""
    return person_name(name.get("family"))


def family_or_whole(name: Mapping[str, object]) -> str:
    """The family name; of a name that is not taken apart, all of it."""
    parted = first_given(name) or family(name)
    return family(name) if parted else without_additions(name.get("text"))


def as_addressed(name: Mapping[str, object]) -> str:
    """Prefix, first given and family name, such as 'Dr. Ana Ruiz'; else its text."""
    prefix = name.get("prefix")
    title = person_name(prefix[0]) if isinstance(prefix, list) and prefix else ""
    parts = [title, first_given(name), family(name)]
    spoken = " ".join(part for part in parts if part) if any(parts[1:]) else ""
    return (spoken or without_additions(name.get("text")))[:NAME_LIMIT].rstrip()


def without_additions(display: object) -> str:
    """A display name without what stands in brackets or behind a comma.

    There a server may put the specialty, which no message may name.
    """
    if not isinstance(display, str):
        return ""
    return person_name(display.split("(")[0].split(",")[0])


def _preference(name: Mapping[str, object]) -> int:
    use = name.get("use")
    return _USES.get(use, _UNSTATED) if isinstance(use, str) else _UNSTATED
