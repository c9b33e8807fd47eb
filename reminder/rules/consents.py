"""What was agreed to for an address: the last word that counts."""

from reminder.model.people import Consent, ConsentBy, ConsentKind, ContactPoint
from reminder.model.reminders import Person

_WHO = {
    ConsentKind.DETAILS: frozenset(ConsentBy),
    # A guardian cannot say that nobody but the child reads an address.
    ConsentKind.OWN_ADDRESS: frozenset({ConsentBy.PATIENT, ConsentBy.STAFF}),
}
_EVERYTHING = "full-"


def promise_everything(text_version: str) -> bool:
    """Whether words of this name told that a message may say all of a visit.

    All others, however they are named, promised no more than when and where:
    a slip of the pen must not let a message say more.
    """
    return text_version.strip().startswith(_EVERYTHING)


def has_consented(
    person: Person, kind: ConsentKind, to: ContactPoint, *, of_minor: bool
) -> bool:
    """Whether the last word about this patient and address is a yes."""
    return agreed_words(person, kind, to, of_minor=of_minor) is not None


def agreed_words(
    person: Person, kind: ConsentKind, to: ContactPoint, *, of_minor: bool
) -> str | None:
    """The words the last yes was said to; None when the last word is no yes.

    A yes counts from those who may give it, and with the words they were
    shown; a guardian's only for a visit of a minor. A no counts from anybody.
    Said at one instant, the no counts, and of two yeses the one that promised
    less.
    """
    if not person.consents:
        return None
    words = [
        (
            consent.at,
            not consent.given,
            not promise_everything(consent.text_version),
            consent.text_version,
        )
        for consent in person.consents
        if consent.kind is kind
        and consent.to == to
        and consent.patient == person.key
        and _counts(consent, of_minor=of_minor)
    ]
    if not words:
        return None
    _, is_no, _, text_version = max(words)
    return None if is_no else text_version


def _counts(consent: Consent, *, of_minor: bool) -> bool:
    if not consent.given:
        return True
    if consent.by is ConsentBy.GUARDIAN and not of_minor:
        return False
    return consent.by in _WHO[consent.kind] and bool(consent.text_version.strip())
