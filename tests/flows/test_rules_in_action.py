"""What the rules decide, carried out: by the store, in messages, to the far side."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from reminder.model.answers import Answer, AnswerKind, AnswerState, WriteBackKind
from reminder.model.appointments import AppointmentKey, AppointmentStatus
from reminder.model.clinics import ClinicDirectory
from reminder.model.messages import EmailContent, Protection, SMSContent
from reminder.model.people import (
    Channel,
    Consent,
    ConsentBy,
    ConsentKind,
    ContactPoint,
    PatientKey,
    Preference,
)
from reminder.model.reminders import ReminderState
from reminder.model.rulesets import (
    Condition,
    Confidential,
    LatePolicy,
    Match,
    OnlyIfUnconfirmed,
    Rule,
    Ruleset,
    RulesetDocument,
    Step,
    Tier,
    Tiers,
    UnlessConfirmed,
)
from reminder.rules.explain import explain
from reminder.rules.offsets import default_template, parse_offset
from tests.flows.world import (
    ELM,
    EMAIL,
    MAIN,
    NOW,
    SMS,
    TOMORROW,
    House,
    patient,
    visit,
)

TEXT, MAIL = (Channel.SMS,), (Channel.EMAIL,)
HOUR = timedelta(hours=1)


def step(text: str, channels: tuple[Channel, ...] = MAIL, **changes: object) -> Step:
    offset = parse_offset(text)
    name = text.replace(" ", "-")
    return Step(name, offset, channels, default_template(offset), **changes)


def rules(house: House, *steps: Step, **policies: object) -> None:
    """Elm Street's rules, and its policies."""
    ruleset = Ruleset(rules=(Rule("visits", steps),), **policies)
    house.directory = ClinicDirectory((replace(ELM, ruleset=ruleset),))


async def seen_before(house: House) -> None:
    """Reminder has read the whole horizon once: what comes from now on is new."""
    await house.sync.run(everything=True)
    house.clock.move_on(minutes=2)


async def read(house: House) -> None:
    await house.sync.run()
    await house.plan.run()


def subjects(house: House) -> list[str]:
    contents = [one.content for one in house.mail.sent]
    return [one.subject for one in contents if isinstance(one, EmailContent)]


def text_of(content: object) -> str:
    assert isinstance(content, EmailContent | SMSContent)
    return content.text


