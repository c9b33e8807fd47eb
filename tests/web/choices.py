"""What the tests of the contact page have in common: Ana, and how she gets there."""

from dataclasses import replace
from typing import Any

from reminder.model.clinics import ClinicDirectory
from reminder.model.people import ContactPoint, PatientKey
from tests.web.forms import Form, Phone, read
from tests.web.world import ANA_SMS, CLINIC, MAIN, World

ANA = PatientKey(MAIN, "p1")
CONTACT = "How should we reach you?"


async def choosing(
    world: World, phone: Phone, to: ContactPoint = ANA_SMS, **born: str
) -> str:
    """The choices, on the phone of whoever the link went to."""
    await phone.open(await world.link(to=to))
    await phone.born(**born)
    return await phone.press(CONTACT)


def form(phone: Phone) -> Form:
    """The one form with choices."""
    (one,) = [one for one in read(phone.page.text).forms if one.choices]
    return one


def ruled(world: World, **changes: Any) -> None:
    """Her clinic goes by other rules."""
    clinic = replace(CLINIC, ruleset=replace(CLINIC.ruleset, **changes))
    world.clinics = ClinicDirectory((clinic,), {MAIN: "lake"})
