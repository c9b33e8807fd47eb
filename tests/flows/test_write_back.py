import asyncio
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from reminder.ehr.errors import EHRConflict, EHRError, EHRRefused, EHRUnavailable
from reminder.flows.write_back import WriteBackFlow, WriteBackReport
from reminder.model.answers import (
    Answer,
    AnswerKind,
    AnswerState,
    WriteBackKind,
    WriteBackState,
)
from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
    ParticipationStatus,
    Slot,
)
from reminder.model.readings import Written
from tests.flows.world import (
    EMAIL,
    LEASE,
    MAIN,
    NOW,
    OPENS,
    TOMORROW,
    House,
    patient,
    visit,
)

LATER = TOMORROW + timedelta(hours=4)
FREE = Slot(
    slot_id="free",
    schedule_id="dr",
    start_at=LATER,
    end_at=LATER + timedelta(minutes=30),
)
KEY = visit().key
SILENT = EHRUnavailable("transaction: ReadTimeout", sent=True)


async def reminded(house: House) -> None:
    """The patient holds a message with a link, and the EHR knows it was sent."""
    house.ehr.slots["free"] = FREE
    house.ehr.taken.add("slot-a1")
    await house.read_and_plan(visit(), patient())
    await house.dispatch.run()
    await house.write_back.run()
    house.ehr.calls.clear()


_WRITTEN_AS = {
    AnswerKind.CONFIRM: WriteBackKind.CONFIRM,
    AnswerKind.CANCEL: WriteBackKind.CANCEL,
    AnswerKind.MOVE: WriteBackKind.MOVE,
    AnswerKind.UNDO_CANCEL: WriteBackKind.REBOOK,
}


async def asks(house: House, kind: AnswerKind, key: AppointmentKey = KEY):
    """The patient asks by the link, and the EHR did not answer while they waited."""
    moves = kind is AnswerKind.MOVE
    answer = Answer(
        answer_id=uuid4(),
        appointment=key,
        message_id=house.mail.sent[0].message_id,
        kind=kind,
        state=AnswerState.WAITING,
        at=house.clock.now,
        slot_id="free" if moves else None,
        slot_start_at=LATER if moves else None,
        before_slot_ids=("slot-a1",),
        before_start_at=TOMORROW,
    )
    now = house.clock.now
    kept = await house.store.answers.record(
        answer, write_back=_WRITTEN_AS[kind], now=now, first_try_at=now
    )
    house.clock.move_on(seconds=1)
    return kept.answer_id


async def became(house: House) -> list[str]:
    """What became of each ask, the first one first."""
    answers = await house.store.answers.latest(KEY)
    return [f"{one.kind} {one.state}" for one in reversed(answers)]


async def told(house: House) -> list[str]:
    """The subjects of the e-mails the patient got beside the reminder."""
    await house.dispatch.run()
    return [message.content.text for message in house.mail.sent[1:]]


def booking(house: House) -> Appointment:
    return house.ehr.bookings[KEY]


