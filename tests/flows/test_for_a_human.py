"""What goes to staff because no message can settle it."""

from dataclasses import replace
from datetime import timedelta

from reminder.model.appointments import AppointmentStatus
from reminder.model.clinics import ClinicDirectory
from reminder.model.people import Channel
from reminder.model.rulesets import Rule, Ruleset, Step
from reminder.rules.offsets import default_template, parse_offset
from tests.flows.world import ELM, House, patient, visit

HOUR = timedelta(hours=1)


def rules(house: House, *offsets: str) -> None:
    steps = tuple(
        Step(
            one.replace(" ", "-"),
            parse_offset(one),
            (Channel.EMAIL,),
            default_template(parse_offset(one)),
        )
        for one in offsets
    )
    ruleset = Ruleset(rules=(Rule("visits", steps),))
    house.directory = ClinicDirectory((replace(ELM, ruleset=ruleset),))


async def cancelled_at_night(house: House) -> None:
    """The visit at eight in the morning is cancelled at ten in the evening."""
    early = visit(start_at=visit().start_at - 2 * HOUR)
    await house.read_and_plan(early, patient())
    house.clock.move_on(hours=12)
    house.ehr.change(early.key, status=AppointmentStatus.CANCELLED)
    await house.sync.run()
    await house.plan.run()


async def test_news_that_finds_no_moment_before_the_visit_is_work_for_staff(
    any_house: House,
) -> None:
    rules(any_house, "when cancelled")

    await cancelled_at_night(any_house)

    assert await any_house.reminders() == ["when-cancelled skipped quiet-hours"]
    assert await any_house.worklist() == ["unreachable main/a1/p1"]


async def test_it_is_put_there_once(house: House) -> None:
    rules(house, "when cancelled")
    await cancelled_at_night(house)
    [before] = await house.store.worklist.open()

    house.clock.move_on(minutes=5)
    house.ehr.put(patient(language="es"))
    await house.sync.run(everything=True)
    await house.plan.again([before.appointment.patient])

    assert [one.at for one in await house.store.worklist.open()] == [before.at]


async def test_a_reminder_that_finds_no_moment_is_not(house: House) -> None:
    rules(house, "24 hours before")

    await house.read_and_plan(visit(), patient(contact_points=()))

    assert await house.reminders() == ["24-hours-before skipped no-contact-point"]
    assert await house.worklist() == []


async def test_who_has_no_address_and_whose_visit_moved_must_be_called(
    house: House,
) -> None:
    rules(house, "when moved")
    await house.read_and_plan(visit(), patient(contact_points=()))
    house.clock.move_on(minutes=2)
    house.ehr.change(visit().key, start_at=visit().start_at + 3 * HOUR)

    await house.sync.run()
    await house.plan.run()

    assert await house.worklist() == ["unreachable main/a1/p1"]