class TestNews:
    async def test_a_new_visit_is_told_after_it_has_stood_for_five_minutes(
        self, any_house: House
    ) -> None:
        house = any_house
        rules(house, step("when booked"))
        await seen_before(house)
        house.ehr.put(visit(start_at=TOMORROW + HOUR), patient())
        await read(house)

        at_once = await house.dispatch.run()
        house.clock.move_on(minutes=6)
        later = await house.dispatch.run()

        assert (at_once.sent, later.sent) == (0, 1)
        assert "Wednesday, March 3" in text_of(house.mail.sent[0].content)

    async def test_what_was_there_at_the_first_reading_is_no_news(
        self, house: House
    ) -> None:
        rules(house, step("when booked"))

        await house.read_and_plan(visit(), patient())

        assert await house.reminders() == []

    async def test_a_moved_visit_gets_one_correction_with_both_times(
        self, any_house: House
    ) -> None:
        house = any_house
        rules(house, step("when moved"), step("20 hours before"))
        await house.read_and_plan(visit(start_at=TOMORROW), patient())
        for hours in (3, 5):
            house.clock.move_on(minutes=2)
            house.ehr.change(visit().key, start_at=TOMORROW + hours * HOUR)
            await read(house)

        house.clock.move_on(minutes=6)
        await house.dispatch.run()

        [told] = house.mail.sent
        words = text_of(told.content)
        assert "10:00" in words
        assert "3:00" in words
        assert "1:00" not in words
        assert sorted(await house.reminders()) == [
            "20-hours-before planned",
            "20-hours-before withdrawn moved",
            "20-hours-before withdrawn moved",
            "when-moved sent",
            "when-moved withdrawn moved",
        ]

    async def test_a_move_that_is_taken_back_at_once_is_told_to_nobody(
        self, house: House
    ) -> None:
        rules(house, step("when moved"))
        await house.read_and_plan(visit(), patient())
        for start_at in (TOMORROW + 3 * HOUR, TOMORROW):
            house.clock.move_on(minutes=2)
            house.ehr.change(visit().key, start_at=start_at)
            await read(house)

        house.clock.move_on(minutes=20)
        await house.dispatch.run()

        assert house.sent == []

    async def test_a_cancelled_visit_is_told_and_its_reminders_are_not(
        self, any_house: House
    ) -> None:
        house = any_house
        rules(house, step("when cancelled"), step("20 hours before"))
        await house.read_and_plan(visit(), patient())
        house.clock.move_on(minutes=2)
        house.ehr.change(visit().key, status=AppointmentStatus.CANCELLED)
        await read(house)

        house.clock.move_on(minutes=11)
        await house.dispatch.run()

        assert sorted(await house.reminders()) == [
            "20-hours-before withdrawn cancelled",
            "when-cancelled sent",
        ]

    async def test_cancelled_and_booked_anew_is_told_as_a_move(
        self, any_house: House
    ) -> None:
        house = any_house
        events = ("when booked", "when moved", "when cancelled")
        rules(house, *map(step, events))
        await house.read_and_plan(visit(), patient())
        house.clock.move_on(minutes=2)
        house.ehr.change(visit().key, status=AppointmentStatus.CANCELLED)
        house.ehr.put(visit("a2", start_at=TOMORROW + 3 * HOUR))
        await read(house)

        house.clock.move_on(minutes=20)
        await house.dispatch.run()

        [told] = house.mail.sent
        assert "10:00" in text_of(told.content)
        assert await house.reminders("a1") == ["when-cancelled skipped rebooked"]
        assert sorted(await house.reminders("a2")) == [
            "when-booked skipped rebooked",
            "when-moved sent",
        ]

    async def test_who_came_is_thanked_and_who_did_not_is_not(
        self, house: House
    ) -> None:
        rules(house, step("2 hours after"))
        came, missed = visit(), visit("a2", "p2")
        await house.read_and_plan(came, missed, patient(), patient("p2"))
        house.clock.move_on(days=1, minutes=90)
        house.ehr.change(came.key, status=AppointmentStatus.FULFILLED)
        house.ehr.change(missed.key, status=AppointmentStatus.NOSHOW)
        await read(house)

        house.clock.move_on(minutes=40)
        await house.dispatch.run()

        assert await house.reminders("a1") == ["2-hours-after sent"]
        assert await house.reminders("a2") == ["2-hours-after withdrawn noshow"]


class TestTogether:
    async def test_a_mother_and_her_child_are_told_in_one_message_with_one_link(
        self, any_house: House
    ) -> None:
        house = any_house
        rules(house, step("24 hours before"))
        mother, child = patient(), patient("p2", given="Bea")
        later = visit("a2", "p2", start_at=TOMORROW + 4 * HOUR)
        await house.read_and_plan(visit(), mother, later, child)

        await house.dispatch.run()

        [told] = house.mail.sent
        words = text_of(told.content)
        assert "10:00" in words
        assert "2:00" in words
        assert await house.reminders("a2") == ["24-hours-before sent"]

    async def test_visits_on_different_days_are_told_each_by_itself(
        self, any_house: House
    ) -> None:
        house = any_house
        rules(house, step("24 hours before"))
        later = visit("a2", start_at=TOMORROW + 24 * HOUR - timedelta(minutes=1))
        await house.read_and_plan(visit(), later, patient())

        await house.dispatch.run()

        assert await house.reminders("a2") == ["24-hours-before planned"]


class TestCaps:
    async def test_two_at_one_number_get_no_more_than_one_would(
        self, any_house: House
    ) -> None:
        """On different days, so that one message does not do for both."""
        house = any_house
        rules(house, step("24 hours before", TEXT), step("21 hours before", TEXT))
        await house.read_and_plan(
            visit(),
            visit("a2", "p2", start_at=TOMORROW - 3 * HOUR + timedelta(minutes=5)),
            patient(),
            patient("p2"),
        )

        await house.dispatch.run()
        house.clock.move_on(minutes=6)
        await house.dispatch.run()

        assert len(house.phone.sent) == 1
        decided = await house.reminders("a1") + await house.reminders("a2")
        assert any("over-cap" in one for one in decided)


