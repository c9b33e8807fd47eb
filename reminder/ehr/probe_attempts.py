"""The trials in their order: the sentence of each, and what is done where it fails."""

from reminder.ehr import (
    probe_around,
    probe_finding,
    probe_sample,
    probe_search,
    probe_server,
    probe_write,
)
from reminder.ehr.probe_session import Attempt

SERVER = (
    Attempt(
        "tls",
        "The connection is encrypted, and its certificate is good for weeks.",
        probe_server.tls,
        "Nothing is sent to a server without TLS 1.2 or a certificate that is trusted.",
    ),
    Attempt(
        "reachable",
        "The server answers.",
        probe_server.reachable,
        "Check the address, the firewall, and the proxy.",
        needed=True,
        gates=True,
    ),
    Attempt(
        "statement",
        "It says what it can do (CapabilityStatement).",
        probe_server.statement,
        "What it can do is found out by trying. Is this the base URL, the one that "
        "/metadata is appended to?",
    ),
    Attempt(
        "fhir-version",
        "It speaks FHIR R4.",
        probe_server.fhir_version,
        needed=True,
        gates=True,
    ),
    Attempt(
        "clock",
        "Its clock and ours agree to the minute.",
        probe_server.clock,
        "Set both clocks by NTP: tokens and the search for changes depend on it.",
    ),
    Attempt(
        "smart",
        "It says where tokens come from (SMART).",
        probe_server.smart_configuration,
    ),
    Attempt(
        "authentication",
        "Our credential is taken.",
        probe_server.authentication,
        "Have the EHR's team check the client id, its key or secret, and what it may "
        "read.",
        needed=True,
        gates=True,
    ),
    Attempt(
        "scopes",
        "The token brings every scope asked for.",
        probe_server.scopes,
        "What lies outside the scopes granted is left out: have them granted.",
    ),
    Attempt(
        "appointments",
        "It has Appointments.",
        probe_server.appointments_offered,
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
        probe_search.window,
        "Appointments are not searched for by date alone.",
    ),
    Attempt(
        "by-patient",
        "A patient's appointments are found.",
        probe_finding.by_patient,
        "No plan is made by patient.",
    ),
    Attempt(
        "by-location",
        "A location's appointments are found.",
        probe_finding.by_location,
        "No plan is made by location.",
    ),
    Attempt(
        "by-practitioner",
        "A practitioner's appointments are found.",
        probe_finding.by_practitioner,
        "No plan is made by practitioner.",
    ),
    Attempt(
        "impossible-window",
        "In the years 1900 and 2190 nothing is found.",
        probe_search.impossible_window,
        "The server does not look at `date`: no plan is built on it.",
    ),
    Attempt(
        "unknown-parameter",
        "An unknown parameter is refused under strict handling.",
        probe_search.unknown_parameter,
        "Everything that comes is compared with what was asked for.",
    ),
    Attempt(
        "paging",
        "A search of several pages brings them one by one.",
        probe_search.paging,
        "A period whose page is full is halved until it fits.",
    ),
    Attempt(
        "last-updated",
        "It tells what changed since an instant (_lastUpdated).",
        probe_search.last_updated,
        "The whole horizon is read again each time; window_every_s says how often.",
    ),
    Attempt(
        "by-id",
        "One appointment is read by its id.",
        probe_finding.by_id,
        "Nothing is sent about an appointment that cannot be read again just before.",
        needed=True,
    ),
    Attempt(
        "versions",
        "It says which version it is.",
        probe_finding.versions,
        "Contents are compared. Without versions nothing is written into Appointments, "
        "unless unversioned_writes is set.",
    ),
    Attempt(
        "id-lists",
        "Several are found by their ids at once.",
        probe_finding.id_lists,
        "Each is read by itself, which costs more requests.",
    ),
    Attempt(
        "include",
        "Patients come along with their appointments (_include).",
        probe_finding.include,
        "Patients are read by their ids.",
    ),
)

AROUND = (
    Attempt(
        "patients",
        "Patients can be read.",
        probe_around.patients,
        "Without Patient nobody can be told anything: have it granted.",
        needed=True,
    ),
    Attempt(
        "locations",
        "Locations can be read.",
        probe_around.locations,
        "Messages name the place as the appointment does, or as the clinic's settings.",
    ),
    Attempt(
        "practitioners",
        "Practitioners can be read.",
        probe_around.practitioners,
        "Messages name the practitioner as the appointment does.",
    ),
    Attempt(
        "related-persons",
        "A patient's RelatedPersons are found.",
        probe_around.related_persons,
        "Guardians are taken from Patient.contact alone.",
    ),
    Attempt(
        "slots",
        "Free Slots of the next 30 days are found.",
        probe_around.free_slots,
        "Patients ask for another time, and the front desk moves them.",
    ),
    Attempt(
        "communications",
        "It takes records of what was sent (Communication).",
        probe_around.communications,
        "What was sent is recorded here only.",
    ),
    Attempt(
        "writes",
        "By its statement, Appointments can be changed.",
        probe_write.statement_of_writes,
        "What patients answer goes to the worklist.",
    ),
    Attempt(
        "if-match",
        "A write for another version than the present one is refused.",
        probe_write.if_match,
        "After each write the appointment is read again and compared.",
    ),
)

SAMPLE = (
    Attempt(
        "readable",
        "Every appointment seen can be read.",
        probe_sample.readable,
        "These go to quarantine (`reminder quarantine`); everything else goes on.",
    ),
    Attempt(
        "zones",
        "Every start says its zone.",
        probe_sample.zones,
        "Set site_zone on the connection; without it these go to quarantine.",
    ),
    Attempt(
        "references",
        "Who takes part is named by references.",
        probe_sample.references,
        "Without a reference to a patient an appointment goes to quarantine.",
    ),
    Attempt(
        "ids",
        "Ids have at most 64 characters.",
        probe_sample.identifiers,
        "Longer ids are taken as they are, up to 256 characters.",
    ),
    Attempt(
        "versioned",
        "Every appointment seen has a version and a date of change.",
        probe_sample.versioned,
        "Contents are compared instead.",
    ),
    Attempt(
        "places",
        "Every appointment seen says where it is.",
        probe_sample.places,
        "Set default_clinic on the connection for those that do not.",
    ),
    Attempt(
        "response-times",
        "It answers quickly enough for a patient who waits.",
        probe_around.response_times,
        "Answers of patients are queued after answer_limit_s, and written a little "
        "later.",
    ),
)

ATTEMPTS = (*SERVER, *FINDING, *AROUND, *SAMPLE)
