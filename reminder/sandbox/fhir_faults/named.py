"""Every fault by its name, and the makes of EHRs as what each does its own way."""

from reminder.sandbox.errors import SandboxError
from reminder.sandbox.fhir_faults import (
    bodies,
    entries,
    pages,
    searches,
    statuses,
    writes,
)
from reminder.sandbox.fhir_faults.declaring import FHIRFault

_MODULES = (statuses, pages, entries, bodies, searches, writes)

FAULTS = {
    fault.name: fault
    for module in _MODULES
    for fault in vars(module).values()
    if isinstance(fault, FHIRFault)
}

VENDORS = {
    "athenahealth": (
        searches.ids_only,
        writes.says_appointments_are_only_read,
    ),
    "epic": (
        searches.patient_required,
        searches.long_ids,
        entries.no_meta,
        searches.search_cut_short,
        writes.says_appointments_are_only_read,
    ),
    "medplum-router": (
        pages.no_paging_links,
        searches.strictness_ignored,
        searches.deleted_is_404,
        writes.transactions_not_atomic,
        writes.statement_missing,
    ),
    "openemr": (
        searches.strictness_ignored,
        writes.versions_ignored,
        writes.says_no_transactions,
    ),
    "oracle-health": (
        searches.roster_required,
        searches.last_updated_refused,
        writes.versions_required,
        writes.says_no_transactions,
    ),
}
"""What research found of these makes, as far as a fault can play it.

The first of a tuple sees a request first.
"""


def named(name: str) -> tuple[FHIRFault, ...]:
    """The fault of that name, or all that a make of EHR does its own way.

    Raises:
        SandboxError: there is none of that name.
    """
    if name in VENDORS:
        return VENDORS[name]
    if name not in FAULTS:
        raise SandboxError(f"no fault is named {name}")
    return (FAULTS[name],)