class TestWritten:
    async def test_a_confirmation_is_written_and_needs_no_answer(
        self, any_house: House
    ) -> None:
        house = any_house
        await reminded(house)
        await asks(house, AnswerKind.CONFIRM)

        report = await house.write_back.run()

        assert report == WriteBackReport(done=1)
        assert booking(house).participation is ParticipationStatus.ACCEPTED
        assert await became(house) == ["confirm written"]
        assert await told(house) == []

    async def test_a_move_is_written_kept_planned_and_told(
        self, any_house: House
    ) -> None:
        house = any_house
        await reminded(house)
        await asks(house, AnswerKind.MOVE)

        await house.write_back.run()

        assert booking(house).slot_ids == ("free",)
        [kept] = await house.store.appointments.bookings("a1")
        assert kept.start_at == LATER
        assert await house.reminders() == ["day answered", "day planned"]
        assert await became(house) == ["move written"]
        [text] = await told(house)
        assert "2:00" in text
        assert house.mail.sent[-1].to == EMAIL

    async def test_a_cancellation_is_written_and_told(self, any_house: House) -> None:
        house = any_house
        await reminded(house)
        await asks(house, AnswerKind.CANCEL)

        await house.write_back.run()

        assert booking(house).status is AppointmentStatus.CANCELLED
        assert house.ehr.taken == set()
        assert await became(house) == ["cancel written"]
        assert len(await told(house)) == 1

    async def test_a_cancellation_taken_back_takes_the_slots_it_had(
        self, any_house: House
    ) -> None:
        house = any_house
        await reminded(house)
        await asks(house, AnswerKind.CANCEL)
        await asks(house, AnswerKind.UNDO_CANCEL)

        report = await house.write_back.run()

        assert report == WriteBackReport(done=2)
        assert booking(house).status is AppointmentStatus.BOOKED
        assert booking(house).slot_ids == ("slot-a1",)
        assert house.ehr.calls == ["cancel", "rebook"]
        assert await became(house) == ["cancel written", "undo-cancel written"]

    async def test_that_a_message_was_sent_is_recorded_once(
        self, any_house: House
    ) -> None:
        house = any_house
        await house.read_and_plan(*(visit(), patient()), visit("a2", start_at=TOMORROW))
        await house.dispatch.run()

        report = await house.write_back.run()
        again = await house.write_back.run()

        assert report == WriteBackReport(done=2)
        assert again == WriteBackReport()
        assert sorted(one.appointment.appointment_id for one in house.ehr.recorded) == [
            "a1",
            "a2",
        ]
        assert {one.template for one in house.ehr.recorded} == {"reminder"}
        assert {one.sent_at for one in house.ehr.recorded} == {NOW}


class TestAnEHRThatIsSilent:
    @pytest.mark.parametrize(
        "kind",
        [
            pytest.param(AnswerKind.MOVE, id="move"),
            pytest.param(AnswerKind.CANCEL, id="cancel"),
        ],
    )
    async def test_delays_the_answer_and_the_patient_is_told_when_it_is_back(
        self, any_house: House, kind: AnswerKind
    ) -> None:
        house = any_house
        await reminded(house)
        await asks(house, kind)
        house.ehr.error = SILENT

        first = await house.write_back.run()
        at_once = await house.write_back.run()
        nothing_yet = await told(house)
        house.ehr.error = None
        house.clock.move_on(minutes=1)
        second = await house.write_back.run()

        assert (first, at_once) == (WriteBackReport(waiting=1), WriteBackReport())
        assert nothing_yet == []
        assert second == WriteBackReport(done=1)
        assert await became(house) == [f"{kind} written"]
        assert len(await told(house)) == 1

    async def test_is_asked_once_a_run_and_logged_once(self, house: House) -> None:
        await house.read_and_plan(
            *(visit(), patient(), visit("a2"), visit("a3")),
        )
        await house.dispatch.run()
        house.ehr.calls.clear()
        house.ehr.error = SILENT

        with capture_logs() as logs:
            report = await house.write_back.run()

        assert report == WriteBackReport(waiting=3)
        assert house.ehr.calls == ["record"]
        assert logs == [
            {
                "event": "write_backs_wait",
                "log_level": "warning",
                "connection": MAIN,
                "error": "transaction: ReadTimeout",
            }
        ]

    async def test_is_left_alone_as_long_as_it_asks_for(self, house: House) -> None:
        await reminded(house)
        await asks(house, AnswerKind.CANCEL)
        wish = timedelta(minutes=20)
        house.ehr.error = EHRUnavailable("transaction: 503", retry_after=wish)

        await house.write_back.run()

        due_at = await house.store.write_backs.next_due_at()
        assert due_at == house.clock.now + wish

    async def test_for_a_day_ends_on_the_worklist_and_the_patient_is_told(
        self, house: House
    ) -> None:
        await reminded(house)
        await asks(house, AnswerKind.CANCEL)
        house.ehr.error = SILENT

        while (due_at := await house.store.write_backs.next_due_at()) is not None:
            house.clock.now = max(due_at, house.clock.now)
            await house.write_back.run()

        assert house.clock.now <= NOW + timedelta(hours=24)
        assert await became(house) == ["cancel failed"]
        assert await house.worklist() == ["write-back-failed main/a1/p1/cancel"]
        assert len(await told(house)) == 1