class TestLate:
    @pytest.mark.parametrize(
        ("policy", "state"),
        [
            (LatePolicy.SEND, ReminderState.SENT),
            (LatePolicy.SHORTEN, ReminderState.SENT),
            (LatePolicy.DROP, ReminderState.EXPIRED),
        ],
    )
    async def test_after_an_outage_the_step_says_what_becomes_of_it(
        self, house: House, policy: LatePolicy, state: ReminderState
    ) -> None:
        rules(house, step("24 hours before", late=policy))
        await house.read_and_plan(visit(), patient())

        house.clock.move_on(minutes=150)
        await house.keep.run()
        await house.dispatch.run()

        [kept] = await house.store.reminders.of_appointment("a1")
        assert kept.state is state

    async def test_shortened_it_goes_in_fewer_words(self, house: House) -> None:
        rules(house, step("24 hours before", late=LatePolicy.SHORTEN))
        await house.read_and_plan(visit(), patient())
        in_time = visit("a2", "p2", start_at=TOMORROW + 2 * HOUR)
        house.ehr.put(in_time, patient("p2", contact_points=(OTHER,)))
        await house.sync.run(everything=True)
        await house.plan.run()

        house.clock.move_on(hours=2)
        await house.dispatch.run()

        by_address = {one.to: text_of(one.content) for one in house.mail.sent}
        assert len(by_address[EMAIL]) < len(by_address[OTHER])


OTHER = ContactPoint(Channel.EMAIL, "bea.lindqvist@example.org")


class TestHowMuchIsSaid:
    async def told(self, house: House, **changes: object) -> str:
        await house.read_and_plan(visit(practitioner="Dr. Marsh", **changes), patient())
        await house.dispatch.run()
        [one] = house.mail.sent + house.phone.sent
        return text_of(one.content)

    @pytest.mark.parametrize(
        ("tier", "clinic", "practitioner"),
        [
            (Tier.BASIC, False, False),
            (Tier.STANDARD, True, False),
            (Tier.FULL, True, True),
        ],
    )
    async def test_the_clinic_says_how_much(
        self, house: House, tier: Tier, clinic: bool, practitioner: bool
    ) -> None:
        rules(house, step("24 hours before"), tiers=Tiers(email=tier))

        words = await self.told(house)

        assert ("1 Elm Street" in words.split("--")[0]) is clinic
        assert ("Dr. Marsh" in words) is practitioner

    async def test_of_a_sensitive_service_no_more_than_date_and_time(
        self, house: House
    ) -> None:
        rules(
            house,
            step("24 hours before"),
            tiers=Tiers(email=Tier.FULL),
            sensitive=frozenset({"elm"}),
        )

        words = await self.told(house)

        assert "10:00" in words
        assert "Dr. Marsh" not in words
        assert "Ana" not in words

    async def test_a_text_message_names_the_visit_only_by_the_patients_choice(
        self, any_house: House
    ) -> None:
        house = any_house
        rules(house, step("24 hours before", TEXT))
        await agree(house)
        stranger = patient("p2", contact_points=(OTHER_NUMBER,))
        await house.read_and_plan(visit(), patient(), visit("a2", "p2"), stranger)

        await house.dispatch.run()

        told = {one.to: one for one in house.phone.sent}
        assert told[SMS].protection is Protection.PLAIN
        assert "10:00" in text_of(told[SMS].content)
        assert told[OTHER_NUMBER].protection is Protection.PICKUP
        assert "10:00" not in text_of(told[OTHER_NUMBER].content)

    async def test_of_a_sensitive_visit_a_text_message_says_nothing_all_the_same(
        self, house: House
    ) -> None:
        rules(house, step("24 hours before", TEXT), sensitive=frozenset({"elm"}))
        await agree(house)
        await house.read_and_plan(visit(), patient())

        await house.dispatch.run()

        [told] = house.phone.sent
        assert told.protection is Protection.PICKUP
        assert "10:00" not in text_of(told.content)


