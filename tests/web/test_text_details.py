"""Consent to texts that name the visit: asked with a warning, kept with its words."""

import hashlib
import re
from dataclasses import replace
from typing import Any

import pytest

from reminder.flows.respond.details import WORDS
from reminder.model.appointments import Kind, Place
from reminder.model.clinics import ClinicDirectory
from reminder.model.people import (
    Channel,
    Consent,
    ConsentBy,
    ConsentKind,
    ContactPoint,
    Guardian,
)
from reminder.model.rulesets import Confidential, Ruleset, Tier, Tiers
from tests.web.choices import ANA, CONTACT, choosing, form, ruled
from tests.web.forms import Phone, text
from tests.web.world import (
    ANA_EMAIL,
    ANA_SMS,
    CLINIC,
    MAIN,
    NOW,
    World,
    booking,
    patient,
)

QUESTION = "How much may a text message say?"
OLD_PHONE = ContactPoint(Channel.SMS, "+15550177")
OTHER_PHONE = ContactPoint(Channel.SMS, "+15550188")
CHILD = {"month": "6", "day": "2", "year": "2012"}
CLINIC_OF_TEENS = Confidential(frozenset({"counselling"}), from_age=12)
COUNSELLING = Kind(service_types=frozenset({"counselling"}))


def consent(**changes: Any) -> Consent:
    values: dict[str, Any] = {
        "patient": ANA,
        "kind": ConsentKind.DETAILS,
        "given": True,
        "to": ANA_SMS,
        "by": ConsentBy.PATIENT,
        "how": "page",
        "text_version": f"{WORDS} en",
        "at": NOW,
    }
    return Consent(**(values | changes))


def child(*guardians: Guardian, **changes: Any) -> Any:
    return patient(birth_date="2012-06-02", guardians=guardians, **changes)


async def test_texts_say_no_more_than_a_notice_until_somebody_chooses(
    world: World, phone: Phone
) -> None:
    await world.given()

    said = await choosing(world, phone)
    await phone.press("Save", language="es")

    assert f"{QUESTION} Text messages are not private." in said
    assert "Others who see the phone may read them." in said
    assert "They stay on the phone." in said
    assert "The phone company can read them." in said
    assert "the number that ends in 00 ." in said
    assert await world.store.consents.log(ANA) == []


async def test_the_choice_is_recorded_with_its_circumstances_and_taken_back(
    world: World, phone: Phone
) -> None:
    await world.given()
    await choosing(world, phone)
    assert form(phone).fields["details"] == "no"

    await phone.press("Save", details="yes")
    await phone.press(CONTACT)
    shown = form(phone).fields["details"]
    await phone.press("Save", details="no")
    await phone.press(CONTACT)

    assert shown == "yes"
    assert form(phone).fields["details"] == "no"
    assert await world.store.consents.log(ANA) == [consent(), consent(given=False)]
    assert world.replanned == [ANA, ANA]


async def test_the_language_of_the_warning_is_recorded(
    world: World, phone: Phone
) -> None:
    await world.given()
    await choosing(world, phone)
    await phone.press("Español")

    await phone.press("Guardar", details="yes")

    (kept,) = await world.store.consents.log(ANA)
    assert kept.text_version == f"{WORDS} es"


async def test_the_same_choice_again_is_not_recorded_again(
    world: World, phone: Phone
) -> None:
    await world.given()
    await choosing(world, phone)
    sent = form(phone).fields | {"details": "yes"}
    await phone.send("/contact/keep", sent)

    said = await phone.send("/contact/keep", sent)

    assert "This is saved already" in said
    assert len(await world.store.consents.log(ANA)) == 1


async def test_who_came_by_e_mail_chooses_for_their_own_phone(
    world: World, phone: Phone
) -> None:
    await world.given()
    await choosing(world, phone, to=ANA_EMAIL)

    await phone.press("Save", details="yes")

    assert await world.store.consents.log(ANA) == [consent()]


async def renumbered(world: World, phone: Phone, **changes: str) -> str:
    """Her number changes in the EHR while the choices are on her screen."""
    await world.given()
    await choosing(world, phone, to=ANA_EMAIL)
    world.clock.move_on(minutes=1)
    await world.given(patients=[patient(contact_points=(OTHER_PHONE, ANA_EMAIL))])
    return await phone.press("Save", **changes)


async def test_nobody_agrees_for_a_number_they_were_not_shown(
    world: World, phone: Phone
) -> None:
    said = await renumbered(world, phone, details="yes", language="es")
    before = await world.store.consents.log(ANA)
    (ana,) = await world.store.appointments.people([ANA])
    await phone.press("Save", details="yes")

    assert "The phone number has changed It now ends in 88 . Nothing was saved." in said
    assert "the number that ends in 88 ." in said
    assert (before, ana.preference.language) == ([], None)
    (kept,) = await world.store.consents.log(ANA)
    assert (kept.given, kept.to) == (True, OTHER_PHONE)


async def test_a_number_that_changed_is_no_trouble_to_who_agrees_to_nothing(
    world: World, phone: Phone
) -> None:
    said = await renumbered(world, phone, language="es")

    (ana,) = await world.store.appointments.people([ANA])
    assert "has changed" not in said
    assert ana.preference.language == "es"
    assert await world.store.consents.log(ANA) == []