class TestAnEHRThatSaysNo:
    async def test_a_lost_time_is_told_as_lost(self, any_house: House) -> None:
        house = any_house
        await reminded(house)
        await asks(house, AnswerKind.MOVE)
        house.ehr.taken.add("free")

        report = await house.write_back.run()

        assert report == WriteBackReport(failed=1)
        assert await became(house) == ["move lost"]
        assert await house.worklist() == ["write-back-failed main/a1/p1/move"]
        [text] = await told(house)
        assert "10:00" in text
        assert booking(house).start_at == TOMORROW

    async def test_what_it_refuses_is_told_and_goes_to_the_worklist(
        self, any_house: House
    ) -> None:
        house = any_house
        await reminded(house)
        await asks(house, AnswerKind.CANCEL)
        house.ehr.error = EHRRefused("transaction: not offered")

        await house.write_back.run()

        house.ehr.error = None
        assert await became(house) == ["cancel failed"]
        [entry] = await house.store.worklist.open()
        assert entry.appointment == KEY
        assert "transaction: not offered" in entry.details[0]
        assert len(await told(house)) == 1

    async def test_a_confirmation_of_what_is_off_meanwhile_bothers_nobody(
        self, house: House
    ) -> None:
        await reminded(house)
        await asks(house, AnswerKind.CONFIRM)
        house.ehr.error = EHRConflict("Appointment: cancelled")

        report = await house.write_back.run()

        assert report == WriteBackReport(failed=1)
        assert await became(house) == ["confirm lost"]
        assert await house.worklist() == []
        assert await told(house) == []

    @pytest.mark.parametrize(
        "kind", [AnswerKind.CONFIRM, AnswerKind.CANCEL, AnswerKind.MOVE]
    )
    async def test_what_the_clinic_moved_since_is_left_where_it_is(
        self, any_house: House, kind: AnswerKind
    ) -> None:
        house, saturday = any_house, TOMORROW + timedelta(days=3)
        await reminded(house)
        await asks(house, kind)
        house.ehr.change(KEY, start_at=saturday, slot_ids=("other",))

        report = await house.write_back.run()

        assert report == WriteBackReport(failed=1)
        assert await became(house) == [f"{kind} lost"]
        now = booking(house)
        assert (now.status, now.start_at) == (AppointmentStatus.BOOKED, saturday)
        assert now.participation is not ParticipationStatus.ACCEPTED

    async def test_to_every_record_is_one_entry_on_the_worklist(
        self, house: House
    ) -> None:
        await house.read_and_plan(*(visit(), patient(), visit("a2")))
        await house.dispatch.run()
        house.ehr.error = EHRRefused("POST Communication: not offered")

        report = await house.write_back.run()

        assert report == WriteBackReport(failed=2)
        assert await house.worklist() == ["write-back-failed main/communication"]

    async def test_one_after_the_other_does_not_wedge_the_queue(
        self, house: House
    ) -> None:
        """A confirmation, a cancellation and second thoughts, while it was silent."""
        await reminded(house)
        house.ehr.error = SILENT
        await asks(house, AnswerKind.CONFIRM)
        await house.write_back.run()
        await asks(house, AnswerKind.CANCEL)
        await asks(house, AnswerKind.MOVE)
        house.ehr.error = None

        for _ in range(3):
            house.clock.move_on(minutes=1)
            await house.write_back.run()

        assert house.ehr.calls == ["confirm", "confirm", "cancel", "reschedule"]
        counts = await house.store.write_backs.counts()
        assert WriteBackState.WAITING not in counts


