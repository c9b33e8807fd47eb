"""An EHR that lets nobody write: a human is asked, and what they do is noticed."""

from dataclasses import replace
from datetime import timedelta

from reminder.ehr.errors import EHRUnavailable
from reminder.flows.requested import Requested
from reminder.flows.tell import Tell
from reminder.flows.write_back import WriteBackReport
from reminder.model.answers import AnswerKind
from reminder.model.appointments import AppointmentStatus
from reminder.model.clinics import ClinicDirectory
from reminder.model.offsets import HoursBefore
from reminder.model.rulesets import Step
from reminder.model.worklist import WorklistKind
from tests.flows.test_write_back import (
    KEY,
    LATER,
    asks,
    became,
    booking,
    reminded,
    told,
)
from tests.flows.world import BOTH, House, patient, visit


def with_another_step(directory: ClinicDirectory) -> ClinicDirectory:
    """The clinic, which now also reminds two hours before."""
    (clinic,) = directory.clinics
    (rule,) = clinic.ruleset.rules
    steps = (*rule.steps, Step("hour", HoursBefore(2), BOTH))
    ruleset = replace(clinic.ruleset, rules=(replace(rule, steps=steps),))
    return ClinicDirectory((replace(clinic, ruleset=ruleset),))


async def requested(house: House, kind: AnswerKind) -> None:
    """The patient asked, and a human was asked to do it."""
    await reminded(house)
    house.ehr.requested = "Task/17"
    await asks(house, kind)
    await house.write_back.run()


async def clinic_does(house: House, **changes: object) -> None:
    """Somebody at the clinic enters it, and Reminder reads it and looks."""
    house.ehr.change(KEY, **changes)
    house.clock.move_on(minutes=2)
    await house.sync.run(everything=True)
    await house.plan.run()
    await house.write_back.run()


async def test_a_cancellation_is_passed_on_and_the_patient_told_so(
    any_house: House,
) -> None:
    house = any_house
    await reminded(house)
    house.ehr.requested = "Task/17"
    await asks(house, AnswerKind.CANCEL)

    report = await house.write_back.run()

    assert report == WriteBackReport(done=1)
    assert await became(house) == ["cancel requested"]
    [entry] = await house.store.worklist.open()
    assert entry.kind is WorklistKind.CHANGE_REQUESTED
    assert entry.appointment == KEY
    assert entry.details == ("cancel", "Task/17")
    [text] = await told(house)
    assert "Your clinic will confirm it" in text
    assert booking(house).status is AppointmentStatus.BOOKED


async def test_a_move_names_the_new_time_on_the_worklist(house: House) -> None:
    await requested(house, AnswerKind.MOVE)

    [entry] = await house.store.worklist.open()
    assert entry.details == ("move", "Task/17", LATER.isoformat())


async def test_a_confirmation_is_nothing_a_human_must_enter(house: House) -> None:
    await requested(house, AnswerKind.CONFIRM)

    assert await became(house) == ["confirm requested"]
    assert await house.worklist() == []
    assert await told(house) == []


async def test_what_the_clinic_cancels_at_last_is_told_and_leaves_the_worklist(
    any_house: House,
) -> None:
    house = any_house
    await requested(house, AnswerKind.CANCEL)
    await told(house)

    await clinic_does(house, status=AppointmentStatus.CANCELLED)

    assert await became(house) == ["cancel written"]
    assert await house.worklist() == []
    texts = await told(house)
    assert len(texts) == 2
    assert "We have cancelled your visit" in texts[1]


async def test_what_the_clinic_moves_at_last_is_told_at_its_new_time(
    house: House,
) -> None:
    await requested(house, AnswerKind.MOVE)

    await clinic_does(house, start_at=LATER)

    assert await became(house) == ["move written"]
    assert await house.worklist() == []
    assert "2:00" in (await told(house))[-1]


