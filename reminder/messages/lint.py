"""What is wrong with a clinic's templates, before the first patient reads them."""

from collections.abc import Collection, Iterator

from reminder.messages.opt_out import offers_a_way_out, reserved_answers
from reminder.messages.render import Renderer, TemplateError, files
from reminder.messages.samples import CLINIC, samples_for
from reminder.messages.segments import is_gsm7, segments, to_gsm7_friendly
from reminder.messages.specialties import specialties
from reminder.messages.template_text import drawn_on, line_of, unguarded, visible
from reminder.messages.texting import MOST_SEGMENTS, sender, write
from reminder.messages.wording import AFTER_A_STOP, DETAILS, LATE, text_message
from reminder.model.clinics import Clinic
from reminder.model.people import Channel
from reminder.model.remarks import Remark, Severity
from reminder.model.rulesets import LatePolicy, Tier

LONGEST_LINK = f"https://{'r' * 32}.example/r/{'A' * 22}"
"""A link with a host of 40 characters: longer than one should be."""

_NEEDS = {
    "practitioner": Tier.FULL,
    "instructions": Tier.FULL,
    "clinic": Tier.STANDARD,
    "address": Tier.STANDARD,
    "join_url": Tier.STANDARD,
}
"""What of a visit is empty below a tier."""
_MARK = "Zqx"


def lint_templates(
    renderer: Renderer,
    names: Collection[str],
    languages: Collection[str],
    clinic: Clinic,
) -> list[Remark]:
    """All that is found in these messages, as this clinic sends them.

    Beside them it looks at the clinic's short name, and at the `-late`
    templates of its steps. Empty when all is well.
    """
    tags = sorted({tag.replace("_", "-").split("-")[0].lower() for tag in languages})
    known = [tag for tag in tags if tag in renderer.languages]
    found = [_no_language(tag) for tag in tags if tag not in known]
    found += _short_name(clinic)
    found += _late_siblings(renderer, known, clinic)
    for file in _with_details(renderer, files(known, names)):
        found += _file(renderer, file, clinic)
    return list(dict.fromkeys(found))


def _with_details(renderer: Renderer, every: Iterator[str]) -> list[str]:
    """The files, and what of them names the visit where a patient chose that."""
    found = set(every)
    optional = {file.removesuffix(".txt") + f"{DETAILS}.txt" for file in found}
    return sorted(found | set(filter(renderer.has, optional)))


def _no_language(tag: str) -> Remark:
    return Remark(
        Severity.ERROR,
        f"email/{tag}, sms/{tag}",
        f"there are no templates in the language '{tag}'",
        "Write them, or take the language out of the clinic's: until then its "
        "patients are written to in English.",
    )


def _short_name(clinic: Clinic) -> Iterator[Remark]:
    place = f"clinic {clinic.clinic_id}, short_name"
    for word, _ in specialties(clinic.short_name):
        yield Remark(
            Severity.ERROR,
            place,
            f"'{word}' tells what a patient is treated for",
            "A lock screen shows this name: choose one that reveals nothing.",
        )
    if not sender(clinic):
        yield Remark(
            Severity.ERROR,
            place,
            "no letter of it can be sent in a text message of one segment",
            "Spell it in Latin letters.",
        )


def _late_siblings(
    renderer: Renderer, languages: Collection[str], clinic: Clinic
) -> Iterator[Remark]:
    for rule in clinic.ruleset.rules:
        for step in rule.steps:
            if step.late is not LatePolicy.SHORTEN:
                continue
            late = step.template + LATE
            for file in sorted(files(languages, [late])):
                if file.split("/")[0] in step.channels and not renderer.has(file):
                    yield Remark(
                        Severity.ERROR,
                        f"rule {rule.rule_id}, step {step.step_id}",
                        f"there is no '{file}' to send when it is late",
                        "Write it, or let the step be sent or dropped when late.",
                    )


