import asyncio
import json
from typing import Any

import pytest
from click.testing import Result

from reminder.app.clock import system_clock
from reminder.app.wiring import open_app
from reminder.model.people import Channel, ContactPoint, Guardian, Patient, PatientKey
from reminder.settings.load import load
from tests.cli.outside import Clinic, Outside

SPOKEN = {
    "--patient": "ana",
    "--channel": "sms",
    "--kind": "details",
    "--by": "patient",
    "--how": "phone",
    "--text-version": "script-2026-11",
}
MOTHERS = ContactPoint(Channel.SMS, "+12025550142")
FATHERS = ContactPoint(Channel.SMS, "+12025550143")
NUMBERS = ("0101", "0142", "0143")

SECOND = """
[[connection]]
name = "annex"
base_url = "http://127.0.0.1:9/fhir"

"""


@pytest.fixture
def known(clinic: Clinic) -> Clinic:
    """A clinic that has read its EHR: Ana has a mobile and a mailbox."""
    clinic.read_an_hour_ago()
    return clinic


@pytest.fixture(scope="module")
def untouched(world: Outside, tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    """The same, for all who change nothing."""
    made = Clinic(tmp_path_factory.mktemp("untouched"), world)
    made.file.write_text(world.settings())
    made.read_an_hour_ago()
    return made


def records(clinic: Clinic, *flags: str, **changes: str | None) -> Result:
    """What `consent record` says; options by their names, None leaves one out."""
    given = {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
    words = [
        word
        for name, value in (SPOKEN | given).items()
        if value is not None
        for word in (name, value)
    ]
    result = clinic.types("consent", "record", *words, *(flags or ("--given",)))
    assert not [one for one in NUMBERS if one in result.stdout + result.stderr]
    return result


def shown(clinic: Clinic, *words: str) -> list[dict[str, Any]]:
    """What `consent show --json` lists."""
    result = clinic.types("consent", "show", "--patient", "ana", "--json", *words)
    assert not [one for one in NUMBERS if one in result.stdout]
    assert result.exit_code == 0
    listed: list[dict[str, Any]] = json.loads(result.stdout)
    return listed


def keep(clinic: Clinic, connection: str, *guardians: Guardian) -> None:
    """Another EHR (or this one) has an Ana too, with these guardians."""

    async def tell() -> None:
        async with open_app(load(clinic.file), works=False) as app:
            await app.store.appointments.keep_patients(
                connection,
                [
                    Patient(
                        key=PatientKey(connection, "ana"),
                        birth_date="2015-06-02",
                        guardians=guardians,
                    )
                ],
                asked=["ana"],
                seen_at=system_clock(),
            )

    asyncio.run(tell())


def test_what_was_recorded_is_shown_with_its_circumstances_and_no_address(
    known: Clinic,
) -> None:
    recorded = records(known)
    withdrawn = records(known, "--withdrawn", how="paper")
    last = records(known, kind="own-address", by="staff", channel="email")

    assert recorded.stdout.splitlines() == [
        "Agreed, and written down: details by sms.",
        "To see it: reminder consent show --patient ana",
    ]
    assert withdrawn.stdout.startswith("Taken back, and written down: details by sms.")
    assert last.exit_code == 0
    names = ("kind", "given", "in_force", "channel", "by", "how", "text_version")
    assert [tuple(one[name] for name in names) for one in shown(known)] == [
        ("details", True, False, "sms", "patient", "phone", "script-2026-11"),
        ("details", False, False, "sms", "patient", "paper", "script-2026-11"),
        ("own-address", True, True, "email", "staff", "phone", "script-2026-11"),
    ]


def test_a_pipe_gets_one_record_a_line(known: Clinic) -> None:
    records(known)

    header, row = known.types("consent", "show", "--patient", "ana").stdout.splitlines()

    assert header == (
        "at\tconnection\tkind\tgiven\tin force\tchannel\tby\thow\ttext version"
    )
    assert row.split("\t")[1:] == [
        "sandbox",
        "details",
        "given",
        "yes",
        "sms",
        "patient",
        "phone",
        "script-2026-11",
    ]


def test_a_script_gets_the_record_as_json(known: Clinic) -> None:
    result = records(known, "--given", "--json")

    printed = json.loads(result.stdout)
    assert (printed["patient"], printed["connection"]) == ("ana", "sandbox")
    assert (printed["given"], printed["in_force"]) == (True, True)
    assert printed["at"].endswith("+00:00")


def test_the_same_word_again_is_not_written_down_twice(known: Clinic) -> None:
    records(known)

    again = records(known)
    newer = records(known, text_version="script-2027-01")

    assert again.exit_code == 5
    assert "nothing was added" in again.stderr
    assert newer.exit_code == 0
    assert len(shown(known)) == 2


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        pytest.param(
            {"patient": "eve"}, 1, "Nothing is known of this patient.", id="unknown"
        ),
        pytest.param(
            {"channel": "voice"},
            1,
            "No address for voice of such a patient is on file.",
            id="no-such-address",
        ),
        pytest.param(
            {"by": "guardian"},
            1,
            "No address for sms of such a guardian is on file.",
            id="no-guardian",
        ),
        pytest.param(
            {"by": "guardian", "kind": "own-address"},
            2,
            "A guardian cannot say that nobody but the minor reads an address.",
            id="not-theirs-to-say",
        ),
        pytest.param(
            {"connection": "attic"}, 2, "There is no connection attic.", id="attic"
        ),
        pytest.param(
            {"text_version": " "}, 2, "has no name", id="words-without-a-name"
        ),
        pytest.param({"kind": "everything"}, 2, "everything", id="unknown-kind"),
        pytest.param({"text_version": None}, 2, "--text-version", id="words-unnamed"),
    ],
)
def test_what_cannot_be_recorded_is_said_and_nothing_is_kept(
    untouched: Clinic, changes: dict[str, str | None], code: int, said: str
) -> None:
    result = records(untouched, "--given", **changes)

    assert result.exit_code == code
    assert said in result.stderr
    assert shown(untouched) == []


