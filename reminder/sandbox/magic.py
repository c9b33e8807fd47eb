"""Phone numbers that answer the way real ones sometimes do, by Twilio's error codes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Misfortune:
    """What becomes of a message to such a number.

    `at_once` is True when the API refuses the request, False when it accepts
    the message and reports the failure later in a status callback.
    """

    code: int
    sentence: str
    at_once: bool = True


NOT_A_NUMBER = Misfortune(21211, "The 'To' number is not a valid phone number.")
NOT_MOBILE = Misfortune(21614, "The 'To' number is not a mobile number.")
STOPPED = Misfortune(21610, "Attempt to send to unsubscribed recipient")
SWITCHED_OFF = Misfortune(30003, "Unreachable destination handset", at_once=False)
UNASSIGNED = Misfortune(30005, "Unknown destination handset", at_once=False)

MAGIC_NUMBERS = {
    "+12025550190": STOPPED,
    "+12025550191": NOT_A_NUMBER,
    "+12025550192": SWITCHED_OFF,
    "+12025550193": UNASSIGNED,
    # Twilio's own magic numbers, which its test credentials answer for.
    "+15005550001": NOT_A_NUMBER,
    "+15005550004": STOPPED,
    "+15005550009": NOT_MOBILE,
}
