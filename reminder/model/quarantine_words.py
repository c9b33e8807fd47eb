"""What to do about each problem for which an entry of the EHR is in quarantine."""

from reminder.model.quarantine import QuarantineEntry

_TELL = "Report it to the EHR's vendor with this path"

WHAT_TO_DO: dict[str, str] = {
    "missing": "FHIR requires it: have it filled in in the EHR.",
    "invalid": f"It is not what FHIR R4 allows there. {_TELL}.",
    "invalid-format": f"It is not written as FHIR R4 writes it. {_TELL}.",
    "wrong-type": f"It is of another type than in FHIR R4. {_TELL}.",
    "unknown-field": f"FHIR R4 has no such element. {_TELL}.",
    "unknown-code": "FHIR R4 has no such code: have the right one chosen in the EHR.",
    "unknown-resource-type": f"FHIR R4 has no such type of resource. {_TELL}.",
    "unexpected-resource-type": f"It is not the type that was asked for. {_TELL}.",
    "not-an-object": f"There is no resource where one belongs. {_TELL}.",
    "not-json": f"It is no valid JSON. {_TELL}.",
    "not-unicode": f"It holds text that is no Unicode. {_TELL}.",
    "not-a-fhir-id": f"Its id cannot be used in an address. {_TELL}.",
    "not-an-instant": "It is no date and time: have the start corrected in the EHR.",
    "instant-without-zone": (
        "It does not say in which time zone: set the connection's site_zone."
    ),
    "instant-without-zone-repaired": (
        "It does not say in which time zone: it was taken for site_zone's."
    ),
    "instant-in-clock-change-repaired": (
        "The clocks change then: check in the EHR which hour is meant."
    ),
    "instant-misspelt-repaired": f"The time breaks FHIR's format. {_TELL}.",
    "no-patient": "No patient takes part: add the patient in the EHR.",
    "reference-missing": "It names nobody: choose the person or place in the EHR.",
    "reference-malformed": f"Its reference cannot be followed. {_TELL}.",
    "contained-reference": "It has no record of its own: link the record in the EHR.",
    "foreign-reference": "Its record is on another server: link one of this EHR.",
    "logical-reference": "It is named by an identifier only: link the record.",
    "identifier-of-no-patient": "No patient has this identifier: correct it.",
    "identifier-of-several-patients": (
        "Several patients have this identifier: merge them, or link the one meant."
    ),
    "patient-search-refused": (
        "The EHR does not let us search for it: allow Patient?identifier=."
    ),
}
"""A sentence for every code the EHR room gives; who reads it knows the path."""

_OTHERWISE = f"It cannot be read. {_TELL}."


def what_to_do(entry: QuarantineEntry) -> str:
    """What somebody must do about an entry; or what was done, if it was read.

    Of a visit of several patients all but one may have been read: that one is
    told nothing.
    """
    sentence = WHAT_TO_DO.get(entry.problem, _OTHERWISE)
    if not entry.repaired:
        return sentence
    if entry.problem.endswith("-repaired"):
        return f"Read after a repair: {sentence}"
    return f"Read without this patient, who hears nothing: {sentence}"
