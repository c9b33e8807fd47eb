import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from reminder.ehr.errors import EHRUnavailable
from reminder.flows.dispatch import DispatchReport
from reminder.messages.render import Renderer
from reminder.model.appointments import (
    Appointment,
    AppointmentStatus,
    ParticipationStatus,
    Place,
)
from reminder.model.clinics import ClinicDirectory
from reminder.model.messages import MessageKind, MessageState, NewMessage, Protection
from reminder.model.outcomes import Deferred
from reminder.model.people import Channel, ContactPoint, Guardian, Patient
from reminder.model.readings import Unreadable
from reminder.resources import bundled
from reminder.store.keyring import KeyRing
from tests.flows.world import (
    ELM,
    EMAIL,
    LEASE,
    NOW,
    OPENS,
    SMS,
    TOMORROW,
    House,
    damage,
    patient,
    visit,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NEW_EMAIL = ContactPoint(Channel.EMAIL, "ana@example.org")


def seconds(house: House, count: int) -> None:
    house.clock.move_on(seconds=count)


async def test_what_is_due_is_sent_once_and_written_down(any_house: House) -> None:
    house = any_house
    await house.read_and_plan(visit(), patient())

    report = await house.dispatch.run()
    again = await house.dispatch.run()

    assert (report.sent, again) == (1, DispatchReport())
    [message] = house.mail.sent
    assert (message.to, message.protection) == (EMAIL, Protection.TLS)
    assert "Ana" in message.content.text
    assert await house.reminders() == ["day sent"]
    assert await house.messages() == {MessageState.SENT: 1}
    [delivery] = await house.store.reminders.tries_of("a1")
    assert (delivery.transport, delivery.message_id) == ("smtp", message.message_id)


async def test_nothing_is_sent_before_it_is_due(house: House) -> None:
    await house.read_and_plan(visit(start_at=TOMORROW + MINUTE), patient())

    await house.dispatch.run()
    early = list(house.sent)
    house.clock.move_on(minutes=1)
    await house.dispatch.run()

    assert early == []
    assert house.sent == [EMAIL]


class TestReadingAgain:
    async def test_within_the_limit_the_ehr_is_not_asked(self, house: House) -> None:
        await house.read_and_plan(visit(), patient())
        house.ehr.calls.clear()

        seconds(house, 60)
        await house.dispatch.run()

        assert house.ehr.calls == []
        assert house.sent == [EMAIL]

    async def test_after_it_the_appointment_and_its_patient_are_read_again(
        self, house: House
    ) -> None:
        await house.read_and_plan(visit(), patient())
        house.ehr.calls.clear()

        seconds(house, 61)
        await house.dispatch.run()

        assert house.ehr.calls == ["appointments", "patients"]
        assert house.sent == [EMAIL]

    async def test_a_whole_batch_is_asked_about_at_once(self, house: House) -> None:
        for number in range(5):
            name, who = f"a{number}", f"p{number}"
            to = ContactPoint(Channel.EMAIL, f"{who}@example.org")
            house.ehr.put(visit(name, who), patient(who, contact_points=(to,)))
        await house.read_and_plan()
        house.ehr.calls.clear()

        seconds(house, 61)
        await house.dispatch.run()

        assert house.ehr.calls == ["appointments", "patients"]
        assert len(house.sent) == 5

    @pytest.mark.parametrize(
        ("change", "reminder"),
        [
            pytest.param(
                visit(status=AppointmentStatus.CANCELLED),
                "day withdrawn cancelled",
                id="cancelled",
            ),
            pytest.param(
                visit(status=AppointmentStatus.ENTERED_IN_ERROR),
                "day withdrawn entered-in-error",
                id="entered-in-error",
            ),
            pytest.param(
                visit(participation=ParticipationStatus.DECLINED),
                "day withdrawn declined",
                id="declined",
            ),
            pytest.param(
                patient(deceased=True), "day withdrawn deceased", id="deceased"
            ),
            pytest.param(
                patient(opted_out=True), "day withdrawn opted-out", id="opted-out"
            ),
            pytest.param(
                patient(active=False), "day withdrawn inactive", id="inactive"
            ),
            pytest.param(
                patient(contact_points=()),
                "day withdrawn no-contact-point",
                id="no-address-left",
            ),
            pytest.param(
                visit(place=Place("van")), "day withdrawn no-clinic", id="no-clinic"
            ),
        ],
    )
    async def test_what_no_longer_holds_is_not_sent(
        self, house: House, change: Appointment | Patient, reminder: str
    ) -> None:
        await house.read_and_plan(visit(), patient())
        house.ehr.put(change)

        seconds(house, 61)
        report = await house.dispatch.run()

        assert house.sent == []
        assert report == DispatchReport(dropped=1)
        assert reminder in await house.reminders()
        assert await house.messages() == {MessageState.DROPPED: 1}

    async def test_who_is_gone_from_the_ehr_is_not_told(self, house: House) -> None:
        await house.read_and_plan(visit(), patient())
        house.ehr.delete("a1")

        seconds(house, 61)
        await house.dispatch.run()

        assert house.sent == []
        assert await house.reminders() == ["day withdrawn gone"]

    async def test_a_moved_visit_is_told_at_its_new_time(self, house: House) -> None:
        await house.read_and_plan(visit(), patient())
        house.ehr.change(visit().key, start_at=TOMORROW + 2 * HOUR)

        seconds(house, 61)
        await house.dispatch.run()
        early = list(house.sent)
        house.clock.now = NOW + 2 * HOUR
        await house.dispatch.run()

        assert early == []
        assert house.sent == [EMAIL]
        assert await house.reminders() == ["day withdrawn moved", "day sent"]

    async def test_a_changed_address_is_used_at_once(self, any_house: House) -> None:
        house = any_house
        await house.read_and_plan(visit(), patient())
        house.ehr.put(patient(contact_points=(NEW_EMAIL, SMS)))

        seconds(house, 61)
        await house.dispatch.run()

        assert house.sent == [NEW_EMAIL]
        assert await house.reminders() == ["day sent"]

    async def test_who_stopped_one_channel_is_told_by_the_other(
        self, house: House
    ) -> None:
        await house.read_and_plan(visit(), patient())
        await house.store.preferences.opt_out(EMAIL, "STOP", at=NOW)

        await house.dispatch.run()

        assert house.sent == [SMS]

    async def test_a_message_that_is_no_reminder_does_not_wait_for_the_ehr(
        self, house: House
    ) -> None:
        """It answers somebody who is waiting, and is about what just happened."""
        await house.read_and_plan(visit(), patient())
        await house.dispatch.run()
        await house.store.queue.enqueue(answer(), now=NOW)
        house.ehr.error = EHRUnavailable("GET Appointment: 503")

        house.clock.move_on(minutes=30)
        report = await house.dispatch.run()

        assert report == replace(report, sent=1, held=0)
        assert house.sent == [EMAIL, SMS]

    async def test_an_answer_does_not_follow_an_address_the_ehr_gave_up(
        self, house: House
    ) -> None:
        """The number may be a stranger's by now; a human hears of it instead."""
        await house.read_and_plan(visit(), patient(contact_points=(EMAIL,)))
        await house.dispatch.run()
        await house.store.queue.enqueue(answer(), now=NOW)

        await house.dispatch.run()

        assert house.sent == [EMAIL]
        assert "unreachable" in str(await house.worklist())


def answer() -> NewMessage:
    return NewMessage(
        kind=MessageKind.ANSWER,
        clinic_id="elm",
        to=SMS,
        language="en",
        template="answer-not-moved",
        appointments=(visit().key,),
        useful_until=TOMORROW,
    )


class TestAnEHRThatIsDown:
    async def test_what_cannot_be_asked_about_is_held_and_sent_when_it_is_back(
        self, any_house: House
    ) -> None:
        house = any_house
        await house.read_and_plan(visit(), patient())
        house.ehr.error = EHRUnavailable("GET Appointment: 503")

        seconds(house, 61)
        report = await house.dispatch.run()
        held = await house.reminders()
        house.ehr.error = None
        seconds(house, 60)
        await house.dispatch.run()

        assert report == DispatchReport(held=1)
        assert held == ["day held ehr-unavailable"]
        assert house.sent == [EMAIL]
        assert await house.reminders() == ["day sent"]

    async def test_is_asked_once_a_run_and_logged_once(self, house: House) -> None:
        for number in range(5):
            name, who = f"a{number}", f"p{number}"
            to = ContactPoint(Channel.EMAIL, f"{who}@example.org")
            house.ehr.put(visit(name, who), patient(who, contact_points=(to,)))
        await house.read_and_plan()
        house.ehr.error = EHRUnavailable("GET Appointment: 503")
        house.ehr.calls.clear()

        seconds(house, 61)
        with capture_logs() as logs:
            report = await house.dispatching("one", batch=2).run()

        assert report == DispatchReport(held=5)
        assert house.ehr.calls == ["appointments"]
        [line] = logs
        assert line["event"] == "held_messages"
        assert line["error"] == "GET Appointment: 503"

    async def test_is_left_alone_as_long_as_it_asks_for(self, house: House) -> None:
        await house.read_and_plan(visit(), patient())
        wish = timedelta(minutes=10)
        house.ehr.error = EHRUnavailable("GET Appointment: 429", retry_after=wish)
        seconds(house, 61)
        await house.dispatch.run()
        house.ehr.error = None
        house.ehr.calls.clear()

        house.clock.move_on(minutes=9)
        await house.dispatch.run()
        early = list(house.ehr.calls)
        house.clock.move_on(minutes=1)
        await house.dispatch.run()

        assert early == []
        assert house.sent == [EMAIL]

    async def test_that_takes_long_to_say_nothing_does_not_keep_a_run_going(
        self, house: House
    ) -> None:
        await house.read_and_plan(visit(), patient())

        async def time_passes() -> None:
            house.clock.move_on(minutes=2)
            raise EHRUnavailable("GET Appointment: ReadTimeout")

        house.ehr.meanwhile = time_passes
        seconds(house, 61)
        report = await house.dispatch.run()

        assert report == DispatchReport(held=1)
        assert house.sent == []

    async def test_until_it_is_no_longer_useful_ends_on_the_worklist(
        self, house: House
    ) -> None:
        await house.read_and_plan(visit(), patient())
        house.ehr.error = EHRUnavailable("GET Appointment: 503")
        seconds(house, 61)
        await house.dispatch.run()

        house.clock.now = TOMORROW
        await house.keep.run()

        assert house.sent == []
        assert await house.reminders() == ["day expired no-longer-useful"]
        assert await house.worklist() == ["unreachable main/a1/p1"]

    async def test_an_appointment_nobody_can_read_now_is_held(
        self, house: House
    ) -> None:
        await house.read_and_plan(visit(), patient())
        broken = Unreadable("Appointment", "a1", "start", "missing", "f")
        house.ehr.broken["a1"] = broken

        seconds(house, 61)
        await house.dispatch.run()
        held = await house.reminders()
        del house.ehr.broken["a1"]
        house.clock.move_on(minutes=5)
        await house.dispatch.run()

        assert held == ["day held ehr-unavailable"]
        assert house.sent == [EMAIL]


class TestQuietHours:
    async def test_what_could_not_go_in_time_waits_for_the_morning(
        self, any_house: House
    ) -> None:
        house = any_house
        await house.read_and_plan(
            visit(start_at=TOMORROW + 9 * HOUR + 59 * MINUTE), patient()
        )
        house.clock.now = NOW + 9 * HOUR + 59 * MINUTE
        house.mail.answers = [Deferred("451 4.7.1")]
        await house.dispatch.run()

        house.clock.move_on(minutes=1)
        report = await house.dispatch.run()
        held = await house.reminders()
        house.clock.now = OPENS - MINUTE
        early = await house.dispatch.run()
        house.clock.now = OPENS
        await house.dispatch.run()

        assert report == DispatchReport(held=1)
        assert held == ["day held quiet-hours"]
        assert early == DispatchReport()
        assert await house.reminders() == ["day sent"]


SIBLING = replace(visit("a2", "p2"), start_at=TOMORROW)
MOTHER = Guardian("mother", (SMS,), "en")


def child(patient_id: str, given: str) -> Patient:
    return patient(
        patient_id,
        given=given,
        birth_date="2020-05-01",
        contact_points=(),
        guardians=(MOTHER,),
    )


class TestOneAddress:
    async def test_two_siblings_at_one_phone_get_one_message(
        self, any_house: House
    ) -> None:
        house = any_house
        await house.read_and_plan(
            visit(), child("p1", "Ana"), SIBLING, child("p2", "Ben")
        )

        report = await house.dispatch.run()

        assert house.sent == [SMS]
        assert report.sent == 1
        assert await house.reminders("a1") == ["day sent"]
        assert await house.reminders("a2") == ["day sent"]
        link = await house.store.links.link(house.phone.sent[0].message_id)
        assert link.appointments == (visit().key, SIBLING.key)

    async def test_only_the_one_whose_visit_still_holds_is_told_about(
        self, house: House
    ) -> None:
        await house.read_and_plan(
            visit(), child("p1", "Ana"), SIBLING, child("p2", "Ben")
        )
        house.ehr.change(visit().key, status=AppointmentStatus.CANCELLED)

        seconds(house, 61)
        report = await house.dispatch.run()

        assert house.sent == [SMS]
        assert (report.sent, report.dropped) == (1, 0)
        assert await house.reminders("a1") == ["day withdrawn cancelled"]
        assert await house.reminders("a2") == ["day sent"]
        link = await house.store.links.link(house.phone.sent[0].message_id)
        assert link.appointments == (SIBLING.key,)


class TestNodes:
    async def test_a_node_whose_claim_was_taken_over_sends_nothing(
        self, any_house: House
    ) -> None:
        house = any_house
        await house.read_and_plan(visit(), patient())

        async def another_takes_over() -> None:
            house.clock.now += LEASE
            await house.keeping("two").run()
            await house.dispatching("two").run()

        house.ehr.meanwhile = another_takes_over
        seconds(house, 61)
        report = await house.dispatch.run()

        assert house.sent == [EMAIL]
        assert report.sent == 0
        assert len(await house.store.reminders.tries_of("a1")) == 1

    async def test_a_node_that_stops_gives_back_what_it_did_not_begin_to_send(
        self, any_house: House
    ) -> None:
        house, stopping = any_house, []
        for number in range(5):
            name, who = f"a{number}", f"p{number}"
            to = ContactPoint(Channel.EMAIL, f"{who}@example.org")
            house.ehr.put(visit(name, who), patient(who, contact_points=(to,)))
        await house.read_and_plan()

        async def told_to_stop() -> None:
            stopping.append(True)

        house.mail.meanwhile = told_to_stop
        report = await house.dispatch.run(lambda: bool(stopping))
        sent = len(house.sent)
        await house.dispatching("two").run()

        assert (report.sent, sent) == (2, 2)
        assert len(house.sent) == len(set(house.sent)) == 5
        assert await house.messages() == {MessageState.SENT: 5}


BROKEN = "email/es/reminder.txt"


@pytest.fixture
def bilingual(sqlite_url: str, tmp_path: Path) -> Path:
    """A folder of templates whose Spanish e-mails cannot be filled."""
    folder = tmp_path / "templates"
    shutil.copytree(bundled("templates"), folder)
    (folder / BROKEN).write_text("{{ nobody }}")
    return folder


class TestTemplates:
    async def test_one_that_cannot_be_filled_stops_no_other_message(
        self, any_house: House, ring: KeyRing, bilingual: Path
    ) -> None:
        elm = replace(ELM, languages=("en", "es"))
        house = House(
            any_house.store, ring, Renderer(bilingual), ClinicDirectory((elm,))
        )
        other = ContactPoint(Channel.EMAIL, "ben@example.org")
        await house.read_and_plan(
            *(visit(), patient(language="es")),
            *(visit("a2", "p2"), patient("p2", contact_points=(other,))),
        )

        with capture_logs() as logs:
            report = await house.dispatch.run()

        assert (report.sent, report.not_sent) == (2, 1)
        assert house.sent == [other, SMS]
        assert await house.reminders("a1") == ["day sent"]
        assert [one for one in logs if one["log_level"] == "error"] == [
            {
                "event": "could_not_compose",
                "log_level": "error",
                "message_id": str(report.settlements[0].message_id),
                "error": f"{BROKEN}:1: could not be filled (UndefinedError)",
            }
        ]

    async def test_where_no_other_channel_is_left_the_worklist_says_why(
        self, house: House, ring: KeyRing, bilingual: Path
    ) -> None:
        elm = replace(ELM, languages=("en", "es"))
        house = House(house.store, ring, Renderer(bilingual), ClinicDirectory((elm,)))
        await house.read_and_plan(
            visit(), patient(language="es", contact_points=(EMAIL,))
        )

        await house.dispatch.run()

        assert house.sent == []
        assert await house.reminders() == ["day failed not-delivered"]
        [entry] = await house.store.worklist.open()
        assert entry.details == (
            "not-delivered",
            "2027-03-02T15:00:00+00:00 smtp rejected template-error",
        )

    async def test_a_message_of_a_clinic_that_is_no_more_stops_no_other(
        self, house: House
    ) -> None:
        await house.read_and_plan(visit(), patient())
        stray = replace(answer(), clinic_id="oak")
        await house.store.queue.enqueue(stray, now=NOW)

        report = await house.dispatch.run()

        assert (report.sent, report.not_sent) == (1, 1)
        assert house.sent == [EMAIL]
        assert await house.worklist() == ["unreachable main/a1/p1"]

    async def test_a_damaged_record_stops_no_other_message(self, house: House) -> None:
        other = ContactPoint(Channel.EMAIL, "ben@example.org")
        await house.read_and_plan(
            *(visit(), patient()),
            *(visit("a2", "p2"), patient("p2", contact_points=(other,))),
        )
        await damage(house, "p1")

        report = await house.dispatch.run()

        assert house.sent == [other]
        assert (report.sent, report.not_sent) == (1, 2)
        assert await house.worklist() == ["unreachable main/a1/p1"]
