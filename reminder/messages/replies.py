"""Understands what a patient sent back: carefully, since a human can always read it."""

import re
from collections.abc import Collection, Iterable, Iterator
from unicodedata import category

from reminder.messages.replies_en import ENGLISH
from reminder.messages.replies_es import SPANISH
from reminder.messages.replies_plain import (
    has_other_letters,
    is_near,
    plain,
    shouted,
    unstretched,
)
from reminder.messages.replies_words import ReplyWords
from reminder.model.inbound import Wish

_TABLES = {"en": ENGLISH, "es": SPANISH}
_DIGITS = {"1": Wish.CONFIRM, "2": Wish.MOVE, "3": Wish.CANCEL}
_IN_ORDER = (Wish.STOP, Wish.START, Wish.HELP, Wish.CONFIRM, Wish.MOVE, Wish.CANCEL)
_EMOJI = {"\N{THUMBS UP SIGN}": Wish.CONFIRM, "\N{OCTAGONAL SIGN}": Wish.STOP}
_DECORATION = frozenset({"Cc", "Cf", "Mn", "Sk", "Zl", "Zp", "Zs"})
_FEW_WORDS = 9
_NOT_A_SLIP = frozenset({"shop", "step", "top", "stoop", "store", "subscribe", "stops"})
_LONG = "unsubscribe"
_AGREED = frozenset({"yes", "si"})

KEYWORDS: dict[str, Wish] = (
    dict.fromkeys(
        (
            *("stop", "stopall", "unsubscribe", "cancel"),
            *("end", "quit", "revoke", "optout"),
        ),
        Wish.STOP,
    )
    | dict.fromkeys(("start", "yes", "unstop"), Wish.START)
    | dict.fromkeys(("help", "info"), Wish.HELP)
)
"""What US carriers and Twilio act on themselves, if it is all that was written."""


def understand(
    text: str,
    *,
    languages: Collection[str] = (),
    asked: int = 0,
    stopped: bool = False,
) -> Wish:
    """What the reply asks for; OTHER where only a human can tell.

    `languages` are BCP 47 tags; English and single digits are always
    understood, and that somebody wants no more messages in every language there
    is a table of. `asked` is how many options our open question has:
    then the digit of one means that. `stopped` says that the number gets
    nothing at present: then YES is what carriers take it for, START.
    """
    words = plain(text)
    if has_other_letters(text):
        return Wish.STOP if _is_stop(text, words) else Wish.OTHER
    if words in _DIGITS or (asked and re.fullmatch("[1-9]", words)):
        return Wish.WHICH if asked else _DIGITS[words]
    if not words:
        return _emoji(text)
    if _is_stranger(words):
        return Wish.NOT_ME
    if _is_stop(text, words):
        return Wish.STOP
    wish = _wish(words, list(_tables(languages)))
    return Wish.START if stopped and words in _AGREED else wish


def is_keyword(text: str) -> bool:
    """Whether a provider that answers keywords itself has answered this one."""
    return text.strip().casefold() in KEYWORDS


def chosen(text: str) -> int:
    """Which of our options was meant, the first being 1; 0 when it is no digit."""
    words = plain(text)
    return int(words) if re.fullmatch("[1-9]", words) else 0


def _tables(languages: Iterable[str]) -> Iterator[ReplyWords]:
    primary = {tag.replace("_", "-").split("-")[0].lower() for tag in languages}
    return (table for tag, table in _TABLES.items() if tag in primary | {"en"})


def _wish(words: str, tables: list[ReplyWords]) -> Wish:
    for wish in _IN_ORDER:
        if any(words in table.whole[wish] for table in tables):
            return wish
    for table in tables:
        core = _core(words, table)
        for wish in _IN_ORDER:
            # 'No, thanks' declines something, and nobody knows what.
            if core in table.whole[wish] - {"no", "n"}:
                return wish
    moves = (table.moves for table in tables)
    return Wish.MOVE if any(_found(one, words) for one in moves) else Wish.OTHER


def _is_stop(text: str, words: str) -> bool:
    every = list(_TABLES.values())
    cores = {words, *(_core(words, table) for table in every)}
    if any(cores & table.whole[Wish.STOP] for table in every):
        return True
    if any(core and all(map(_is_misspelt_stop, core.split())) for core in cores):
        return True
    if any(_found(table.stops, words) for table in every):
        return True
    return shouted(text) and not _is_excused(words) and "stop by" not in words


def _is_misspelt_stop(word: str) -> bool:
    if word in _NOT_A_SLIP:
        return False
    short = unstretched(word)
    if len(word) >= 3 and (is_near(word, "stop") or short == "stop"):
        return True
    one_less = (word[:n] + word[n + 1 :] for n in range(len(word)))
    return len(word) >= 9 and (
        is_near(word, _LONG)
        or any(is_near(one, _LONG) for one in one_less)
        or any(is_near(word, _LONG[:n] + _LONG[n + 1 :]) for n in range(len(_LONG)))
    )


def _is_stranger(words: str) -> bool:
    if len(words.split()) > _FEW_WORDS:
        return False
    for table in _TABLES.values():
        whole = table.whole[Wish.NOT_ME]
        if words in whole or _core(words, table) in whole:
            return True
        if _found(table.strangers, words):
            return True
    return False


def _found(patterns: Iterable[str], words: str) -> bool:
    found = any(re.search(one, words) for one in patterns)
    return found and not _is_excused(words)


def _is_excused(words: str) -> bool:
    return any(
        re.search(one, words) for table in _TABLES.values() for one in table.unless
    )


def _core(words: str, table: ReplyWords) -> str:
    """The words without the polite ones around them."""
    parts = words.split()
    while parts and parts[0] in table.around:
        del parts[0]
    while parts and parts[-1] in table.around:
        del parts[-1]
    return " ".join(parts)


def _emoji(text: str) -> Wish:
    """One sign, however often and in whichever colour; nothing else with it."""
    signs = {one for one in text if category(one) not in _DECORATION} - set("!.")
    return _EMOJI.get(signs.pop(), Wish.OTHER) if len(signs) == 1 else Wish.OTHER
