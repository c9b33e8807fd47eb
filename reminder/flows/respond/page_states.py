"""Why a page looks as it does: steps, problems, states and news, each with a name."""

from enum import StrEnum


class Step(StrEnum):
    """What a ticket allows: seeing, or one kind of act."""

    SEE = "see"
    CONFIRM = "confirm"
    CANCEL = "cancel"
    MOVE = "move"
    UNDO = "undo"
    CALL = "call"
    CONTACT = "contact"
    NEW_LINK = "new-link"


class Problem(StrEnum):
    """Why the date of birth is asked again. Only a mismatch has cost a try."""

    EMPTY = "empty"
    NO_MONTH = "no-month"
    NO_DAY = "no-day"
    NO_YEAR = "no-year"
    SHORT_YEAR = "short-year"
    IMPOSSIBLE = "impossible"
    FUTURE = "future"
    TOO_LONG_AGO = "too-long-ago"
    MISMATCH = "mismatch"
    CLOSED = "closed"
    """The page had been open too long, or its form was not ours."""


class VisitState(StrEnum):
    """How a visit stands, in the patient's eyes."""

    BOOKED = "booked"
    CONFIRMED = "confirmed"
    ASKING = "asking"
    """The EHR has not yet answered what the patient asked for."""
    REQUESTED = "requested"
    """A human at the clinic has it, and has not done it yet."""
    CANCELLED = "cancelled"
    UNDER_WAY = "under-way"
    """It has begun: it can still be joined, and no longer be changed."""
    PAST = "past"
    OFFLINE = "offline"
    """Checked in, not yet booked, or no longer known: only the clinic can help."""


class News(StrEnum):
    """What the last act did; a repeated one says so."""

    CONFIRMED = "confirmed"
    ALREADY_CONFIRMED = "already-confirmed"
    CANCELLED = "cancelled"
    ALREADY_CANCELLED = "already-cancelled"
    MOVED = "moved"
    ALREADY_MOVED = "already-moved"
    RESTORED = "restored"
    MOVED_BACK = "moved-back"
    TOO_LATE_TO_UNDO = "too-late-to-undo"
    TAKEN_BACK = "taken-back"
    """An undo came too late: somebody has the time now."""
    ASKING = "asking"
    REQUESTED = "requested"
    """Passed on to the clinic: nothing has changed yet."""
    REFUSED = "refused"
    CHANGED = "changed"
    """The visit is no longer one that can be acted on: its state says why."""
    WILL_CALL = "will-call"
    ALREADY_WILL_CALL = "already-will-call"
    CONTACT_KEPT = "contact-kept"
    CONTACT_STOPPED = "contact-stopped"
    CONTACT_SAME = "contact-same"


class Stop(StrEnum):
    """What a patient can ask us not to send."""

    CLINIC = "clinic"
    SMS = "sms"
    EMAIL = "email"
    VOICE = "voice"
    EVERYTHING = "everything"


class WhyCall(StrEnum):
    """Why only a telephone call helps."""

    NO_BIRTH_DATE = "no-birth-date"
    LINKS_EXHAUSTED = "links-exhausted"


class NoTimesBecause(StrEnum):
    """Why no times are offered."""

    NONE_FREE = "none-free"
    NO_ANSWER = "no-answer"
