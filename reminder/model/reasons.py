"""Why nothing was sent, or something was held back: one reason, one sentence."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a reminder was skipped, withdrawn, held, expired or failed."""

    CANCELLED = "cancelled"
    NOSHOW = "noshow"
    ENTERED_IN_ERROR = "entered-in-error"
    NOT_BOOKED = "not-booked"
    DECLINED = "declined"
    GONE = "gone"
    MOVED = "moved"
    NO_LONGER_A_STEP = "no-longer-a-step"
    PAST = "past"
    TOO_LATE = "too-late"
    QUIET_HOURS = "quiet-hours"
    DECEASED = "deceased"
    INACTIVE = "inactive"
    UNKNOWN_PATIENT = "unknown-patient"
    OPTED_OUT = "opted-out"
    ADDRESS_OPTED_OUT = "address-opted-out"
    REPLACED_BY_PREFERENCE = "replaced-by-preference"
    REPLANNED = "replanned"
    """Taken out of a message because the address or the clinic changed."""
    NO_CONTACT_POINT = "no-contact-point"
    NO_GUARDIAN = "no-guardian"
    NO_CLINIC = "no-clinic"
    EHR_UNAVAILABLE = "ehr-unavailable"
    NOT_PROTECTED = "not-protected"
    NOT_DELIVERED = "not-delivered"
    DELIVERY_UNKNOWN = "delivery-unknown"
    """Sent as often as is decent, and never known to have arrived."""
    NO_LONGER_USEFUL = "no-longer-useful"


SENTENCES: dict[Reason, str] = {
    Reason.CANCELLED: "The appointment was cancelled.",
    Reason.NOSHOW: "The patient did not come; nothing is left to remind of.",
    Reason.ENTERED_IN_ERROR: "The appointment was entered in error.",
    Reason.NOT_BOOKED: "The appointment is not booked (yet, or any more).",
    Reason.DECLINED: "The patient declined this appointment.",
    Reason.GONE: "The EHR no longer has this appointment.",
    Reason.MOVED: "The appointment moved; new reminders were planned.",
    Reason.NO_LONGER_A_STEP: "The clinic's rules no longer have this step.",
    Reason.PAST: "The appointment has begun or is over.",
    Reason.TOO_LATE: "The moment for this step had passed when we learned of it.",
    Reason.QUIET_HOURS: "No moment outside quiet hours was left before the visit.",
    Reason.DECEASED: "The patient has died.",
    Reason.INACTIVE: "The patient's record is not active.",
    Reason.UNKNOWN_PATIENT: "The EHR gave no readable record of the patient.",
    Reason.OPTED_OUT: "The patient asked for no reminders.",
    Reason.ADDRESS_OPTED_OUT: "Every address we could use has opted out.",
    Reason.REPLACED_BY_PREFERENCE: "The patient chose another time to be told.",
    Reason.REPLANNED: "Its address or clinic changed; it was planned anew.",
    Reason.NO_CONTACT_POINT: "There is no usable address for the step's channels.",
    Reason.NO_GUARDIAN: "The patient is a minor and no guardian can be reached.",
    Reason.NO_CLINIC: "The appointment's location belongs to no clinic.",
    Reason.EHR_UNAVAILABLE: "Held: the EHR could not be asked whether it still holds.",
    Reason.NOT_PROTECTED: "No encrypted way to this address could be proven.",
    Reason.NOT_DELIVERED: "Every channel was tried and none delivered.",
    Reason.DELIVERY_UNKNOWN: "It was sent, but whether it arrived is not known.",
    Reason.NO_LONGER_USEFUL: "It could not be sent while it was still useful.",
}
"""What a person reads for each reason."""