async def agree(house: House) -> None:
    """The patient agrees to details by text message, after the warning."""
    consent = Consent(
        patient=PatientKey(MAIN, "p1"),
        kind=ConsentKind.DETAILS,
        given=True,
        to=SMS,
        by=ConsentBy.PATIENT,
        how="page",
        text_version="details-2026-11 en",
        at=NOW,
    )
    await house.store.consents.record(consent)


OTHER_NUMBER = ContactPoint(Channel.SMS, "+12125550166")


class TestWho:
    async def test_a_minors_confidential_visit_goes_to_staff(
        self, house: House
    ) -> None:
        rules(
            house,
            step("24 hours before"),
            confidential=Confidential(frozenset({"elm"})),
        )

        await house.read_and_plan(visit(), patient(birth_date="2012-01-01"))

        assert await house.reminders() == ["24-hours-before skipped confidential"]
        assert await house.worklist() == ["confidential main/a1/p1"]

    async def test_who_stopped_one_clinic_is_told_nothing_by_it(
        self, any_house: House
    ) -> None:
        house = any_house
        rules(house, step("24 hours before"))
        stopped = Preference(stopped_clinics=frozenset({"elm"}))
        await house.store.preferences.keep(PatientKey(MAIN, "p1"), stopped, now=NOW)

        await house.read_and_plan(visit(), patient())

        assert await house.reminders() == ["24-hours-before skipped clinic-stopped"]

    async def test_an_excluded_appointment_is_told_nothing_of_and_taken_in_again(
        self, any_house: House
    ) -> None:
        house = any_house
        rules(house, step("23 hours before"))
        await house.read_and_plan(visit(), patient())
        key = AppointmentKey(MAIN, "a1", "p1")

        await house.store.exclusions.exclude(key, at=NOW)
        await house.plan.run()
        excluded = await house.reminders()
        await house.store.exclusions.include(key)
        await house.plan.run()

        assert excluded == ["23-hours-before withdrawn excluded"]
        assert await house.reminders() == ["23-hours-before planned"]

    async def test_the_most_specific_rule_decides(self, house: House) -> None:
        narrow = Rule(
            "spanish",
            (step("22 hours before"),),
            Match(languages=frozenset({"es"})),
        )
        broad = Rule("everybody", (step("23 hours before"),))
        ruleset = Ruleset(rules=(broad, narrow))
        house.directory = ClinicDirectory((replace(ELM, ruleset=ruleset),))

        await house.read_and_plan(
            visit(), visit("a2", "p2"), patient(language="es"), patient("p2")
        )

        assert await house.reminders("a1") == ["22-hours-before planned"]
        assert await house.reminders("a2") == ["23-hours-before planned"]


class TestAnswers:
    @pytest.mark.parametrize(
        ("condition", "reason"),
        [
            (UnlessConfirmed(), "confirmed"),
            (OnlyIfUnconfirmed(), "confirmed"),
        ],
    )
    async def test_who_confirmed_is_not_asked_again(
        self, any_house: House, condition: Condition, reason: str
    ) -> None:
        house = any_house
        rules(
            house,
            step("24 hours before"),
            step("23 hours before", conditions=(condition,)),
        )
        await house.read_and_plan(visit(), patient())
        await house.dispatch.run()

        await confirm(house)
        await house.plan.run()

        assert sorted(await house.reminders()) == [
            f"23-hours-before withdrawn {reason}",
            "24-hours-before answered",
        ]

    async def test_a_confirmation_the_ehr_refused_is_none(
        self, any_house: House
    ) -> None:
        house = any_house
        rules(house, step("23 hours before", conditions=(UnlessConfirmed(),)))
        await house.read_and_plan(visit(), patient())
        answer = await confirm(house)
        await house.plan.run()
        confirmed = await house.reminders()

        await house.store.answers.settle(
            answer.answer_id, AnswerState.FAILED, now=house.clock()
        )
        await house.plan.run()

        assert confirmed == ["23-hours-before withdrawn confirmed"]
        assert await house.reminders() == ["23-hours-before planned"]


