import asyncio
import json
from datetime import UTC, datetime
from uuid import uuid4

from reminder.app.wiring import open_app
from reminder.cli.errors import Exit
from reminder.model.inbound import Inbound, Wish
from reminder.model.people import Channel, ContactPoint
from reminder.model.replies import Deed
from reminder.model.worklist import WorklistEntry, WorklistKind
from reminder.settings.load import load
from tests.cli.outside import Clinic

WROTE_AT = datetime(2026, 1, 5, 15, tzinfo=UTC)
WORDS = "May I\tbring\r\nmy \x1b[31mdog\u202e?"


def given_reply(clinic: Clinic, text: str = WORDS) -> str:
    """A patient wrote this; the id of the reply."""

    async def add() -> str:
        async with open_app(load(clinic.file), works=False) as opened:
            kept = opened.store.inbound
            inbound = Inbound(
                transport="twilio-sms",
                provider_id=str(uuid4()),
                from_point=ContactPoint(Channel.SMS, "+12025550147"),
                sender_id="+12025550100",
                text=text,
            )
            await kept.add(inbound, at=WROTE_AT)
            (reply,) = await kept.pending(limit=5)
            entry = WorklistEntry(
                kind=WorklistKind.PATIENT_WROTE,
                subject=str(reply.reply_id),
                at=WROTE_AT,
            )
            deed = Deed(wish=Wish.OTHER, is_done=False, entries=(entry,))
            await kept.settle(reply, deed, now=WROTE_AT)
            return str(reply.reply_id)

    return asyncio.run(add())


def test_what_patients_wrote_is_listed_in_one_harmless_line_each(
    clinic: Clinic,
) -> None:
    reply_id = given_reply(clinic)

    header, row = clinic.types("inbox").stdout.splitlines()

    assert header == "since\tid\tclinic\tfrom\tappointment\ttext"
    assert row.split("\t")[1:] == [
        *(reply_id, "", "+12025550147", ""),
        "May I bring my [31mdog ?",
    ]


def test_a_script_gets_the_inbox_as_json(clinic: Clinic) -> None:
    reply_id = given_reply(clinic)

    [reply] = json.loads(clinic.types("inbox", "--json").stdout)

    assert (reply["reply_id"], reply["text"]) == (reply_id, WORDS)
    assert reply["from_point"] == "+12025550147"


def test_what_is_done_leaves_the_inbox_and_the_worklist(clinic: Clinic) -> None:
    reply_id = given_reply(clinic)

    done, again = (clinic.types("inbox", "done", reply_id) for _ in range(2))

    assert done.exit_code == 0
    assert again.exit_code == Exit.WRONG_USE
    assert "no open reply" in again.stderr + again.stdout
    assert json.loads(clinic.types("inbox", "--json").stdout) == []
    assert json.loads(clinic.types("worklist", "--json").stdout) == []


def test_the_worklist_does_not_hold_what_they_wrote(clinic: Clinic) -> None:
    given_reply(clinic)

    listed = clinic.types("worklist", "--json").stdout

    assert "patient-wrote" in listed
    assert "dog" not in listed
