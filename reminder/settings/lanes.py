"""What every `[transport.…]` may say beside the transport's own settings."""

from pydantic import Field

from reminder.rules.rule_parts import Part
from reminder.rules.sending_limits import SendingLimits


class LaneSettings(Part):
    """How much one transport sends, whichever it is."""

    segments_per_s: float | None = Field(default=None, gt=0, le=10_000)
    """Segments a second at most, by each process; an e-mail counts as one. Carriers in
    the US (A2P 10DLC) take 12 of a low-volume brand, 120 or 225 of one they trust.
    """

    segments_per_day: int | None = Field(default=None, ge=1)
    """Segments a day (UTC) at most, by all nodes together, spread over the day; what a
    patient waits for may go at any hour. T-Mobile takes 2,000 a day from a low-volume
    brand, 10,000, 40,000 or 200,000 from others.
    """

    share: float = Field(default=1, ge=0, le=1000)
    """Its part of its channel's messages, relative to that of other transports of the
    same channel; with 0 it gets some only while another one is in trouble.
    """

    def limits(self) -> SendingLimits:
        """The same as the sending knows it."""
        return SendingLimits(self.segments_per_s, self.segments_per_day)