@pytest.mark.parametrize("number", ["", "ñ", "+15550100", "x" * 2048])
async def test_a_yes_to_a_forged_number_is_none(
    world: World, phone: Phone, number: str
) -> None:
    await world.given()
    await choosing(world, phone)

    said = await phone.press("Save", details="yes", number=number)

    assert "Nothing was saved" in said
    assert await world.store.consents.log(ANA) == []


async def test_of_two_phones_it_is_about_the_one_the_link_came_to(
    world: World, phone: Phone
) -> None:
    await world.given(patients=[patient(contact_points=(OTHER_PHONE, ANA_SMS))])

    said = await choosing(world, phone)
    await phone.press("Save", details="yes")

    assert "ends in 00 ." in said
    assert await world.store.consents.log(ANA) == [consent()]


async def test_a_guardian_consents_as_one_and_for_their_own_phone(
    world: World, phone: Phone
) -> None:
    mother, father = Guardian("r1", (OTHER_PHONE,)), Guardian("r2", (ANA_SMS,))
    await world.given(patients=[child(mother, father)])
    await choosing(world, phone, **CHILD)

    await phone.press("Save", details="yes")

    assert await world.store.consents.log(ANA) == [consent(by=ConsentBy.GUARDIAN)]


async def test_who_came_of_age_is_asked_anew_what_a_guardian_had_agreed_to(
    world: World, phone: Phone
) -> None:
    await world.given()
    await world.store.consents.record(consent(by=ConsentBy.GUARDIAN))
    world.clock.move_on(minutes=1)

    await choosing(world, phone)
    asked = form(phone).fields["details"]
    await phone.press("Save", details="yes")

    assert asked == "no"
    own = (await world.store.consents.log(ANA))[-1]
    assert (own.given, own.by) == (True, ConsentBy.PATIENT)


@pytest.mark.parametrize(
    ("rules", "people", "to"),
    [
        ({"tiers": Tiers(sms=Tier.BASIC)}, {}, ANA_SMS),
        ({"rules": ()}, {}, ANA_SMS),
        ({}, {}, OLD_PHONE),
        ({}, {"contact_points": (ANA_EMAIL,)}, ANA_EMAIL),
    ],
    ids=["basic-only", "no-texts", "no-longer-on-file", "no-mobile"],
)
async def test_it_is_not_asked_where_it_is_not_theirs_to_choose(
    world: World,
    phone: Phone,
    rules: dict[str, Any],
    people: dict[str, Any],
    to: ContactPoint,
) -> None:
    ruled(world, **rules)
    await world.given(patients=[patient(**people)])

    said = await choosing(world, phone, to=to)
    await phone.press("Save", details="yes", language="es")

    assert QUESTION not in said
    assert await world.store.consents.log(ANA) == []


async def test_it_is_not_asked_where_the_visits_own_clinic_texts_no_more_than_a_notice(
    world: World, phone: Phone
) -> None:
    rules = Ruleset(rules=CLINIC.ruleset.rules, tiers=Tiers(sms=Tier.BASIC))
    quiet = replace(
        CLINIC, clinic_id="quiet", location_ids=frozenset({"q"}), ruleset=rules
    )
    world.clinics = ClinicDirectory((CLINIC, quiet), {MAIN: "lake"})
    await world.given(booking(place=Place("q")))

    assert QUESTION not in await choosing(world, phone)


async def test_a_phone_that_answered_stop_is_not_asked(
    world: World, phone: Phone
) -> None:
    await world.given()
    await world.store.preferences.opt_out(ANA_SMS, "21610", at=NOW)

    assert QUESTION not in await choosing(world, phone)


async def test_a_minor_is_not_asked_about_a_confidential_visit(
    world: World, phone: Phone
) -> None:
    ruled(world, confidential=CLINIC_OF_TEENS)
    await world.given(booking(kind=COUNSELLING), patients=[child()])
    await world.store.consents.record(
        consent(kind=ConsentKind.OWN_ADDRESS, by=ConsentBy.STAFF, how="in-person")
    )

    said = await choosing(world, phone, **CHILD)

    assert "How should our reminders come?" in said
    assert QUESTION not in said


async def test_an_adult_is_asked_about_the_same_visit(
    world: World, phone: Phone
) -> None:
    ruled(world, confidential=CLINIC_OF_TEENS)
    await world.given(booking(kind=COUNSELLING))

    assert QUESTION in await choosing(world, phone)


@pytest.mark.parametrize(
    ("language", "digest"),
    [("en", "fd315bcab782b801"), ("es", "a313e2160bb590bf")],
    ids=["en", "es"],
)
async def test_the_words_of_this_version_never_change(
    world: World, phone: Phone, language: str, digest: str
) -> None:
    # Records name these words. Other words need another version, and its digest here.
    await world.given()
    await choosing(world, phone)
    if language == "es":
        await phone.press("Español")

    found = re.search(
        r'<fieldset class="options" aria-describedby="details-.*?</fieldset>',
        phone.page.text,
        re.DOTALL,
    )

    assert WORDS == "details-2026-11"
    assert found is not None
    said = text(found[0])
    assert hashlib.sha256(said.encode()).hexdigest()[:16] == digest, said
