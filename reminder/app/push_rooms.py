"""Builds what takes in and reads what EHRs push."""

from datetime import timedelta

from reminder.app.rooms import Rooms
from reminder.flows.notifications import Notifications, Notifier
from reminder.flows.pushed import Pushed
from reminder.flows.read_again import ReadAgain
from reminder.flows.sync import Sync


def notified(rooms: Rooms) -> Notifications:
    """The taking in of what EHRs push."""
    notifiers = {}
    for one in rooms.settings.connection:
        secret = one.push_secret.get_secret_value() if one.push_secret else ""
        notifiers[one.name] = Notifier(one.base_url, secret)
    return Notifications(notifiers, hints=rooms.store.pushed, clock=rooms.clock)


def pushed(rooms: Rooms, sync: Sync) -> Pushed:
    """The reading of what the EHR of `sync` pushed."""
    work, store, connection = rooms.settings.work, rooms.store, sync.connection
    reads = ReadAgain(
        connection,
        rooms.ehrs[connection],
        bookings=store.appointments,
        states=store.sync_state,
        clock=rooms.clock,
        horizon=timedelta(days=work.horizon_days),
        patient_ttl=timedelta(seconds=work.patient_ttl_s),
    )
    return Pushed(
        connection, reads, hints=store.pushed, look=sync.look, clock=rooms.clock
    )