def test_given_or_withdrawn_must_be_said(untouched: Clinic) -> None:
    result = records(untouched, "--json")

    assert result.exit_code == 2
    assert "--given" in result.stderr


def test_a_patient_of_two_ehrs_must_be_told_apart(known: Clinic) -> None:
    known.change("[[clinic]]", f"{SECOND}[[clinic]]")
    keep(known, "annex", Guardian("mother", (MOTHERS,)))

    unclear = records(known)
    clear = records(known, connection="annex", by="guardian")

    assert unclear.exit_code == 2
    assert "They are: annex, sandbox." in unclear.stderr
    assert "--connection" in unclear.stderr
    assert clear.exit_code == 0
    assert [one["connection"] for one in shown(known)] == ["annex"]
    assert shown(known, "--connection", "sandbox") == []


def test_of_two_guardians_the_one_who_spoke_is_named(known: Clinic) -> None:
    mother, father = Guardian("mother", (MOTHERS,)), Guardian("father", (FATHERS,))
    keep(known, "sandbox", mother, father)

    unclear = records(known, by="guardian")
    clear = records(known, by="guardian", guardian="father")

    assert unclear.exit_code == 2
    assert "They are: father, mother." in unclear.stderr
    assert clear.exit_code == 0


def test_somebody_nothing_is_known_of_is_said_to_be_so(untouched: Clinic) -> None:
    result = untouched.types("consent", "show", "--patient", "eve")

    assert result.exit_code == 1
    assert "Nothing is known of this patient." in result.stderr


def test_help_says_what_the_names_of_the_words_promise(untouched: Clinic) -> None:
    said = untouched.types("consent", "record", "--help").stdout

    assert "'details-…'" in said
    assert "'full-…'" in said
