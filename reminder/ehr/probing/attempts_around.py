"""The trials around appointments, and of a sample of them, each with its sentence."""

from reminder.ehr.probing import around, sample, write
from reminder.ehr.probing.session import Attempt

AROUND = (
    Attempt(
        "patients",
        "Patients can be read.",
        around.patients,
        "Without Patient nobody can be told anything: have it granted.",
        needed=True,
    ),
    Attempt(
        "locations",
        "Locations can be read.",
        around.locations,
        "Messages name the place as the appointment does, or as the clinic's settings.",
    ),
    Attempt(
        "practitioners",
        "Practitioners can be read.",
        around.practitioners,
        "Messages name the practitioner as the appointment does.",
    ),
    Attempt(
        "related-persons",
        "A patient's RelatedPersons are found.",
        around.related_persons,
        "Guardians are taken from Patient.contact alone.",
    ),
    Attempt(
        "slots",
        "Free Slots of the next 30 days are found.",
        around.free_slots,
        "Patients ask for another time, and the front desk moves them.",
    ),
    Attempt(
        "communications",
        "It takes records of what was sent (Communication).",
        around.communications,
        "What was sent is recorded here only.",
    ),
    Attempt(
        "writes",
        "By its statement, Appointments can be changed.",
        write.statement_of_writes,
        "What patients answer goes to the worklist.",
    ),
    Attempt(
        "if-match",
        "A write for another version than the present one is refused.",
        write.if_match,
        "After each write the appointment is read again and compared.",
    ),
)

SAMPLE = (
    Attempt(
        "readable",
        "Every appointment seen can be read.",
        sample.readable,
        "These go to quarantine (`reminder quarantine`); everything else goes on.",
    ),
    Attempt(
        "zones",
        "Every start says its zone.",
        sample.zones,
        "Set site_zone on the connection; without it these go to quarantine.",
    ),
    Attempt(
        "references",
        "Who takes part is named by references.",
        sample.references,
        "Without a reference to a patient an appointment goes to quarantine.",
    ),
    Attempt(
        "ids",
        "Ids have at most 64 characters.",
        sample.identifiers,
        "Longer ids are taken as they are, up to 256 characters.",
    ),
    Attempt(
        "versioned",
        "Every appointment seen has a version and a date of change.",
        sample.versioned,
        "Contents are compared instead.",
    ),
    Attempt(
        "places",
        "Every appointment seen says where it is.",
        sample.places,
        "Set default_clinic on the connection for those that do not.",
    ),
    Attempt(
        "response-times",
        "It answers quickly enough for a patient who waits.",
        around.response_times,
        "Answers of patients are queued after answer_limit_s, and written a little "
        "later.",
    ),
)
