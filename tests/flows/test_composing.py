"""How much a message says of its visits, as it is composed."""

from uuid import UUID

import pytest

from reminder.flows.composing import visits_of
from reminder.model.appointments import Place
from reminder.model.messages import ClaimedMessage, MessageKind
from reminder.model.people import Channel
from reminder.model.rulesets import Ruleset, Tier, Tiers
from tests.rules.examples import (
    EMAIL,
    appointment,
    clinic,
    directory,
    person,
    utc,
)

NOW = utc("2027-03-02 15:00")
VISIT = appointment(utc("2027-03-05 15:00"))
FULL = Ruleset(tiers=Tiers(email=Tier.FULL))


def answer() -> ClaimedMessage:
    """An answer of Harbor's about the visit."""
    return ClaimedMessage(
        message_id=UUID(int=1),
        kind=MessageKind.ANSWER,
        clinic_id="harbor",
        channel=Channel.EMAIL,
        to=EMAIL,
        language="en",
        template="answer-moved",
        appointments=(VISIT.key,),
        queued_at=NOW,
        useful_until=VISIT.start_at,
        lease_until=NOW,
        fence=1,
    )


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
