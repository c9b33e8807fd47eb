"""Which visits give something away: by security labels, and by a clinic's lists."""

from functools import lru_cache

from reminder.model.appointments import Appointment
from reminder.model.rulesets import Ruleset

# HL7 v3-Confidentiality: restricted and very restricted; and what it had
# before 2013 for its modifiers: celebrity, sensitive, taboo.
_CONFIDENTIALITY = "r v c s t"

# HL7 v3-ActCode, below InformationSensitivityPolicy: of the act all codes, of
# roles those about the patient. Those about single facts such as race or an
# employer say nothing of the visit.
_ACTS = """
    eth gdis hiv mst pregnant sca sdv sex spi bh cogn dvd emotdis mh psy psythpn
    sud ethud opioidud std tboo vio ids sickle
"""
_ROLES = "ssp adol cel vip dia drgis prs soc"

SENSITIVE_LABELS = frozenset(f"{_CONFIDENTIALITY} {_ACTS} {_ROLES}".split())
"""Codes of `meta.security`, in small letters, that make a visit sensitive."""


def is_sensitive(appointment: Appointment, ruleset: Ruleset) -> bool:
    """Whether messages about this visit say no more than the basic tier.

    By a label of the EHR, or because a code or text of its service, or its
    Location, is on the clinic's list. Labels are often missing: the list counts.
    """
    if not SENSITIVE_LABELS.isdisjoint(appointment.kind.security):
        return True
    return _is_listed(appointment, ruleset.sensitive)


def is_confidential(appointment: Appointment, ruleset: Ruleset) -> bool:
    """Whether this is a service of which guardians are not told, by the clinic's list.

    From which age on that holds is not asked here.
    """
    return _is_listed(appointment, ruleset.confidential.services)


def _is_listed(appointment: Appointment, names: frozenset[str]) -> bool:
    if not names:
        return False
    listed, kind, place = _small(names), appointment.kind, appointment.place
    if place is not None and place.location_id.lower() in listed:
        return True
    return not (
        listed.isdisjoint(kind.appointment_types)
        and listed.isdisjoint(kind.service_types)
        and listed.isdisjoint(kind.service_categories)
        and listed.isdisjoint(kind.specialties)
    )


@lru_cache(maxsize=1024)
def _small(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in names)
