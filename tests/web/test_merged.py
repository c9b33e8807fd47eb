"""A patient whom the EHR has merged sees, on any link, what they stopped anywhere."""

from reminder.model.people import PatientKey, Preference
from tests.web.choices import ANA, CONTACT, choosing, form
from tests.web.forms import Phone
from tests.web.world import MAIN, NOW, World, patient

OLD = PatientKey(MAIN, "old")
OLDER = PatientKey(MAIN, "older")
NOTHING = Preference(nothing=True)


async def given_merged(world: World) -> None:
    """Ana's record, which replaced two others; the visit is booked for hers."""
    merged = [
        patient(key.patient_id, survivor_id=ANA.patient_id) for key in (OLD, OLDER)
    ]
    await world.given(patients=[patient(), *merged])


async def test_the_link_of_one_record_shows_what_another_stopped(
    world: World, phone: Phone
) -> None:
    await given_merged(world)
    await world.store.preferences.keep(OLD, NOTHING, now=NOW)

    shown = await choosing(world, phone)

    assert "What is stopped now Everything" in shown
    assert form(phone).fields["stop-everything"] == "yes"


async def test_what_is_taken_back_on_one_link_is_taken_back_for_all(
    world: World, phone: Phone
) -> None:
    await given_merged(world)
    await world.store.preferences.keep(OLD, NOTHING, now=NOW)
    await choosing(world, phone)
    fields = form(phone).fields
    fields.pop("stop-everything")

    await phone.send("/contact/keep", fields)
    again = await phone.press(CONTACT)

    assert "What is stopped now" not in again
    for key in (ANA, OLD, OLDER):
        assert await world.store.preferences.preference(key) == Preference()


async def test_what_is_stopped_on_one_link_is_stopped_for_all(
    world: World, phone: Phone
) -> None:
    await given_merged(world)
    await choosing(world, phone)

    await phone.press("Save", **{"stop-everything": "yes"})

    for key in (ANA, OLD, OLDER):
        assert (await world.store.preferences.preference(key)).nothing is True
