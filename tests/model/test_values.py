"""What holds of every value the rooms hand to each other."""

import dataclasses
import importlib
import pkgutil
from datetime import UTC, datetime
from uuid import UUID

import pytest

import reminder.model
from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
    ParticipationStatus,
    Place,
)
from reminder.model.messages import EmailContent, Message, Protection, SMSContent
from reminder.model.outcomes import Callback
from reminder.model.people import Channel, ContactPoint, Guardian, Patient, PatientKey
from reminder.model.reminders import Person, Planned, ReminderKey
from reminder.model.worklist import WHAT_TO_DO, WorklistKind

CANARY = "canary"
"""Stands wherever a patient's own words can: no `repr` may show it."""

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
POINT = ContactPoint(Channel.EMAIL, f"{CANARY}@example.org")
APPOINTMENT = Appointment(
    key=AppointmentKey("ehr", "a1", "p1"),
    status=AppointmentStatus.BOOKED,
    start_at=NOON,
    place=Place("L1", CANARY, CANARY),
    practitioner=CANARY,
    join_url=f"https://video.example.org/{CANARY}",
)
PATIENT = Patient(
    key=PatientKey("ehr", "p1"),
    given=CANARY,
    family=CANARY,
    birth_date=CANARY,
    contact_points=(POINT,),
    guardians=(Guardian("g1", (POINT,)),),
)


def classes():
    for module in pkgutil.iter_modules(reminder.model.__path__):
        name = f"reminder.model.{module.name}"
        for value in vars(importlib.import_module(name)).values():
            if dataclasses.is_dataclass(value) and value.__module__ == name:
                yield pytest.param(value, id=value.__name__)


@pytest.mark.parametrize("value", list(classes()))
def test_a_value_does_not_change_and_has_no_room_for_more(value):
    assert value.__dataclass_params__.frozen
    assert "__slots__" in vars(value)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(
            Person(
                key=PatientKey("ehr", "p1"),
                patient=PATIENT,
                appointments=(APPOINTMENT,),
                blocked=frozenset({POINT}),
            ),
            id="person",
        ),
        pytest.param(
            Planned(
                key=ReminderKey(APPOINTMENT.key, "day", NOON),
                clinic_id="harbor",
                template="reminder",
                language="en",
                routes=(POINT,),
                due_at=NOON,
                useful_until=NOON,
            ),
            id="planned",
        ),
        pytest.param(
            Message(
                message_id=UUID(int=1),
                channel=Channel.EMAIL,
                to=POINT,
                language="en",
                protection=Protection.TLS,
                content=EmailContent(CANARY, CANARY, CANARY),
                useful_until=NOON,
                callback_token=CANARY,
            ),
            id="message",
        ),
        pytest.param(SMSContent(CANARY, 1), id="sms"),
        pytest.param(
            Callback(
                url=CANARY,
                token=CANARY,
                message_id=UUID(int=1),
                headers={"X-Header": CANARY},
                body=CANARY.encode(),
            ),
            id="callback",
        ),
    ],
)
def test_a_repr_keeps_to_itself_what_is_the_patients(value):
    assert CANARY not in repr(value)


def test_the_statuses_are_those_of_fhir_r4():
    # https://hl7.org/fhir/R4/valueset-appointmentstatus.html
    assert {status.value for status in AppointmentStatus} == {
        *("proposed", "pending", "booked", "arrived", "fulfilled", "cancelled"),
        *("noshow", "entered-in-error", "checked-in", "waitlist"),
    }
    # https://hl7.org/fhir/R4/valueset-participationstatus.html
    assert {status.value for status in ParticipationStatus} == {
        *("accepted", "declined", "tentative", "needs-action"),
    }


def test_every_kind_of_worklist_entry_says_what_to_do() -> None:
    assert set(WHAT_TO_DO) == set(WorklistKind)
    assert all(sentence.endswith(".") for sentence in WHAT_TO_DO.values())
    assert len(set(WHAT_TO_DO.values())) == len(WorklistKind)
