"""What a patient can stop on three levels, how it is said, and how it comes back."""

import pytest

from reminder.model.people import Channel, Guardian, Preference
from tests.web.choices import ANA, CONTACT, choosing, form
from tests.web.forms import Phone
from tests.web.world import ANA_EMAIL, ANA_SMS, NOW, World, patient

LEVELS = [
    pytest.param(
        "stop-clinic",
        Preference(stopped_clinics=frozenset({"lake"})),
        "All messages from Lakeside Clinic .",
        "Los mensajes de Lakeside Clinic .",
        id="this-clinic",
    ),
    pytest.param(
        "stop-sms",
        Preference(stopped_channels=frozenset({Channel.SMS})),
        "All text messages.",
        "Los mensajes de texto.",
        id="texts",
    ),
    pytest.param(
        "stop-email",
        Preference(stopped_channels=frozenset({Channel.EMAIL})),
        "All e-mails.",
        "Los correos electrónicos.",
        id="e-mails",
    ),
    pytest.param(
        "stop-everything",
        Preference(nothing=True),
        "Everything: we send you no messages at all.",
        "Todo: no le enviamos ningún mensaje.",
        id="everything",
    ),
]


@pytest.mark.parametrize(("box", "preference", "english", "spanish"), LEVELS)
async def test_what_is_stopped_is_said_and_can_be_taken_back_on_the_same_page(
    world: World,
    phone: Phone,
    box: str,
    preference: Preference,
    english: str,
    spanish: str,
) -> None:
    await world.given()
    before = await choosing(world, phone)

    stopped = await phone.press("Save", **{box: "yes"})
    kept = await world.store.preferences.preference(ANA)
    after = await phone.press(CONTACT)
    in_spanish = await phone.press("Español")
    taken_back = form(phone).fields
    ticked = taken_back.pop(box)
    await phone.send("/contact/keep", taken_back)

    assert "What is stopped now" not in before
    assert "We stopped what you asked" in stopped
    assert "Your visit stays as it is" in stopped
    assert kept == preference
    assert f"What is stopped now {english}" in after
    assert "take out the tick" in after
    assert f"Lo que ya no enviamos {spanish}" in in_spanish
    assert ticked == "yes"
    assert await world.store.preferences.preference(ANA) == Preference()
    assert world.replanned == [ANA, ANA]


async def test_stopping_less_is_no_new_stop(world: World, phone: Phone) -> None:
    await world.given()
    await choosing(world, phone)
    both = {"stop-sms": "yes", "stop-email": "yes"}
    await phone.press("Save", **both)
    await phone.press(CONTACT)
    fields = form(phone).fields
    del fields["stop-sms"]

    said = await phone.send("/contact/keep", fields)

    assert "We saved how to reach you" in said


async def test_a_stop_of_another_clinic_stays_and_is_not_told_here(
    world: World, phone: Phone
) -> None:
    await world.given()
    hill = Preference(stopped_clinics=frozenset({"hill"}))
    await world.store.preferences.keep(ANA, hill, now=NOW)

    said = await choosing(world, phone)
    await phone.press("Save", **{"stop-clinic": "yes"})

    kept = await world.store.preferences.preference(ANA)
    assert "What is stopped now" not in said
    assert kept.stopped_clinics == {"hill", "lake"}


async def test_a_stopped_channel_can_be_taken_back_where_it_is_not_used(
    world: World, phone: Phone
) -> None:
    await world.given()
    calls = Preference(stopped_channels=frozenset({Channel.VOICE}))
    await world.store.preferences.keep(ANA, calls, now=NOW)

    said = await choosing(world, phone)
    fields = form(phone).fields
    del fields["stop-voice"]
    await phone.send("/contact/keep", fields)

    assert "All phone calls." in said
    assert await world.store.preferences.preference(ANA) == Preference()


async def test_a_phone_that_answered_stop_is_told_how_to_come_back(
    world: World, phone: Phone
) -> None:
    await world.given()
    await world.store.preferences.opt_out(ANA_SMS, "21610", at=NOW)

    said = await choosing(world, phone)
    spanish = await phone.press("Español")

    assert "Your phone answered STOP" in said
    assert "with the word START" in said
    assert "What is stopped now" not in said
    assert "Su teléfono respondió STOP" in spanish
    assert "palabra START" in spanish


async def test_a_stop_of_her_phone_is_told_to_who_came_by_e_mail_too(
    world: World, phone: Phone
) -> None:
    await world.given()
    await world.store.preferences.opt_out(ANA_SMS, "21610", at=NOW)

    assert "answered STOP" in await choosing(world, phone, to=ANA_EMAIL)


async def test_a_stop_of_one_guardian_is_not_told_to_the_other(
    world: World, phone: Phone
) -> None:
    guardians = (Guardian("r1", (ANA_EMAIL,)), Guardian("r2", (ANA_SMS,)))
    await world.given(patients=[patient(birth_date="2019-06-02", guardians=guardians)])
    await world.store.preferences.opt_out(ANA_SMS, "21610", at=NOW)

    said = await choosing(world, phone, to=ANA_EMAIL, month="6", day="2", year="2019")

    assert "STOP" not in said
