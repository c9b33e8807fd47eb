"""What stopped us at the EHR. Messages name the interaction and codes, never content.

EHRError
├── EHRUnavailable   later: no connection, time-out, 429, 5xx
├── EHRConflict      read again: somebody else changed it, or the Slot is taken
└── EHRRefused       never: not allowed, not understood, not a FHIR answer
    └── EHRNotOffered  nor anything else of this kind: another way must be found
"""

from datetime import timedelta


class EHRError(Exception):
    """Something stopped us at the EHR."""


class EHRUnavailable(EHRError):
    """Nothing can be known or written now; `retry_after` is the server's own wish.

    `sent` is True when the request may have reached the server, so that a
    write may have happened.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: timedelta | None = None,
        sent: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.sent = sent


class EHRConflict(EHRError):
    """What we wanted to write no longer fits what the EHR holds."""


class EHRRefused(EHRError):
    """The EHR will not do this, now or later."""


class EHRNotOffered(EHRRefused):
    """The EHR does nothing of this kind: the interaction itself is missing."""