def _file(renderer: Renderer, file: str, clinic: Clinic) -> list[Remark]:
    if not renderer.has(file):
        return [
            Remark(
                Severity.ERROR,
                file,
                "there is no such template",
                "Write it, or name another template in the rule.",
            )
        ]
    try:
        return [*_words(renderer, file, clinic), *_text_message(renderer, file, clinic)]
    except TemplateError as error:
        advice = "Mend it: nothing can be sent with it."
        return [Remark(Severity.ERROR, file, str(error), advice)]


def _words(renderer: Renderer, file: str, clinic: Clinic) -> Iterator[Remark]:
    """What can be read off the template and all it is made of."""
    tier = _tier(file, clinic)
    for part in drawn_on(renderer, file):
        text = visible(renderer.source(part), part)
        if file.startswith(Channel.SMS):
            for asked in reserved_answers(text):
                if not (asked.word == "START" and _is_after_a_stop(file)):
                    place = f"{part}:{line_of(text, asked.position)}"
                    yield _reserved(place, asked.word)
        if tier < Tier.FULL:
            for word, position in specialties(text):
                yield _specialty(f"{part}:{line_of(text, position)}", word)
        above = frozenset(name for name, needs in _NEEDS.items() if tier < needs)
        for use in unguarded(renderer.parsed(part), above):
            yield _stays_empty(f"{part}:{use.lineno}", use.attr)


def _is_after_a_stop(file: str) -> bool:
    return file.split("/")[-1].removesuffix(".txt") in AFTER_A_STOP


def _tier(file: str, clinic: Clinic) -> Tier:
    """The most this file may say; a subject and a notice by SMS are public."""
    if file.startswith(Channel.SMS):
        return clinic.ruleset.tiers.sms if DETAILS in file else Tier.BASIC
    if file.endswith(".subject.txt"):
        return Tier.BASIC
    return clinic.ruleset.tiers.email


def _reserved(place: str, word: str) -> Remark:
    return Remark(
        Severity.ERROR,
        place,
        f"'{word}' as an answer: carriers take it for an opt-out or an opt-in",
        "Let the patient answer on the page behind the link.",
    )


def _specialty(place: str, word: str) -> Remark:
    return Remark(
        Severity.ERROR,
        place,
        f"'{word}' tells what a patient is treated for",
        "Say 'your visit', or let the clinic send full details to this channel.",
    )


def _stays_empty(place: str, name: str) -> Remark:
    return Remark(
        Severity.WARNING,
        place,
        f"'{name}' stays empty: it is above the tier of this channel",
        f"Put what is said of it between {{% if visit.{name} %}} and {{% endif %}}.",
    )


def _text_message(renderer: Renderer, file: str, clinic: Clinic) -> Iterator[Remark]:
    """What only shows when the text message is filled in."""
    if not file.startswith(Channel.SMS):
        return
    for words in samples_for(file):
        text = renderer.render(file, {**words, "clinic": _MARK})
        if _MARK not in text:
            yield Remark(
                Severity.ERROR,
                file,
                "it does not say which clinic writes",
                "Begin with {{ clinic }}.",
            )
        if not (_is_after_a_stop(file) or offers_a_way_out(text, file.split("/")[1])):
            yield Remark(
                Severity.ERROR,
                file,
                "it does not say how to stop",
                "End with 'Reply STOP to stop', or the like in its language.",
            )
    yield from _length(renderer, file, clinic)


def _length(renderer: Renderer, file: str, clinic: Clinic) -> Iterator[Remark]:
    """The segments it takes with a long link and no more of the name than it must."""
    is_notice = DETAILS not in file
    words = (
        text_message("", LONGEST_LINK, CLINIC.phone)
        if is_notice
        else samples_for(file)[0]
    )
    words = {**words, "link": LONGEST_LINK}
    text = write(renderer, file, words, clinic)
    if segments(text) <= (1 if is_notice else MOST_SEGMENTS):
        return
    source = to_gsm7_friendly(visible(renderer.source(file), file))
    foreign = " ".join(sorted({char for char in source if not is_gsm7(char)}))
    yield Remark(
        Severity.WARNING,
        file,
        f"it takes {segments(text)} segments with a link of {len(LONGEST_LINK)} "
        "characters",
        f"Use words without {foreign}: one of them makes a segment 70 characters."
        if foreign
        else "Use fewer words.",
    )
