"""What is done about a reply, and how it is answered: once, and to nobody else."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from reminder.flows.replies.acting import Acting
from reminder.flows.replies.replies import MOST_ANSWERS_AN_HOUR, Replies
from reminder.flows.respond.answers import Answering
from reminder.flows.written import Follow
from reminder.model.answers import Answer, AnswerKind, AnswerState
from reminder.model.appointments import AppointmentKey, AppointmentStatus
from reminder.model.clinics import ClinicDirectory
from reminder.model.inbound import Inbound
from reminder.model.messages import SMSContent
from reminder.model.people import (
    Channel,
    Consent,
    ConsentBy,
    ConsentKind,
    ContactPoint,
    Patient,
    PatientKey,
)
from reminder.model.rulesets import Tier, Tiers
from reminder.store.statements import table
from reminder.store.tables import InboundRow, MessageRow
from tests.flows.clinic_ehr import NOW
from tests.flows.world import ELM, MAIN, SMS, TOMORROW, House, patient, visit

_IDS = (f"SM{n}" for n in count())
LATER = timedelta(minutes=30)
NAMING = replace(
    ELM,
    ruleset=replace(ELM.ruleset, tiers=Tiers(email=Tier.FULL, sms=Tier.STANDARD)),
)
OURS = "+12125550199"


class Phone:
    """A patient's phone over a house."""

    def __init__(self, house: House, **more: object) -> None:
        self.house = house
        self.replies = self.replying(**more)

    def replying(self, acting: Acting | None = None, **more: object) -> Replies:
        """The acting on replies, as `app` puts it together."""
        house = self.house
        store, clock = house.store, house.clock
        answering = Answering(
            ehrs={MAIN: house.ehr},
            answers=store.answers,
            follow=Follow(
                store.appointments,
                store.links,
                store.worklist,
                house.plan.again,
                clock,
            ),
            worklist=store.worklist,
            clock=clock,
            wait_limit=timedelta(seconds=8),
        )
        return Replies(
            kept=store.inbound,
            people=store.appointments,
            clinics=house.clinics,
            acting=acting or Acting(answering, store.answers),
            clock=clock,
            **{"answered_elsewhere": (), **more},  # type: ignore[arg-type]
        )

    async def types(
        self, *texts: str, of: ContactPoint = SMS, by: str = "sms"
    ) -> list[str]:
        """Write these one after the other; what came back for them."""
        before = len(self.house.phone.sent)
        for text in texts:
            await self.keep(text, of=of, by=by)
            await self.replies.run()
            self.house.clock.move_on(seconds=1)
        await self.house.plan.run()
        await self.house.dispatch.run()
        return self.texts[before:]

    async def keep(
        self, text: str, *, of: ContactPoint = SMS, by: str = "sms", name: str = ""
    ) -> bool:
        """Have it kept, and nothing done about it yet."""
        inbound = Inbound(
            transport=by,
            provider_id=name or next(_IDS),
            from_point=of,
            sender_id=OURS,
            text=text,
        )
        return await self.house.store.inbound.add(inbound, at=self.house.clock())

    @property
    def texts(self) -> list[str]:
        """Every text message that went out."""
        return [
            one.content.text
            for one in self.house.phone.sent
            if isinstance(one.content, SMSContent)
        ]


def only_phone(name: str = "p1", **changes: object) -> Patient:
    return patient(name, contact_points=(SMS,), **changes)


async def reminded(house: House, *visits: object, people: Sequence[Patient]) -> None:
    """They were told of these visits by text message."""
    await house.read_and_plan(*people, *visits)  # type: ignore[arg-type]
    await house.dispatch.run()
    assert house.phone.sent


async def both_reminded(house: House) -> None:
    """Ana and Ben, one after the other, on the phone they share."""
    people = [only_phone(), only_phone("p2", given="Ben")]
    second = visit("a2", "p2", start_at=TOMORROW + LATER)
    await reminded(house, visit(), second, people=people)
    house.clock.move_on(minutes=30)
    await house.dispatch.run()


async def consented(house: House, *names: str) -> None:
    """These patients agreed to details in text messages."""
    for name in names:
        await house.store.consents.record(
            Consent(
                patient=PatientKey(MAIN, name),
                kind=ConsentKind.DETAILS,
                given=True,
                to=SMS,
                by=ConsentBy.PATIENT,
                how="page",
                text_version="everything-1",
                at=NOW - timedelta(days=1),
            )
        )


