"""How much a message says of its visits, as it is composed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import pytest

from reminder.flows.composing import Composing, Ready, Words, visits_of
from reminder.messages.render import Renderer
from reminder.model.appointments import AppointmentKey, Place
from reminder.model.messages import ClaimedMessage, MessageKind, Protection
from reminder.model.people import (
    Consent,
    ConsentBy,
    ConsentKind,
    ContactPoint,
    PatientKey,
)
from reminder.model.reminders import Person
from reminder.model.rulesets import Ruleset, Tier, Tiers
from tests.rules.examples import (
    EMAIL,
    SMS,
    appointment,
    clinic,
    directory,
    person,
    utc,
)

NOW = utc("2027-03-02 15:00")
VISIT = appointment(utc("2027-03-05 15:00"))
FULL = Ruleset(tiers=Tiers(email=Tier.FULL))


def answer(*others: AppointmentKey, to: ContactPoint = EMAIL) -> ClaimedMessage:
    """An answer of Harbor's about the visit."""
    return ClaimedMessage(
        message_id=UUID(int=1),
        kind=MessageKind.ANSWER,
        clinic_id="harbor",
        channel=to.channel,
        to=to,
        language="en",
        template="answer-moved",
        appointments=(VISIT.key, *others),
        queued_at=NOW,
        useful_until=VISIT.start_at,
        lease_until=NOW,
        fence=1,
    )


class Nobody:
    """A store that is not asked."""

    async def people(
        self, keys: Sequence[PatientKey], *, told_since: datetime | None = None
    ) -> list[Person]:
        return []


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        pytest.param("harbor-main", Tier.FULL, id="at-the-clinic-that-writes"),
        pytest.param("pier", Tier.BASIC, id="at-one-that-lists-its-place"),
        pytest.param("elsewhere", Tier.FULL, id="at-none"),
    ],
)
def test_the_clinic_a_visit_is_at_says_how_much_is_said_of_it(
    place: str, expected: Tier
) -> None:
    pier = clinic(
        clinic_id="pier",
        location_ids=frozenset({"pier"}),
        ruleset=Ruleset(tiers=FULL.tiers, sensitive=frozenset({"pier"})),
    )
    world = person(appointment(VISIT.start_at, place=Place(place)))
    clinics = directory(clinic(ruleset=FULL), pier)

    (visit,) = visits_of(answer(), {world.key: world}, clinics, NOW)

    assert visit.tier is expected


@pytest.mark.parametrize(
    ("others", "protection"),
    [
        pytest.param((), Protection.PLAIN, id="all-known"),
        pytest.param(
            (VISIT.key._replace(appointment_id="a2"),),
            Protection.PICKUP,
            id="one-visit-unknown",
        ),
        pytest.param(
            (VISIT.key._replace(patient_id="p2"),),
            Protection.PICKUP,
            id="one-patient-unknown",
        ),
    ],
)
def test_a_text_is_in_clear_only_when_all_it_is_about_is_known(
    renderer: Renderer, others: tuple[AppointmentKey, ...], protection: Protection
) -> None:
    yes = Consent(
        patient=VISIT.key.patient,
        kind=ConsentKind.DETAILS,
        given=True,
        to=SMS,
        by=ConsentBy.PATIENT,
        how="page",
        text_version="details-1",
        at=NOW,
    )
    world, clinics = person(VISIT, consents=(yes,)), directory()
    words = Words(
        renderer=renderer,
        public_url="https://links.example.org",
        link_key=b"l" * 32,
        callback_key=b"c" * 32,
    )
    composing = Composing(Nobody(), lambda: clinics, words, lambda: NOW)

    made = composing.one(answer(*others, to=SMS), {world.key: world})

    assert isinstance(made, Ready)
    assert made.message.protection is protection