async def confirm(house: House) -> Answer:
    """The patient confirms from the link, before the EHR knows."""
    answer = Answer(
        answer_id=uuid4(),
        appointment=visit().key,
        message_id=uuid4(),
        kind=AnswerKind.CONFIRM,
        state=AnswerState.WAITING,
        at=house.clock(),
        before_start_at=TOMORROW,
    )
    return await house.store.answers.record(
        answer,
        write_back=WriteBackKind.CONFIRM,
        now=house.clock(),
        first_try_at=house.clock(),
    )


class TestPublishing:
    async def test_the_same_steps_in_a_new_version_send_nothing_again(
        self, any_house: House
    ) -> None:
        house = any_house
        rules(house, step("24 hours before"))
        await house.read_and_plan(visit(), patient())
        await house.dispatch.run()

        rules(house, step("24 hours before"), published_at=house.clock(), version=2)
        assert await house.store.appointments.replan_all_if_changed("version 2")
        await house.plan.run()
        await house.dispatch.run()

        assert len(house.mail.sent) == 1

    async def test_who_still_goes_by_the_rules_of_before_keeps_no_plan(
        self, any_house: House
    ) -> None:
        house = any_house
        versions = house.store.rulesets
        await versions.save_draft(
            RulesetDocument(owner="elm"), by="Ana", note="", now=NOW, revision=None
        )
        await versions.publish("elm", by="Ana", note="", now=NOW, revision=None)
        rules(house, step("23 hours before"))
        house.directory = replace(house.directory, versions={})
        house.ehr.put(visit(), patient())
        await house.sync.run(everything=True)

        await house.plan.run()
        none = await house.reminders()
        house.directory = replace(house.directory, versions={"elm": 1})
        await house.plan.run()

        assert none == []
        assert await house.reminders() == ["23-hours-before planned"]


class TestChannels:
    """The step is planned by text message first; then e-mail is to be first."""

    NAME = "23 hours before"

    async def planned_by_text_first(self, house: House) -> None:
        rules(house, step(self.NAME, (Channel.SMS, Channel.EMAIL)))
        await house.read_and_plan(visit(), patient())

    async def goes_by_mail_alone(self, house: House) -> bool:
        """And nobody says that text messages failed."""
        await house.plan.run()
        [kept] = await house.store.reminders.of_appointment("a1")
        house.clock.move_on(minutes=61)
        await house.dispatch.run()
        tried = len(house.mail.sent), len(house.phone.sent)
        return tried == (1, 0) and "failed" not in explain(kept, ELM)

    async def test_the_order_of_newly_published_rules_counts(
        self, any_house: House
    ) -> None:
        house = any_house
        await self.planned_by_text_first(house)

        rules(house, step(self.NAME, (Channel.EMAIL, Channel.SMS)))
        assert await house.store.appointments.replan_all_if_changed("version 2")

        assert await self.goes_by_mail_alone(house)

    async def test_the_channel_the_patient_comes_to_prefer_counts(
        self, any_house: House
    ) -> None:
        house = any_house
        await self.planned_by_text_first(house)

        prefers = Preference(channel=Channel.EMAIL)
        await house.store.preferences.keep(PatientKey(MAIN, "p1"), prefers, now=NOW)

        assert await self.goes_by_mail_alone(house)


class TestOutage:
    async def test_the_step_that_is_due_by_now_goes_for_the_one_before_it(
        self, any_house: House
    ) -> None:
        house = any_house
        rules(house, step("24 hours before"), step("22 hours before"))
        await house.read_and_plan(visit(), patient())

        house.clock.move_on(minutes=121)
        await house.keep.run()
        await house.dispatch.run()

        assert len(house.mail.sent) == 1
        assert sorted(await house.reminders()) == [
            "22-hours-before sent",
            "24-hours-before expired superseded",
        ]
        assert await house.worklist() == []