async def has(house: House, one: Patient) -> None:
    """The EHR describes the patient like this now."""
    now = house.clock()
    house.ehr.put(one)
    asked = [one.key.patient_id]
    await house.store.appointments.keep_patients(MAIN, [one], asked=asked, seen_at=now)


async def answers(house: House, name: str, of: str = "p1") -> list[Answer]:
    return await house.store.answers.latest(AppointmentKey(MAIN, name, of))


@pytest.fixture
async def phone(house: House) -> Phone:
    await reminded(house, visit(), people=[only_phone()])
    return Phone(house)


@pytest.fixture
async def two(house: House) -> Phone:
    """Ana and Ben, who share a phone and agreed to details on it."""
    house.directory = ClinicDirectory((NAMING,))
    await consented(house, "p1", "p2")
    await both_reminded(house)
    return Phone(house)


async def test_a_confirmation_is_kept_for_the_ehr_and_answered(phone: Phone) -> None:
    (said,) = await phone.types("yes, thanks!")

    (answer,) = await answers(phone.house, "a1")
    assert (answer.kind, answer.state) == (AnswerKind.CONFIRM, AnswerState.WAITING)
    assert said.startswith("Elm Clinic: thank you, you are confirmed.\nhttps://")


async def test_confirmed_twice_it_is_kept_once_and_said_again(phone: Phone) -> None:
    said = await phone.types("c", "1")

    assert len(await answers(phone.house, "a1")) == 1
    assert ["confirmed" in one for one in said] == [True, True]


async def test_whoever_confirmed_can_still_cancel(phone: Phone) -> None:
    said = await phone.types("c", "3")

    cancel, confirm = await answers(phone.house, "a1")
    assert (cancel.kind, cancel.state) == (AnswerKind.CANCEL, AnswerState.WRITTEN)
    assert confirm.state is AnswerState.LOST, "it must not reach a cancelled visit"
    assert "cancelled as you asked" in said[-1]


async def test_a_visit_the_clinic_cancelled_is_answered_with_its_state(
    phone: Phone,
) -> None:
    await phone.house.read_and_plan(visit(status=AppointmentStatus.CANCELLED))

    said = await phone.types("C", "N", "R")

    assert await answers(phone.house, "a1") == []
    assert all("how your appointment stands" in one for one in said[-3:])


async def test_a_visit_that_is_over_is_not_touched(phone: Phone) -> None:
    phone.house.clock.move_on(days=2)

    (said,) = await phone.types("N")

    assert await answers(phone.house, "a1") == []
    assert "how your appointment stands" in said


async def test_of_two_it_is_asked_which_and_the_number_picks_one(two: Phone) -> None:
    (question,) = await two.types("C")
    (said,) = await two.types("2")

    lines = question.splitlines()
    assert lines[0] == "Elm Clinic: reply with the number of the appointment"
    assert lines[1].startswith("1 ")
    assert lines[1].endswith(", Ana")
    assert lines[2].endswith(", Ben")
    assert "you are confirmed" in said
    assert await answers(two.house, "a1") == []
    assert [one.kind for one in await answers(two.house, "a2", "p2")] == [
        AnswerKind.CONFIRM
    ]


async def test_without_consent_nobody_is_named_and_a_digit_keeps_its_meaning(
    house: House,
) -> None:
    await both_reminded(house)
    phone = Phone(house)

    asked = await phone.types("N", "1")

    assert all("several appointments" in one for one in asked)
    assert not any("Ana" in one or "Ben" in one for one in asked)
    assert await answers(house, "a1") == []


async def test_a_visit_moved_since_the_question_is_not_touched(two: Phone) -> None:
    await two.types("N")
    moved = visit(start_at=TOMORROW + timedelta(hours=3))
    await two.house.read_and_plan(moved)

    said = await two.types("1")

    assert await answers(two.house, "a1") == []
    assert "how your appointment stands" in said[-1]


@pytest.mark.parametrize("place", ["3", "9"])
async def test_a_number_nobody_offered_touches_nothing(two: Phone, place: str) -> None:
    await two.types("N")

    await two.types(place)

    assert await answers(two.house, "a1") == []
    assert await answers(two.house, "a2", "p2") == []


async def test_a_question_is_over_after_a_day(two: Phone) -> None:
    await two.types("N")
    two.house.clock.move_on(hours=25)

    await two.types("2")

    assert await answers(two.house, "a2", "p2") == []


async def test_who_confirmed_one_of_two_confirms_the_other(two: Phone) -> None:
    await two.types("C", "1", "C")

    assert len(await answers(two.house, "a2", "p2")) == 1


