"""A minor's own affair: a guardian's link opens what a wrong link opens."""

from dataclasses import replace
from typing import Any

import pytest

from reminder.model.appointments import Appointment, AppointmentKey, Kind, Place
from reminder.model.clinics import ClinicDirectory
from reminder.model.people import (
    Consent,
    ConsentBy,
    ConsentKind,
    Guardian,
    Patient,
    PatientKey,
)
from reminder.model.rulesets import Confidential, Ruleset
from tests.web.choices import ANA, ruled
from tests.web.forms import Phone
from tests.web.world import (
    ANA_EMAIL,
    ANA_SMS,
    CLINIC,
    HOUR,
    MAIN,
    NOW,
    START,
    World,
    booking,
)
from tests.web.world import patient as adult

NO_PAGE = "This link does not open a page"
MOTHER = Guardian("r1", (ANA_SMS,))
CONFIDENTIAL = Confidential(frozenset({"counselling"}), from_age=12)
AT_13 = "2013-06-02"
AT_11 = "2015-06-02"


def teen(birth_date: str = AT_13, **changes: Any) -> Patient:
    return adult(birth_date=birth_date, guardians=(MOTHER,), **changes)


def counselling(appointment_id: str = "a1", **changes: Any) -> Appointment:
    kind = Kind(service_types=frozenset({"counselling"}))
    return booking(appointment_id, kind=kind, **changes)


async def born(phone: Phone, birth_date: str = AT_13) -> str:
    year, month, day = birth_date.split("-")
    return await phone.born(month=str(int(month)), day=day, year=year)


@pytest.fixture
def confidential(world: World) -> World:
    """A clinic that keeps a teenager's counselling to themselves."""
    ruled(world, confidential=CONFIDENTIAL)
    return world


async def test_a_guardians_link_opens_no_page_and_changes_nothing(
    confidential: World, phone: Phone
) -> None:
    world = confidential
    await world.given(counselling(), patients=[teen()])
    token = await world.link()
    before = await world.tables()
    unknown = await phone.open("k7Qm3VxPk7Qm3VxPk7Qm3w")
    unknown_status = phone.page.status_code

    said = await phone.open(token)
    fields = {"link": token, "month": "6", "day": "2", "year": "2013"}
    proving = await phone.send("/v", fields)

    assert NO_PAGE in unknown
    assert said == proving == unknown
    assert phone.page.status_code == unknown_status
    assert await world.tables() == before


async def test_a_link_that_was_open_when_the_visit_became_confidential_closes(
    world: World, phone: Phone
) -> None:
    await world.given(counselling(), patients=[teen()])
    await phone.open(await world.link())
    said = await born(phone)
    ruled(world, confidential=CONFIDENTIAL)

    after = await phone.press("Choose another time")

    assert "2:30 PM" in said
    assert NO_PAGE in after


@pytest.fixture
def two_clinics(world: World) -> World:
    """Beside the clinic that sends the links, one that is a teenager's own affair."""
    teens = replace(
        CLINIC,
        clinic_id="teens",
        location_ids=frozenset({"teens"}),
        ruleset=Ruleset(
            rules=CLINIC.ruleset.rules, confidential=Confidential(frozenset({"teens"}))
        ),
    )
    world.clinics = ClinicDirectory((CLINIC, teens), {MAIN: "lake"})
    return world


AT_TEENS = {"place": Place("teens"), "version_id": "2", "fingerprint": "moved"}


async def test_a_link_closes_when_the_visit_moves_to_a_confidential_clinic(
    two_clinics: World, phone: Phone
) -> None:
    world = two_clinics
    await world.given(patients=[teen()])
    token = await world.link()
    await phone.open(token)
    said = await born(phone)
    world.clock.move_on(minutes=1)
    await world.given(booking(**AT_TEENS), patients=[teen()])

    after = await phone.press("Add to my calendar")

    assert "2:30 PM" in said
    assert NO_PAGE in after
    assert NO_PAGE in await phone.open(token)


