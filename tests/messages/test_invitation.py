from dataclasses import replace
from datetime import timedelta

import pytest
from icalendar import Calendar, Event

from reminder.messages.invitation import calendar_file
from reminder.model.appointments import Appointment, AppointmentKey
from reminder.model.clinics import Clinic
from tests.messages.hostile import HOSTILE
from tests.messages.samples import APPOINTMENT, BY_VIDEO, CLINIC, KEY, NOW, START


def made(
    appointment: Appointment = APPOINTMENT,
    clinic: Clinic = CLINIC,
    language: str = "en",
) -> tuple[Calendar, Event]:
    calendar = Calendar.from_ical(
        calendar_file(appointment, clinic, language, NOW, KEY)
    )
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def test_it_says_when_in_the_clinics_own_zone_which_it_brings_along() -> None:
    calendar, event = made()

    assert event["dtstart"].dt == START
    assert event["dtend"].dt == START + timedelta(minutes=30)
    assert event["dtstart"].params["TZID"] == "America/Chicago"
    (zone,) = calendar.walk("VTIMEZONE")
    assert zone["tzid"] == "America/Chicago"
    assert zone.to_tz().utcoffset(START.replace(tzinfo=None)) == timedelta(hours=-6)


def test_it_asks_nobody_to_reply() -> None:
    calendar, event = made()

    assert calendar["method"] == "PUBLISH"
    assert "organizer" not in event
    assert "attendee" not in event


def test_it_says_where_and_whom_to_call_and_nothing_about_why() -> None:
    _, event = made()

    assert event["summary"] == "Appointment \u2013 Lakeside Clinic"
    assert event["location"] == "40 Shore Road, Springfield"
    assert event["description"] == "Questions? Call 555-010-0199."
    text = calendar_file(APPOINTMENT, CLINIC, "en", NOW, KEY).decode()
    for private in ("Oncology", "Patel", "appt-4711", "pt-ana", "Family Medicine"):
        assert private not in text


def test_it_speaks_spanish() -> None:
    _, event = made(language="es-US")

    assert event["summary"] == "Cita \u2013 Lakeside Clinic"
    assert event["description"] == "¿Preguntas? Llame al 555-010-0199."


def test_a_video_visit_has_no_address_and_no_join_link() -> None:
    _, event = made(BY_VIDEO)

    assert event["location"] == "Video visit"
    assert b"video.example.org" not in calendar_file(BY_VIDEO, CLINIC, "en", NOW, KEY)


def test_it_rings_a_day_before() -> None:
    _, event = made()

    (alarm,) = event.walk("VALARM")
    assert alarm["trigger"].dt == timedelta(days=-1)


def test_a_moved_visit_replaces_the_entry_of_the_same_visit() -> None:
    _, before = made()
    moved = replace(APPOINTMENT, start_at=START + timedelta(days=1), end_at=None)
    later = calendar_file(moved, CLINIC, "en", NOW + timedelta(hours=1), KEY)

    (after,) = Calendar.from_ical(later).walk("VEVENT")
    assert after["uid"] == before["uid"]
    assert after["sequence"] > before["sequence"]
    assert "dtend" not in after


def test_the_uid_is_another_for_another_visit_or_key() -> None:
    others = [
        replace(APPOINTMENT, key=AppointmentKey("main", "appt-4711", "pt-leo")),
        replace(APPOINTMENT, key=AppointmentKey("main", "appt-4712", "pt-ana")),
    ]
    uids = {str(made(other)[1]["uid"]) for other in [APPOINTMENT, *others]}
    other_key = Calendar.from_ical(
        calendar_file(APPOINTMENT, CLINIC, "en", NOW, b"x" * 32)
    )

    assert len(uids | {str(other_key.walk("VEVENT")[0]["uid"])}) == 4


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_words_add_no_line(text: str) -> None:
    clinic = replace(CLINIC, short_name=text, phone=text, address=text)
    place = replace(APPOINTMENT.place, address=text, name=text)

    calendar, event = made(replace(APPOINTMENT, place=place), clinic)

    _, benign = made()
    assert [part.name for part in calendar.walk()] == [
        part.name for part in made()[0].walk()
    ]
    assert set(event) <= set(benign)
    assert {*benign} - {*event} <= {"LOCATION", "DESCRIPTION"}
    content = calendar_file(replace(APPOINTMENT, place=place), clinic, "en", NOW, KEY)
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
