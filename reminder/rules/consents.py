"""What was agreed to for an address: the last word that counts."""

from reminder.model.people import Consent, ConsentBy, ConsentKind, ContactPoint
from reminder.model.reminders import Person

_WHO = {
    ConsentKind.DETAILS: frozenset(ConsentBy),
    # A guardian cannot say that nobody but the child reads an address.
    ConsentKind.OWN_ADDRESS: frozenset({ConsentBy.PATIENT, ConsentBy.STAFF}),
}


def has_consented(person: Person, kind: ConsentKind, to: ContactPoint) -> bool:
    """Whether the last word about this patient and address is a yes.

    A yes counts from those who may give it, and with the words they were
    shown; a no counts from anybody. Said at one instant, the no counts.
    """
    if not person.consents:
        return False
    words = [
        (consent.at, not consent.given)
        for consent in person.consents
        if consent.kind is kind
        and consent.to == to
        and consent.patient == person.key
        and _counts(consent)
    ]
    return bool(words) and not max(words)[1]


def _counts(consent: Consent) -> bool:
    if not consent.given:
        return True
    return consent.by in _WHO[consent.kind] and bool(consent.text_version.strip())