async def test_an_act_that_brings_the_news_shows_the_visit_no_more(
    two_clinics: World, phone: Phone
) -> None:
    world = two_clinics
    await world.given(patients=[teen()])
    await phone.open(await world.link())
    await born(phone)
    said = await phone.press("Cancel the visit")
    ((key, before),) = world.ehr.bookings.items()
    world.ehr.bookings[key] = replace(before, **AT_TEENS)

    after = await phone.press("Cancel my visit")

    assert "2:30 PM" in said
    assert world.ehr.calls == ["cancel"]
    assert "2:30 PM" not in after
    assert "12 Lake Street" not in after


async def test_no_new_link_is_sent_for_a_visit_at_a_clinic_that_is_confidential_now(
    two_clinics: World, phone: Phone
) -> None:
    world = two_clinics
    await world.given(patients=[teen()])
    await phone.open(await world.link())
    for _ in range(5):
        await phone.born(year="1999")
    world.clock.move_on(minutes=1)
    await world.given(booking(**AT_TEENS), patients=[teen()])
    before = await world.tables()

    said = await phone.press("Send the link", agree="yes")

    assert NO_PAGE in said
    assert await world.tables() == before


async def test_the_clinic_that_is_stopped_is_the_one_the_page_names(
    two_clinics: World, phone: Phone
) -> None:
    world = two_clinics
    await world.given(booking(**AT_TEENS), patients=[adult()])
    await phone.open(await world.link())
    await phone.born()

    await phone.press("How should we reach you?")
    await phone.press("Save", **{"stop-clinic": "yes"})

    (kept,) = await world.store.appointments.people([ANA])
    assert kept.preference.stopped_clinics == {"lake"}


async def test_of_several_visits_the_others_open_and_nothing_tells_of_one_more(
    confidential: World, phone: Phone
) -> None:
    world = confidential
    await world.given(
        counselling(start_at=START + HOUR), booking("a2"), patients=[teen()]
    )
    await phone.open(await world.link())

    said = await born(phone)

    assert "2:30 PM" in said
    assert "3:30 PM" not in said
    assert "Your visits" not in said
    assert "more visit" not in said


async def test_a_confidential_visit_of_a_sibling_is_not_counted_as_locked(
    confidential: World, phone: Phone
) -> None:
    world = confidential
    brother = AppointmentKey(MAIN, "a2", "p2")
    leo = replace(teen(AT_11, patient_id="p2"), key=PatientKey(MAIN, "p2"))
    await world.given(
        counselling(), booking("a2", "p2", key=brother), patients=[teen(), leo]
    )
    await phone.open(await world.link())

    said = await born(phone, AT_11)

    assert "2:30 PM" in said
    assert "more visit" not in said


@pytest.mark.parametrize(
    ("patient", "birth_date"),
    [(teen(AT_11), AT_11), (adult(guardians=(MOTHER,)), "1985-04-17")],
    ids=["too-young-for-it", "of-age"],
)
async def test_who_is_no_such_minor_has_no_secret(
    confidential: World, phone: Phone, patient: Patient, birth_date: str
) -> None:
    await confidential.given(counselling(), patients=[patient])
    await phone.open(await confidential.link())

    assert "2:30 PM" in await born(phone, birth_date)


async def test_the_minors_own_address_opens_it_while_they_say_it_is_theirs_alone(
    confidential: World, phone: Phone
) -> None:
    world = confidential
    await world.given(counselling(), patients=[teen()])
    own = Consent(
        patient=ANA,
        kind=ConsentKind.OWN_ADDRESS,
        given=True,
        to=ANA_EMAIL,
        by=ConsentBy.STAFF,
        how="in-person",
        text_version="own-address-1",
        at=NOW,
    )
    await world.store.consents.record(own)
    token = await world.link(to=ANA_EMAIL)
    await phone.open(token)
    said = await born(phone)

    await world.store.consents.record(replace(own, given=False, at=NOW + HOUR))

    assert "2:30 PM" in said
    assert NO_PAGE in await phone.open(token)
