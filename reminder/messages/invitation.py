"""The calendar file a patient adds: when and where, and nothing about why."""

from datetime import datetime, timedelta
from uuid import UUID

from icalendar import Alarm, Calendar, Event

from reminder.messages.harmless import one_line
from reminder.messages.signed import mac
from reminder.messages.visit_words import address
from reminder.model.appointments import Appointment, AppointmentKey
from reminder.model.clinics import Clinic

_A_DAY_BEFORE = timedelta(days=-1)
_WORDS = {
    "en": ("Appointment – {}", "Questions? Call {}.", "Video visit"),  # noqa: RUF001
    "es": ("Cita – {}", "¿Preguntas? Llame al {}.", "Cita por video"),  # noqa: RUF001
}


def calendar_file(
    appointment: Appointment, clinic: Clinic, language: str, now: datetime, key: bytes
) -> bytes:
    """One event as RFC 5545 text: METHOD:PUBLISH, so that nobody is asked to reply.

    The file ends up in calendars of third parties: its summary names the
    clinic's short name only, and its UID, derived under `key`, tells nothing
    of the appointment. The UID stays when the visit moves and SEQUENCE grows
    with `now`, so that a later file replaces an earlier one.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Reminder//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(_event(appointment, clinic, language, now, key))
    calendar.add_missing_timezones(
        first_date=appointment.start_at.date() - timedelta(days=366),
        last_date=appointment.start_at.date() + timedelta(days=366),
    )
    content: bytes = calendar.to_ical()
    return content


def _event(
    appointment: Appointment, clinic: Clinic, language: str, now: datetime, key: bytes
) -> Event:
    summary, call, by_video = _WORDS.get(language[:2].lower(), _WORDS["en"])
    summary = summary.format(one_line(clinic.short_name))
    event = Event()
    event.add("uid", _uid(appointment.key, key))
    event.add("dtstamp", now)
    event.add("sequence", int(now.timestamp()) // 60)
    event.add("summary", summary)
    event.add("dtstart", appointment.start_at.astimezone(clinic.zone))
    if appointment.end_at is not None:
        event.add("dtend", appointment.end_at.astimezone(clinic.zone))
    event.add("status", "CONFIRMED")
    where = by_video if appointment.join_url else address(appointment, clinic)
    if where:
        event.add("location", where)
    if clinic.phone:
        event.add("description", call.format(one_line(clinic.phone)))
    event.add_component(_alarm(summary))
    return event


def _alarm(summary: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", _A_DAY_BEFORE)
    return alarm


def _uid(key: AppointmentKey, secret: bytes) -> str:
    digest = mac("calendar-uid", "\0".join(key).encode(), secret)
    return str(UUID(bytes=digest, version=4))
