"""Who may be told in a minor's stead, of all that a record holds beside the patient."""

import re
from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from reminder.ehr.reading.contact_points import contact_points
from reminder.ehr.reading.instants import is_current
from reminder.ehr.reading.raw import Resource, objects
from reminder.model.people import Guardian

_MOST_CONTACTS = 20

# Emergency contacts, siblings, employers and insurers are on record, too: an
# unlisted code is nobody's guardian. The codes are of v3-RoleCode; N
# (next-of-kin) of v2-0131; PAR and GRD of v2-0063.
_CODES = """
    PRN PRNFOST NPRN STPPRN MTH MTHFOST NMTH NMTHF GESTM STPMTH ADOPTM ADOPTP
    FTH FTHFOST NFTH NFTHF STPFTH ADOPTF GUARD GUADLTM POWATT HPOWATT DPOWATT
    RESPRSN N PAR GRD
"""
_GUARDIANS = frozenset(_CODES.split())
_GUARDIAN_WORDS = re.compile(
    r"\b(mother|father|parent|guardian|madre|padre|tutora?)\b", re.IGNORECASE
)


def are_guardians(relationships: Iterable[Resource]) -> bool:
    """Whether one of these CodeableConcepts says so, by code or word."""
    return any(map(_says_guardian, relationships))


def contact_guardians(
    patient: Resource, *, now: datetime, country: str
) -> tuple[Guardian, ...]:
    """The guardians among a Patient's contacts, in their order.

    A contact must say that it is one, other than a RelatedPerson: here stand
    those to be called in an emergency. Each is named by its place in the
    record, `contact-1` for the first.
    """
    contacts = islice(objects(patient.get("contact")), _MOST_CONTACTS)
    return tuple(
        Guardian(
            f"contact-{place}",
            contact_points(contact.get("telecom"), now=now, country=country),
        )
        for place, contact in enumerate(contacts, 1)
        if is_current(contact.get("period"), now)
        and are_guardians(objects(contact.get("relationship")))
    )


def _says_guardian(relationship: Resource) -> bool:
    codings = list(objects(relationship.get("coding")))
    words = [relationship.get("text"), *(coding.get("display") for coding in codings)]
    return any(coding.get("code") in _GUARDIANS for coding in codings) or any(
        isinstance(word, str) and _GUARDIAN_WORDS.search(word) for word in words
    )
