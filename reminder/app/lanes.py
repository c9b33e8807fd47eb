"""Puts the transports into their lanes, each within the limits of the settings."""

from collections.abc import Mapping

from reminder.flows.lanes import CountsDays, Lane, Lanes, Sender
from reminder.model.clock import Clock
from reminder.model.people import Channel
from reminder.settings.tree import Settings


def lanes(
    settings: Settings,
    transports: Mapping[Channel, Sender],
    sent_days: CountsDays,
    clock: Clock,
) -> Lanes:
    """One lane a channel, with the limits of its transport."""
    made = {
        channel: Lane(one, settings.lane(one.name).limits(), sent_days)
        for channel, one in transports.items()
    }
    return Lanes(made, clock)