async def test_a_visit_the_clinic_books_anew_takes_the_link_along(
    any_house: House,
) -> None:
    house = any_house
    await requested(house, AnswerKind.MOVE)
    house.ehr.put(visit("a2", start_at=LATER))

    await clinic_does(house, status=AppointmentStatus.CANCELLED)

    assert await became(house) == ["move written"]
    link = await house.store.links.link(house.mail.sent[0].message_id)
    assert link is not None
    assert [one.appointment_id for one in link.appointments] == ["a1", "a2"]


async def test_another_time_than_asked_for_ends_the_request_without_a_word_of_ours(
    house: House,
) -> None:
    await requested(house, AnswerKind.MOVE)
    before = len(await told(house))

    await clinic_does(house, start_at=LATER + timedelta(hours=1))

    assert await became(house) == ["move lost"]
    assert await house.worklist() == []
    assert len(await told(house)) == before


async def test_nobody_is_reminded_of_what_they_asked_to_cancel(house: House) -> None:
    await requested(house, AnswerKind.CANCEL)
    house.directory = with_another_step(house.directory)
    await house.plan.run()

    assert "hour skipped answered" in await house.reminders()


async def test_a_move_booked_anew_takes_the_link_along(any_house: House) -> None:
    house = any_house
    await reminded(house)
    house.ehr.rebooks = True
    await asks(house, AnswerKind.MOVE)

    await house.write_back.run()

    assert await became(house) == ["move written"]
    link = await house.store.links.link(house.mail.sent[0].message_id)
    assert link is not None
    assert {one.appointment_id for one in link.appointments} == {"a1", "a1-anew"}
    assert await house.worklist() == []
    [text] = await told(house)
    assert "2:00" in text


async def test_a_request_is_passed_on_although_the_ehr_was_silent_before(
    house: House,
) -> None:
    await reminded(house)
    await asks(house, AnswerKind.CANCEL)
    house.ehr.error = EHRUnavailable("PATCH Appointment: 423")
    await house.write_back.run()
    house.ehr.error, house.ehr.requested = None, ""
    house.clock.move_on(minutes=1)

    await house.write_back.run()

    assert await became(house) == ["cancel requested"]
    [entry] = await house.store.worklist.open()
    assert entry.details == ("cancel",)


async def test_what_was_asked_for_is_no_news_of_the_clinic(house: House) -> None:
    await requested(house, AnswerKind.CANCEL)
    await clinic_does(house, status=AppointmentStatus.CANCELLED)
    count = len(await told(house))

    await house.plan.run()
    await house.dispatch.run()

    assert len(await told(house)) == count


async def test_a_visit_that_went_to_the_record_of_a_merge_is_not_told_cancelled(
    any_house: House,
) -> None:
    house = any_house
    await requested(house, AnswerKind.CANCEL)
    before = len(await told(house))
    moved = house.ehr.bookings.pop(KEY)
    survivor = KEY._replace(patient_id="p1-survivor")
    house.ehr.put(replace(moved, key=survivor), patient("p1-survivor"))

    house.clock.move_on(minutes=2)
    await house.sync.run(everything=True)
    await house.plan.run()
    await house.write_back.run()

    assert await became(house) == ["cancel requested"]
    assert len(await told(house)) == before
    assert await house.worklist() != []


async def test_the_newest_request_is_looked_at_however_many_older_ones_are_open(
    house: House,
) -> None:
    visits = [visit(f"a{number}", f"p{number}") for number in (1, 2, 3)]
    house.ehr.requested = "Task/1"
    for each in visits:
        await house.read_and_plan(each, patient(each.key.patient_id))
    await house.dispatch.run()
    for each in visits:
        await asks(house, AnswerKind.CANCEL, each.key)
    await house.write_back.run()
    house.ehr.change(visits[-1].key, status=AppointmentStatus.CANCELLED)
    await house.sync.run(everything=True)

    store = house.store
    await Requested(
        store.answers,
        store.appointments,
        store.links,
        store.worklist,
        Tell(store.links, store.queue, house.clock),
        house.clock,
        page=1,
    ).settle()

    states = [(await store.answers.latest(one.key))[0].state for one in visits]
    assert states == ["requested", "requested", "written"]
