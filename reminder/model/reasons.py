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
    CLINIC_STOPPED = "clinic-stopped"
    CHANNEL_STOPPED = "channel-stopped"
    EXCLUDED = "excluded"
    NO_RULE = "no-rule"
    TOLD_NOTHING = "told-nothing"
    CONFIRMED = "confirmed"
    ANSWERED = "answered"
    NOT_CONFIRMED = "not-confirmed"
    BOOKED_SHORTLY_BEFORE = "booked-shortly-before"
    NOT_FIRST_OF_THE_DAY = "not-first-of-the-day"
    CONFIDENTIAL = "confidential"
    OVER_CAP = "over-cap"
    ALREADY_KNOWN = "already-known"
    """The patient did it, or was told of the present time before."""
    REBOOKED = "rebooked"
    """Cancelled and booked anew at once: told as a move of the new one."""
    NOT_ATTENDED = "not-attended"
    TAKEN_BACK = "taken-back"
    """What was to be told is no longer so: uncancelled, or moved back."""
    NOT_NEWS = "not-news"
    """It happened before the rule that would tell it was published."""
    SUPERSEDED = "superseded"
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
    Reason.CLINIC_STOPPED: "The patient asked for no messages of this clinic.",
    Reason.CHANNEL_STOPPED: "The patient stopped the channels this step uses.",
    Reason.EXCLUDED: "Somebody at the clinic took this appointment out.",
    Reason.NO_RULE: "No rule of the clinic is for appointments of this kind.",
    Reason.TOLD_NOTHING: "The clinic tells nothing of visits of this kind.",
    Reason.CONFIRMED: "The patient has confirmed.",
    Reason.ANSWERED: "The patient has answered.",
    Reason.NOT_CONFIRMED: "The patient has not confirmed.",
    Reason.BOOKED_SHORTLY_BEFORE: "It was booked too shortly before the visit.",
    Reason.NOT_FIRST_OF_THE_DAY: "The patient has an earlier visit that day.",
    Reason.CONFIDENTIAL: "A confidential visit of a minor: only staff may call.",
    Reason.OVER_CAP: "The patient would get more messages than the clinic allows.",
    Reason.ALREADY_KNOWN: "The patient knows it already.",
    Reason.REBOOKED: "It was booked anew at once, and is told as a move.",
    Reason.NOT_ATTENDED: "The EHR does not say that the patient came.",
    Reason.TAKEN_BACK: "It was taken back before anybody was told.",
    Reason.NOT_NEWS: "It happened before this rule was published.",
    Reason.SUPERSEDED: "A step closer to the visit takes its place.",
    Reason.REPLACED_BY_PREFERENCE: "The patient chose another time to be told.",
    Reason.REPLANNED: "Its address or clinic changed; it was planned anew.",
    Reason.NO_CONTACT_POINT: "There is no usable address for the step's channels.",
    Reason.NO_GUARDIAN: "The patient is a minor and no guardian can be reached.",
    Reason.NO_CLINIC: "The appointment's location belongs to no clinic.",
    Reason.EHR_UNAVAILABLE: "The EHR could not be asked whether it still holds.",
    Reason.NOT_PROTECTED: "No encrypted way to this address could be proven.",
    Reason.NOT_DELIVERED: "Every channel was tried and none delivered.",
    Reason.DELIVERY_UNKNOWN: "It was sent, but whether it arrived is not known.",
    Reason.NO_LONGER_USEFUL: "It could not be sent while it was still useful.",
}
"""What a person reads for each reason."""


class Note(StrEnum):
    """Why a reminder is told otherwise than its step says."""

    QUIET_LATER = "quiet-later"
    QUIET_EARLIER = "quiet-earlier"
    TOGETHER = "together"
    """With another visit of that day, when the first of them is due."""
    AT_ONCE = "at-once"
    """The step's moment was over when the visit was booked."""
    OWN_LEAD = "own-lead"
    CAP_CHANNEL = "cap-channel"
    """By another channel, since there were enough messages on the first."""
    CAP_PASSED = "cap-passed"
    """Although there were enough messages: it cannot wait."""


NOTES: dict[Note, str] = {
    Note.QUIET_LATER: "moved later, out of quiet hours",
    Note.QUIET_EARLIER: "moved earlier, out of quiet hours",
    Note.TOGETHER: "in one message with another visit",
    Note.AT_ONCE: "at once, since it was booked after the step's moment",
    Note.OWN_LEAD: "when the patient asked for it",
    Note.CAP_CHANNEL: "by another channel, to stay within the limit of messages",
    Note.CAP_PASSED: "over the limit of messages, because it cannot wait",
}
"""What a person reads for each note, after when and how it is told."""
