"""What the forms of a page may do."""

import base64
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from reminder.flows.respond.page_states import Step
from reminder.flows.respond.tickets import Pass, Tickets
from reminder.model.answers import Link
from reminder.model.appointments import AppointmentKey
from reminder.model.people import PatientKey
from tests.web.world import ANA_SMS, MAIN, NOW, START, slot

TICKETS = Tickets(b"k" * 32)
ANA, LEO = PatientKey(MAIN, "p1"), PatientKey(MAIN, "p2")
LINK = Link(
    message_id=uuid4(),
    clinic_id="lake",
    channel=ANA_SMS.channel,
    to=ANA_SMS,
    language="en",
    appointments=(AppointmentKey(MAIN, "a1", "p1"), AppointmentKey(MAIN, "a2", "p2")),
    tries_left=5,
    expires_at=START,
)


def ticket(who: Pass, step: Step = Step.MOVE) -> str:
    return TICKETS.issue([step], LINK.message_id, who, NOW)[step]


def test_a_ticket_brings_back_who_was_proven_and_what_was_chosen() -> None:
    chosen = slot("s 1/..", START)

    who = TICKETS.read(
        ticket(Pass(frozenset({LEO}), chosen)), LINK, Step.MOVE, NOW + timedelta(0)
    )

    assert who is not None
    assert who.patients == {LEO}
    assert who.slot is not None
    assert (who.slot.slot_id, who.slot.start_at) == ("s 1/..", START)
    assert who.issued_at == NOW


def test_a_ticket_brings_back_which_visits_were_shown_at_which_time() -> None:
    key, later = LINK.appointments[0], START + timedelta(hours=1)
    shown = frozenset({TICKETS.shown_ref(key, START)})

    who = TICKETS.read(
        ticket(Pass(frozenset({ANA}), slot("s", START), shown=shown)),
        LINK,
        Step.MOVE,
        NOW,
    )

    assert who is not None
    assert who.shown == shown
    assert TICKETS.shown_ref(key, later) not in shown
    assert TICKETS.shown_ref(LINK.appointments[1], START) not in shown


def test_a_ticket_names_nobody() -> None:
    made = ticket(Pass(frozenset({ANA, LEO})))

    content = base64.urlsafe_b64decode(made + "=" * (-len(made) % 4))
    assert b"move" in content
    assert b"p1" not in content
    assert TICKETS.visit_ref(LINK.appointments[0]).encode() not in content


@pytest.mark.parametrize(
    ("step", "later", "good"),
    [
        (Step.MOVE, timedelta(minutes=14, seconds=59), True),
        (Step.MOVE, timedelta(minutes=15), False),
        (Step.CANCEL, timedelta(0), False),
    ],
)
def test_a_ticket_is_good_for_its_step_and_a_quarter_of_an_hour(
    step: Step, later: timedelta, good: bool
) -> None:
    made = ticket(Pass(frozenset({ANA})))

    assert (TICKETS.read(made, LINK, step, NOW + later) is not None) is good


def test_a_ticket_that_proves_nobody_is_none() -> None:
    assert TICKETS.read(ticket(Pass()), LINK, Step.MOVE, NOW) is None


def test_a_key_of_another_house_opens_nothing() -> None:
    made = ticket(Pass(frozenset({ANA})))

    assert Tickets(b"x" * 32).read(made, LINK, Step.MOVE, NOW) is None


def test_the_key_is_in_no_repr() -> None:
    assert "kkk" not in repr(TICKETS)


def test_a_number_is_named_for_one_patient_and_not_told() -> None:
    other = replace(ANA_SMS, value="+15550188")

    refs = [TICKETS.number_ref(*of) for of in ((ANA, ANA_SMS), (LEO, ANA_SMS))]
    refs += [TICKETS.number_ref(ANA, other), Tickets(b"x" * 32).number_ref(ANA, other)]

    assert len({*refs}) == 4
    assert "5550100" not in refs[0]
    assert TICKETS.number_ref(ANA, replace(other, value=ANA_SMS.value)) == refs[0]
