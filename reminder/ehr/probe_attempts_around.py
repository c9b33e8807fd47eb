"""The trials around appointments, and of a sample of them, each with its sentence."""

from reminder.ehr import probe_around, probe_sample, probe_write
from reminder.ehr.probe_session import Attempt

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
