"""Puts the transports into their lanes, each within the limits of the settings."""

from collections.abc import Mapping, Sequence

from reminder.flows.lanes import CountsDays, Lane, Lanes, Sender
from reminder.model.clock import Clock
from reminder.model.people import Channel
from reminder.settings.tree import Settings


def lanes(
    settings: Settings,
    transports: Mapping[Channel, Sequence[Sender]],
    sent_days: CountsDays,
    clock: Clock,
) -> Lanes:
    """A lane for each transport, with its limits and its share of its channel."""

    def lane(transport: Sender) -> Lane:
        of = settings.lane(transport.name)
        return Lane(transport, of.limits(), sent_days, weight=of.share)

    made = {channel: [*map(lane, several)] for channel, several in transports.items()}
    return Lanes(made, clock)
