"""The trials in their order: the sentence of each, and what is done where it fails."""

from reminder.ehr.probing import finding, search, server
from reminder.ehr.probing.attempts_around import AROUND, SAMPLE
from reminder.ehr.probing.session import Attempt

SERVER = (
    Attempt(
        "tls",
        "The connection is encrypted, and its certificate is good for weeks.",
        server.tls,
        "Nothing is sent to a server without TLS 1.2 or a certificate that is trusted.",
    ),
    Attempt(
        "reachable",
        "The server answers.",
        server.reachable,
        "Check the address, the firewall, and the proxy.",
        needed=True,
        gates=True,
    ),
    Attempt(
        "statement",
        "It says what it can do (CapabilityStatement).",
        server.statement,
        "What it can do is found out by trying. Is this the base URL, the one that "
        "/metadata is appended to?",
    ),
    Attempt(
        "fhir-version",
        "It speaks FHIR R4.",
        server.fhir_version,
        needed=True,
        gates=True,
    ),
    Attempt(
        "clock",
        "Its clock and ours agree to the minute.",
        server.clock,
        "Set both clocks by NTP: tokens and the search for changes depend on it.",
    ),
    Attempt(
        "smart",
        "It says where tokens come from (SMART).",
        server.smart_configuration,
    ),
    Attempt(
        "authentication",
        "Our credential is taken.",
        server.authentication,
        "Have the EHR's team check the client id, its key or secret, and what it may "
        "read.",
        needed=True,
        gates=True,
    ),
    Attempt(
        "scopes",
        "The token brings every scope asked for.",
        server.scopes,
        "What lies outside the scopes granted is left out: have them granted.",
    ),
    Attempt(
        "appointments",
        "It has Appointments.",
        server.appointments_offered,
        "This endpoint offers no Appointment at all: ask the vendor for another "
        "interface.",
        needed=True,
        gates=True,
    ),
)

FINDING = (
    Attempt(
        "date-window",
        "The appointments of a period are found, and no others.",
        search.window,
        "Appointments are not searched for by date alone.",
    ),
    Attempt(
        "by-patient",
        "A patient's appointments are found.",
        finding.by_patient,
        "No plan is made by patient.",
    ),
    Attempt(
        "by-location",
        "A location's appointments are found.",
        finding.by_location,
        "No plan is made by location.",
    ),
    Attempt(
        "by-practitioner",
        "A practitioner's appointments are found.",
        finding.by_practitioner,
        "No plan is made by practitioner.",
    ),
    Attempt(
        "impossible-window",
        "In the years 1900 and 2190 nothing is found.",
        search.impossible_window,
        "The server does not look at `date`: no plan is built on it.",
    ),
    Attempt(
        "unknown-parameter",
        "An unknown parameter is refused under strict handling.",
        search.unknown_parameter,
        "Everything that comes is compared with what was asked for.",
    ),
    Attempt(
        "paging",
        "A search of several pages brings them one by one.",
        search.paging,
        "A period whose page is full is halved until it fits.",
    ),
    Attempt(
        "last-updated",
        "It tells what changed since an instant (_lastUpdated).",
        search.last_updated,
        "The whole horizon is read again each time; window_every_s says how often.",
    ),
    Attempt(
        "by-id",
        "One appointment is read by its id.",
        finding.by_id,
        "Nothing is sent about an appointment that cannot be read again just before.",
        needed=True,
    ),
    Attempt(
        "versions",
        "It says which version it is.",
        finding.versions,
        "Contents are compared. Without versions nothing is written into Appointments, "
        "unless unversioned_writes is set.",
    ),
    Attempt(
        "id-lists",
        "Several are found by their ids at once.",
        finding.id_lists,
        "Each is read by itself, which costs more requests.",
    ),
    Attempt(
        "include",
        "Patients come along with their appointments (_include).",
        finding.include,
        "Patients are read by their ids.",
    ),
)

ATTEMPTS = (*SERVER, *FINDING, *AROUND, *SAMPLE)
