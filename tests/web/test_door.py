"""What a link shows before and after the date of birth."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from reminder.model.worklist import WorklistKind
from tests.web.forms import Phone, read, text
from tests.web.reminders import given_sent
from tests.web.world import MAIN, START, World, booking, patient

WRONG = {"month": "5", "day": "17", "year": "1985"}


async def wrong_dates(phone: Phone, n: int) -> str:
    said = ""
    for _ in range(n):
        said = await phone.born(**WRONG)
    return said


async def test_a_link_shows_the_clinic_and_nobody(world: World, phone: Phone) -> None:
    await world.given()

    said = await phone.open(await world.link())

    assert "Lakeside Clinic" in said
    assert "What is your date of birth?" in said
    assert not {"Ana", "Garcia", "Patel", "2:30"} & {*said.split()}


async def test_the_right_date_opens_the_visit(world: World, phone: Phone) -> None:
    await world.given()
    await phone.open(await world.link())

    said = await phone.born()

    assert "Tuesday, March 9 2:30 PM" in said
    assert "Dr. Priya Patel" in said
    assert "12 Lake Street" in said
    assert "Confirm I am coming" in said


async def test_a_place_that_tells_an_illness_is_not_named(
    world: World, phone: Phone
) -> None:
    await world.given()
    await phone.open(await world.link())

    assert "illnesses" not in await phone.born()


async def test_the_right_date_costs_no_try(world: World, phone: Phone) -> None:
    await world.given()
    token = await world.link()

    for _ in range(7):
        await phone.open(token)
        await phone.born()

    link = await world.store.links.find(token)
    assert link is not None
    assert link.tries_left == 5


async def test_a_wrong_date_costs_one_and_says_how_many_are_left(
    world: World, phone: Phone
) -> None:
    await world.given()
    await phone.open(await world.link())

    said = await phone.born(**WRONG)

    assert "We could not match that date" in said
    assert "You have 4 tries left." in said
    assert phone.page.status_code == 200


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"month": "", "day": "", "year": ""}, "Enter the date of birth"),
        ({"month": "", "day": "17", "year": "1985"}, "Choose the month"),
        ({"month": "4", "day": " ", "year": "1985"}, "Enter the day"),
        ({"month": "4", "day": "17", "year": ""}, "Enter the year"),
        ({"month": "4", "day": "17", "year": "85"}, "4 digits"),
        ({"month": "2", "day": "30", "year": "1985"}, "There is no such date"),
        ({"month": "4", "day": "x", "year": "1985"}, "There is no such date"),
        ({"month": "4", "day": "17", "year": "2084"}, "must be in the past"),
        ({"month": "4", "day": "17", "year": "1850"}, "Check the year"),
    ],
)
async def test_what_is_no_date_is_no_try_and_says_what_to_fix(
    world: World, phone: Phone, typed: dict[str, str], says: str
) -> None:
    await world.given()
    await phone.open(await world.link())
    before = await world.tables()

    said = await phone.born(**typed)

    assert says in said
    assert "<title>Error: " in phone.page.text
    assert await world.tables() == before


async def test_what_was_typed_stays_in_the_fields(world: World, phone: Phone) -> None:
    await world.given()
    await phone.open(await world.link())

    await phone.born(month="4", day="17", year="85")

    fields = read(phone.page.text).forms[0].fields
    assert (fields["month"], fields["day"], fields["year"]) == ("4", "17", "85")


async def test_five_wrong_dates_burn_the_link_for_the_right_one_too(
    world: World, phone: Phone
) -> None:
    await world.given()
    token = await world.link()
    await phone.open(token)
    right: dict[str, str] = {"link": token, "month": "4", "day": "17", "year": "1985"}

    said = await wrong_dates(phone, 5)
    after = await phone.send("/v", right)

    assert "This link is closed" in said
    assert "This link is closed" in after
    assert "This link is closed" in await phone.open(token)


async def test_sixty_guesses_at_once_are_five_tries(world: World) -> None:
    await world.given()
    token = await world.link()
    async with world.client() as client:
        guesses = [
            client.post("/v", data={"link": token, **WRONG, "year": str(1930 + n)})
            for n in range(60)
        ]
        pages = [text(page.text) for page in await asyncio.gather(*guesses)]

    link = await world.store.links.find(token)
    assert link is not None
    assert link.tries_left == 0
    assert sum("We could not match" in page for page in pages) < 5
    assert sum("This link is closed" in page for page in pages) > 55


async def test_unknown_expired_and_broken_links_show_one_page(
    world: World, phone: Phone
) -> None:
    await world.given()
    expired = await world.link()
    world.clock.now = START + timedelta(hours=24)

    pages = []
    for token in (expired, "k7Qm3VxPk7Qm3VxPk7Qm3w", "k7Qm3VxP", "%00", "é"):
        await phone.open(token)
        pages.append((phone.page.status_code, phone.page.text, phone.page.headers))

    assert all(page == pages[0] for page in pages)
    assert pages[0][0] == 404
    assert "links stop working after the visit" in text(pages[0][1])


async def test_a_link_works_until_a_day_after_the_visit(
    world: World, phone: Phone
) -> None:
    await world.given()
    token = await world.link()
    world.clock.now = START + timedelta(hours=23, minutes=59)

    await phone.open(token)
    said = await phone.born()

    assert "That visit has passed" in said
    assert "Confirm" not in said
    assert "Dr. Priya Patel" not in said


async def test_who_has_no_full_birth_date_on_file_is_asked_to_call(
    world: World, phone: Phone
) -> None:
    await world.given(patients=[patient(birth_date="1985-04")])
    token = await world.link()
    await phone.open(token)

    said = await phone.born()

    (entry,) = await world.store.worklist.open()
    link = await world.store.links.find(token)
    assert "We can help you by phone" in said
    assert entry.kind is WorklistKind.NO_BIRTH_DATE
    assert link is not None
    assert link.tries_left == 5


async def test_a_visit_of_one_who_died_is_not_shown(world: World, phone: Phone) -> None:
    await world.given(patients=[patient(deceased=True)])
    await phone.open(await world.link())

    assert "We can help you by phone" in await phone.born()


async def test_a_date_opens_the_visits_of_that_child_alone(
    world: World, phone: Phone
) -> None:
    await given_siblings(world)
    await phone.open(await world.link())

    said = await phone.born(month="6", day="2", year="2019")

    assert "Leo" in said
    assert "Mia" not in said
    assert "There is 1 more visit" in said


async def test_another_date_opens_the_others_as_well(
    world: World, phone: Phone
) -> None:
    await given_siblings(world)
    await phone.open(await world.link())
    await phone.born(month="6", day="2", year="2019")

    await phone.press("Enter a date of birth")
    said = await phone.born(month="9", day="23", year="2021")

    assert "Leo" in said
    assert "Mia" in said
    assert "more visit" not in said


async def test_a_wrong_date_for_the_other_child_hides_nothing_already_open(
    world: World, phone: Phone
) -> None:
    await given_siblings(world)
    await phone.open(await world.link())
    await phone.born(month="6", day="2", year="2019")
    await phone.press("Enter a date of birth")

    await phone.born(**WRONG)
    said = await phone.press("Back to your visits")

    assert "Leo" in said


async def test_twins_are_opened_by_one_date(world: World, phone: Phone) -> None:
    await world.given(
        booking(),
        booking("a2", "p2"),
        patients=[patient(given="Leo"), patient("p2", given="Mia")],
    )
    await phone.open(await world.link())

    said = await phone.born()

    assert "Leo" in said
    assert "Mia" in said


async def test_neither_names_nor_dates_nor_tokens_are_logged(
    world: World, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    await world.given()
    token = await world.link()
    structlog.configure(cache_logger_on_first_use=False)

    with capture_logs() as lines:
        await phone.open(token)
        await wrong_dates(phone, 1)
        await phone.born()
        await phone.press("Confirm")
        await phone.press("I cannot come")
        await phone.press("Cancel my visit")

    written = repr(lines) + caplog.text
    assert len(lines) >= 4
    for secret in ("Ana", "Garcia", token, "1985", "Patel", "555-01"):
        assert secret not in written


async def given_siblings(world: World) -> None:
    await world.given(
        booking(),
        booking("a2", "p2", start_at=START + timedelta(minutes=30)),
        patients=[
            patient(given="Leo", birth_date="2019-06-02"),
            patient("p2", given="Mia", birth_date="2021-09-23"),
        ],
    )


@pytest.mark.parametrize(
    "forged",
    [
        {"ticket": ""},
        {"ticket": "x" * 3000},
        {"ticket": "é"},
        {"visit": "another"},
    ],
)
async def test_a_forged_form_does_nothing(
    world: World, phone: Phone, forged: dict[str, Any]
) -> None:
    await world.given()
    await phone.open(await world.link())
    await phone.born()
    before = await world.tables()

    await phone.press("Confirm", **forged)

    assert await world.tables() == before


async def test_a_ticket_of_one_link_is_refused_on_another(
    world: World, phone: Phone
) -> None:
    await world.given(
        booking(),
        booking("a2", "p2"),
        patients=[patient(), patient("p2", birth_date="1990-01-31")],
    )
    key, other = world.ehr.bookings
    hers, theirs = await world.link(key), await world.link(other)
    await phone.open(hers)
    await phone.born()
    before = await world.tables()

    said = await phone.press("Confirm", link=theirs)

    assert "What is your date of birth?" in said
    assert await world.tables() == before


async def test_a_ticket_runs_out_after_a_quarter_of_an_hour(
    world: World, phone: Phone
) -> None:
    await world.given()
    await phone.open(await world.link())
    await phone.born()
    before = await world.tables()
    world.clock.move_on(minutes=15)

    said = await phone.press("Confirm")

    assert "we closed it to keep your details safe" in said
    assert "What is your date of birth?" in said
    assert await world.tables() == before


async def test_a_ticket_to_look_does_not_confirm(world: World, phone: Phone) -> None:
    await world.given()
    await phone.open(await world.link())
    await phone.born()
    forms = read(phone.page.text).forms
    look = next(form for form in forms if form.action == "/cancel")
    before = await world.tables()

    await phone.send("/confirm", look.fields)

    assert await world.tables() == before


async def test_one_childs_ticket_does_not_act_on_the_others_visit(
    world: World, phone: Phone
) -> None:
    await given_siblings(world)
    await phone.open(await world.link())
    await phone.born(month="6", day="2", year="2019")
    await phone.press("Enter a date of birth")
    await phone.born(month="9", day="23", year="2021")
    both = [one for one in read(phone.page.text).forms if one.action == "/confirm"]
    await phone.open(await world.link())
    await phone.born(month="6", day="2", year="2019")
    (own,) = [one for one in read(phone.page.text).forms if one.action == "/confirm"]
    (others,) = [one for one in both if one.fields["visit"] != own.fields["visit"]]
    before = await world.tables()

    await phone.send("/confirm", own.fields | {"visit": others.fields["visit"]})

    assert await world.tables() == before


async def test_the_language_is_the_links_until_another_is_chosen(
    world: World, phone: Phone
) -> None:
    await world.given()
    token = await world.link(language="es")

    assert "¿Cuál es su fecha de nacimiento?" in await phone.open(token)
    assert "What is your date of birth?" in await phone.open(token, lang="en")
    assert "Confirm I am coming" in await phone.born()
    assert "Confirmar que voy" in await phone.press("Español")


async def test_a_visit_the_clinic_moved_says_what_it_was(
    world: World, phone: Phone
) -> None:
    await world.given()
    await given_sent(world, START)
    moved = booking(start_at=START + timedelta(days=1), fingerprint="moved")
    await world.given(moved)
    await phone.open(await world.link())

    said = await phone.born()

    assert "Wednesday, March 10 2:30 PM" in said
    assert "It was on Tuesday, March 9 at 2:30 PM ." in said


async def test_a_visit_the_clinic_no_longer_has_says_so(
    world: World, phone: Phone
) -> None:
    await world.given()
    token = await world.link()
    await world.store.appointments.mark_gone(MAIN, ["a1"], at=world.clock())
    await phone.open(token)

    assert "We do not see this visit any more" in await phone.born()