async def test_what_the_provider_answers_itself_is_not_answered_twice(
    phone: Phone,
) -> None:
    phone.replies = phone.replying(answered_elsewhere={"sms"})

    by_them = await phone.types("HELP", "Stop")
    phone.replies = phone.replying(answered_elsewhere={"other"})
    by_us = await phone.types("START", "HELP", "stop")

    assert by_them == []
    assert ["again" in by_us[0], "202-555-0199" in by_us[1]] == [True, True]
    assert "Reply START" in by_us[2]


async def test_who_stopped_is_answered_once_until_they_start_again(
    phone: Phone,
) -> None:
    said = await phone.types("please stop texting me", "STOP", "C", "not me")
    again = await phone.types("yes", "C")

    assert len(said) == 1
    assert ["text messages from us again" in one for one in again] == [True, False]
    assert "you are confirmed" in again[1]


async def test_a_stop_reaches_no_other_channel(house: House) -> None:
    await reminded(house, visit(), people=[only_phone()])
    phone = Phone(house)
    await phone.types("unsubscribe")
    await has(house, patient())
    await house.read_and_plan(visit("a9", start_at=TOMORROW + LATER))
    house.clock.move_on(minutes=31)
    await house.dispatch.run()

    assert len(house.mail.sent) == 1, await house.reminders("a9")


async def test_another_machine_is_not_answered_for_ever(phone: Phone) -> None:
    said = await phone.types(*(["help"] * (MOST_ANSWERS_AN_HOUR + 5)))
    stop = await phone.types("stop")

    assert len(said) == MOST_ANSWERS_AN_HOUR
    assert stop == []
    known = await phone.house.store.inbound.correspondent(SMS, now=phone.house.clock())
    assert known.is_stopped, "what it says is heard all the same"


async def test_what_we_stumble_over_is_read_by_a_human(phone: Phone) -> None:
    class Broken(Acting):
        async def act(self, *_: object) -> None:  # type: ignore[override]
            raise ValueError("secret words")

    phone.replies = phone.replying(Broken(None, None))  # type: ignore[arg-type]

    await phone.types("C")

    (waiting,) = await phone.house.store.inbound.open()
    assert waiting.text == "C"
    assert [one.split(" ")[0] for one in await phone.house.worklist()] == [
        "patient-wrote"
    ]


async def test_two_nodes_answer_once(phone: Phone) -> None:
    await phone.keep("C")

    await asyncio.gather(phone.replies.run(), phone.replying().run())
    await phone.house.dispatch.run()

    assert sum("you are confirmed" in one for one in phone.texts) == 1
    assert len(await answers(phone.house, "a1")) == 1


async def test_a_number_that_is_no_longer_the_patients_decides_nothing(
    phone: Phone,
) -> None:
    other = ContactPoint(Channel.SMS, "+12125550188")
    await has(phone.house, patient(contact_points=(other,)))

    await phone.types("N")

    assert await answers(phone.house, "a1") == []
    assert len(await phone.house.store.inbound.open()) == 1


async def test_a_stranger_is_heard_when_they_say_stop(house: House) -> None:
    stranger, phone = ContactPoint(Channel.SMS, "+12125550177"), Phone(house)

    said = await phone.types("C", "stop", "hello", of=stranger)

    known = await house.store.inbound.correspondent(stranger, now=house.clock())
    assert said == []
    assert known.is_stopped
    assert await house.worklist() == []


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    order=st.lists(
        st.sampled_from(["C", "N", "stop", "start", "R", "1", "dog?", "wrong number"]),
        min_size=1,
        max_size=5,
    ),
    repeats=st.lists(st.integers(0, 4), max_size=4),
)
async def test_each_is_answered_at_most_once_however_often_it_comes(
    phone: Phone, order: list[str], repeats: list[int]
) -> None:
    house = phone.house
    async with house.store.database.write() as session:
        await session.execute(delete(table(InboundRow)))
        await session.execute(
            delete(table(MessageRow)).where(MessageRow.kind == "reply")
        )
    await house.store.preferences.opt_in(SMS)
    sent = len(house.phone.sent)
    names = [next(_IDS) for _ in order]

    for place in [*range(len(order)), *(n for n in repeats if n < len(order))]:
        await phone.keep(order[place], name=names[place])
        await phone.replies.run()
    await house.dispatch.run()

    known = await house.store.inbound.correspondent(SMS, now=house.clock())
    last = [one for one in order if one in ("stop", "start", "wrong number")]
    assert len(house.phone.sent) - sent <= len(order)
    assert known.is_stopped == (bool(last) and last[-1] != "start")
    assert await house.store.inbound.pending(limit=9) == []
