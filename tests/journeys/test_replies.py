"""Patients who text back: from the planned message to what the EHR has then."""

import itertools
from collections.abc import Mapping
from datetime import timedelta

import httpx
import pytest
from twilio.request_validator import RequestValidator

from reminder.model.worklist import WorklistKind
from reminder.sandbox.serving import loopback_client
from tests.journeys.day import BORN, VISIT, Day, link_in, opened, patient, slot, visit

pytestmark = pytest.mark.asyncio(loop_scope="package")

ANA = "+12025550147"
A_DAY_BEFORE = VISIT - timedelta(hours=24) + timedelta(minutes=1)
LATER = VISIT + timedelta(hours=2)
_SIDS = (f"SM{n:032x}" for n in itertools.count(1))


async def post(day: Day, form: Mapping[str, str], signature: str) -> httpx.Response:
    async with loopback_client(day.app.loaded.settings.public_url) as client:
        headers = {"X-Twilio-Signature": signature}
        return await client.post("/callbacks/twilio-sms", data=form, headers=headers)


async def text(
    day: Day, body: str, *, of: str = ANA, sid: str | None = None
) -> httpx.Response:
    """Somebody writes to the clinic, and what follows happens."""
    twilio = day.world.twilio
    form = {
        "MessageSid": sid or next(_SIDS),
        "AccountSid": twilio.account_sid,
        "From": of,
        "To": twilio.number,
        "Body": body,
        "NumMedia": "0",
    }
    url = f"{day.app.loaded.settings.public_url.rstrip('/')}/callbacks/twilio-sms"
    signature = RequestValidator(twilio.auth_token).compute_signature(url, form)
    response = await post(day, form, signature)
    await day.app.replies.run()
    await day.app.make_plans()
    await day.send_due()
    return response


async def texted(day: Day, **visits: str) -> None:
    """Patients with these visits share Ana's phone, and were reminded by text."""
    booked = []
    for n, (name, of) in enumerate(visits.items()):
        start = VISIT + n * timedelta(minutes=30)
        booked += [
            slot(f"slot-{name}", start, "busy"),
            patient(of, email=None, mobile=ANA),
            visit(name, of, start, at=f"slot-{name}"),
        ]
    await day.put(*booked)
    await day.sync()
    await day.send_due(A_DAY_BEFORE)
    await day.send_due(A_DAY_BEFORE + timedelta(hours=2))


def participation(appointment: dict) -> str:
    return str(appointment["participant"][0]["status"])


async def kinds(day: Day) -> list[WorklistKind]:
    return [entry.kind for entry in await day.app.store.worklist.open()]


async def test_c_confirms_and_the_ehr_knows(day: Day) -> None:
    await texted(day, first="ana")
    reminded = len(day.texts_to(ANA))

    response = await text(day, "C")
    await day.app.write_back.run()

    assert (response.status_code, response.text.endswith("<Response/>")) == (200, True)
    assert reminded >= 1
    assert len(day.texts_to(ANA)) == reminded + 1
    assert "you are confirmed" in day.texts_to(ANA)[-1]
    assert participation(await day.read("Appointment/first")) == "accepted"
    async with opened(link_in(day.texts_to(ANA)[-1]), BORN) as ana:
        assert "confirmed" in ana.page.lower()


async def test_n_cancels_in_the_ehr_and_says_how_to_take_it_back(day: Day) -> None:
    await texted(day, first="ana")

    await text(day, "can't come")
    again = await text(day, "n")

    assert again.status_code == 200
    assert (await day.read("Appointment/first"))["status"] == "cancelled"
    answers = [one for one in day.texts_to(ANA) if "cancelled as you asked" in one]
    assert len(answers) == 1
    assert "how your appointment stands" in day.texts_to(ANA)[-1]


async def test_r_gets_a_link_to_another_time(day: Day) -> None:
    await day.put(slot("later", LATER))
    await texted(day, first="ana")

    await text(day, "2")

    assert "choose another time" in day.texts_to(ANA)[-1]
    async with opened(link_in(day.texts_to(ANA)[-1]), BORN) as ana:
        await ana.move()
    assert (await day.read("Appointment/first"))["slot"][0]["reference"] == "Slot/later"


async def test_a_repeated_reply_does_nothing_more(day: Day) -> None:
    await texted(day, first="ana")

    sid = next(_SIDS)
    for _ in range(3):
        await text(day, "yes", sid=sid)

    assert sum("you are confirmed" in one for one in day.texts_to(ANA)) == 1


async def test_of_several_visits_it_is_asked_which(day: Day) -> None:
    await texted(day, first="ana", second="ben")

    await text(day, "C")

    # Nobody agreed to details in text messages, so none is named.
    assert "several appointments" in day.texts_to(ANA)[-1]
    assert "Ana" not in day.texts_to(ANA)[-1]
    for name in ("first", "second"):
        found = await day.read(f"Appointment/{name}")
        assert participation(found) == "needs-action"


async def test_words_that_mean_stop_stop_and_are_answered_once(day: Day) -> None:
    await texted(day, first="ana")

    await text(day, "Please stop texting me")
    stopped = len(day.texts_to(ANA))
    await text(day, "STOP IT!!")
    await text(day, "C")

    assert "Reply START" in day.texts_to(ANA)[-1]
    assert len(day.texts_to(ANA)) == stopped

    await text(day, "please start")

    assert "text messages from us again" in day.texts_to(ANA)[-1]


async def test_who_is_not_the_patient_gets_no_more_and_the_clinic_is_told(
    day: Day,
) -> None:
    await texted(day, first="ana")

    await text(day, "Wrong number")
    stopped = len(day.texts_to(ANA))
    await text(day, "hello?")

    assert "not text this number again" in day.texts_to(ANA)[-1]
    assert len(day.texts_to(ANA)) == stopped
    assert WorklistKind.WRONG_NUMBER in await kinds(day)


async def test_other_words_wait_for_a_human_and_are_acknowledged_once(day: Day) -> None:
    await texted(day, first="ana")

    await text(day, "Can my dog come along?")
    await text(day, "It is a small dog " * 100)

    answers = [one for one in day.texts_to(ANA) if "read your message" in one]
    assert len(answers) == 1
    assert (await kinds(day)).count(WorklistKind.PATIENT_WROTE) == 2
    waiting = [one.text for one in await day.app.store.inbound.open()]
    assert waiting[0] == "Can my dog come along?"


async def test_strangers_are_kept_and_never_answered(day: Day) -> None:
    await text(day, "C", of="+12025550188")
    await text(day, "please stop texting me", of="+12025550188")

    assert day.texts_to("+12025550188") == []
    assert WorklistKind.PATIENT_WROTE not in await kinds(day)


async def test_a_forged_reply_is_refused(day: Day) -> None:
    form = {"From": ANA, "To": "+12025550100", "Body": "N", "MessageSid": "SM1"}

    response = await post(day, form, "AAAA")

    assert response.status_code == 403
    assert await day.app.store.inbound.pending(limit=5) == []