class Raises:
    """An EHR with a bug that one kind of write meets."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def confirm(
        self, key: AppointmentKey, *, ask: UUID | None, start_at: datetime | None
    ) -> Written:
        raise ZeroDivisionError("Ana Okafor")

    def __getattr__(self, name: str):
        return getattr(self._house.ehr, name)


def flow(house: House, **changes) -> WriteBackFlow:
    return WriteBackFlow(
        **{
            "ehrs": {MAIN: house.ehr},
            "write_backs": house.store.write_backs,
            "answers": house.store.answers,
            "links": house.store.links,
            "bookings": house.store.appointments,
            "messages": house.store.queue,
            "worklist": house.store.worklist,
            "replan": house.plan.again,
            "clock": house.clock,
            "lease": LEASE,
        }
        | changes
    )


async def test_a_bug_met_by_one_is_tried_again_and_stops_nobody_else(
    house: House,
) -> None:
    await house.read_and_plan(*(visit(), patient(), visit("a2")))
    await house.dispatch.run()
    await house.write_back.run()
    await asks(house, AnswerKind.CONFIRM)
    other = AppointmentKey(MAIN, "a2", "p1")
    await asks(house, AnswerKind.CANCEL, other)

    with capture_logs() as logs:
        report = await flow(house, ehrs={MAIN: Raises(house)}).run()

    assert report == WriteBackReport(done=1, waiting=1)
    assert house.ehr.bookings[other].status is AppointmentStatus.CANCELLED
    [line] = [line for line in logs if line["log_level"] == "error"]
    assert line["error"] == "ZeroDivisionError"
    assert "Okafor" not in str(logs)


async def test_a_crash_after_the_write_tells_the_patient_all_the_same(
    any_house: House,
) -> None:
    house = any_house
    await reminded(house)
    await asks(house, AnswerKind.CANCEL)

    class Dies:
        async def enqueue(self, *_: object, **__: object) -> None:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await flow(house, messages=Dies()).run()
    house.clock.now += LEASE
    report = await house.write_back.run()

    assert report == WriteBackReport(done=1)
    assert await became(house) == ["cancel written"]
    assert len(await told(house)) == 1


async def test_a_process_told_to_stop_leaves_the_rest_due(house: House) -> None:
    await house.read_and_plan(*(visit(), patient(), visit("a2"), visit("a3")))
    await house.dispatch.run()
    told_to_stop = iter([False, False, True, True, True])

    report = await house.write_back.run(lambda: next(told_to_stop))
    rest = await house.write_back.run()

    assert (report.done, rest.done) == (1, 2)


async def test_the_link_that_is_over_is_not_answered(house: House) -> None:
    await reminded(house)
    await asks(house, AnswerKind.CANCEL)
    house.clock.now = TOMORROW + timedelta(hours=25)

    await house.write_back.run()

    assert await became(house) == ["cancel written"]
    assert await told(house) == []


async def test_an_answer_is_not_told_in_the_middle_of_the_night(
    house: House,
) -> None:
    await reminded(house)
    await asks(house, AnswerKind.CANCEL)
    house.clock.now = datetime.fromisoformat("2027-03-03T08:00:00+00:00")
    await house.write_back.run()

    at_night = await told(house)
    house.clock.now = OPENS
    in_the_morning = await told(house)

    assert (at_night, len(in_the_morning)) == ([], 1)


async def test_an_unknown_connection_is_waited_for(house: House) -> None:
    await reminded(house)
    await asks(house, AnswerKind.CANCEL)

    report = await flow(house, ehrs={}).run()

    assert report == WriteBackReport(waiting=1)


async def test_nothing_of_a_patient_is_logged(house: House) -> None:
    errors: list[EHRError] = [SILENT, EHRRefused("transaction: 403 forbidden")]
    await reminded(house)
    await asks(house, AnswerKind.CANCEL)

    with capture_logs() as logs:
        for house.ehr.error in errors:
            await house.write_back.run()
            house.clock.move_on(minutes=1)

    assert [line["event"] for line in logs] == ["write_backs_wait", "write_back_failed"]
    for secret in ("Ana", "Okafor", "example.org", "5550101"):
        assert secret not in str(logs)


async def test_the_one_write_back_is_claimed_by_one_node(any_house: House) -> None:
    house = any_house
    await reminded(house)
    await asks(house, AnswerKind.CANCEL)

    reports = await asyncio.gather(house.write_back.run(), flow(house).run())

    assert sum(report.done for report in reports) == 1
    assert house.ehr.calls == ["cancel"]
