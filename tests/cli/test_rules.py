import json
from typing import Any

import pytest
import typer

from reminder.app.wiring import App
from reminder.cli import rules as commands
from reminder.rules.documents import parse_document
from tests.cli.outside import STARTS_AT, Clinic

DAY = """\
[[rule]]
id = "visits"

[[rule.steps]]
id = "day"
offset = "24 hours before"
channels = ["email", "sms"]
"""

NEAR = """
[[rule.steps]]
id = "near"
offset = "2 hours before"
channels = ["sms", "email"]
"""


BY_TEXT = """
[transport.twilio-sms]
account_sid = "AC00000000000000000000000000000000"
auth_token = "file:twilio-token"
from_number = "+12025550100"

[transport.smtp]"""


def set_up_texts(clinic: Clinic) -> None:
    """Text messages can be sent as well; none is here."""
    (clinic.folder / "twilio-token").write_text("invented")
    clinic.change("\n[transport.smtp]", BY_TEXT)


@pytest.fixture
def rules(clinic: Clinic) -> "Rules":
    """Those of the settings are in force, and one visit is planned for by them."""
    set_up_texts(clinic)
    clinic.read_an_hour_ago()
    return Rules(clinic)


@pytest.fixture
def unread(clinic: Clinic) -> "Rules":
    """Nothing was read of the EHR, and nothing published."""
    set_up_texts(clinic)
    return Rules(clinic)


class Rules:
    """A clinic whose rules somebody changes."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic

    def file(self, text: str) -> str:
        """A file with rules in it."""
        path = self.clinic.folder / "rules.toml"
        path.write_text(text)
        return str(path)

    def does(self, *words: str) -> list[str]:
        """What a command that succeeds prints."""
        result = self.clinic.types("rules", *words)
        assert result.exit_code == 0, result.stderr
        return result.stdout.splitlines()

    def says(self, *words: str) -> Any:
        """What it prints as JSON."""
        return json.loads("\n".join(self.does(*words, "--json")))

    def refuses(self, code: int, *words: str) -> list[str]:
        """What a command that ends with this code says."""
        result = self.clinic.types("rules", *words)
        assert (result.exit_code, result.stdout) == (code, ""), result.output
        return result.stderr.splitlines()

    def draft(self, text: str, *words: str) -> list[str]:
        """Import it as the draft of the one clinic."""
        return self.does("import", self.file(text), "--clinic", "elm", *words)

    def states(self) -> list[str]:
        """Each version as '2 published', the newest first."""
        history = self.says("history")
        return [f"{one['version']} {one['state']}" for one in history]

    def planned(self) -> dict[str, str]:
        """What is decided for each step of the visit."""
        words = ("plan", "--appointment", "visit", "--json")
        printed = json.loads(self.clinic.types(*words).stdout)
        return {step["step"]: step["decision"] for step in printed["steps"]}


def test_rules_go_from_a_file_over_a_preview_into_force(rules: Rules) -> None:
    imported = rules.draft(DAY + NEAR, "--by", "Kim", "--note", "One more")
    before = rules.planned()
    preview = rules.does("preview")
    words = ("publish", "--note", "At last", "--by", "Sam", "--yes")
    done = rules.clinic.types("rules", *words)
    published = done.stdout.splitlines()

    assert imported[0] == "Draft of elm, to be version 2:"
    assert imported[-1] == "Next: reminder rules preview --clinic elm"
    assert any("new step 'near': 2 hours before" in line for line in imported)
    assert preview[0] == (
        "+1, \N{MINUS SIGN}0, 0 otherwise than now: 2 messages to come instead of 1."
    )
    assert published[0] == preview[0]
    assert "{" not in done.output
    assert published[2] == "Version 2 of elm is in force."
    assert before == {"week": "skipped", "day": "planned"}
    assert rules.planned() | {"week": ""} == {
        "week": "",
        "day": "planned",
        "near": "planned",
    }
    newest, first = rules.says("history")
    assert (newest["by"], newest["note"], newest["state"]) == (
        "Sam",
        "At last",
        "published",
    )
    assert (first["by"], first["state"]) == ("reminder.toml", "superseded")


def test_what_is_exported_is_imported_as_no_change(rules: Rules) -> None:
    exported = "\n".join(rules.does("export"))

    imported = rules.draft(exported)

    assert imported[1].strip() == "It changes nothing."
    assert exported == "\n".join(rules.does("export", "--version", "1"))


def test_a_preview_has_everything_as_json(rules: Rules) -> None:
    before = rules.says("preview", rules.file(DAY), "--clinic", "elm")
    report = rules.says("preview", rules.file(NEAR_ALONE), "--clinic", "elm")

    assert (before["total"], before["affected"]) == (1, [])
    assert [report[name] for name in ("total", "total_before", "people")] == [1, 1, 1]
    assert sum(report["by_day"].values()) == report["total"]
    assert report["by_template"] == {"reminder": 1}
    near, day = sorted(report["affected"], key=lambda one: one["after"] is None)
    assert (near["appointment_id"], near["step"], near["before"]) == (
        "visit",
        "near",
        None,
    )
    assert near["start"] == STARTS_AT.isoformat()
    assert (day["step"], day["after"], day["reason"]) == (
        "day",
        None,
        "no-longer-a-step",
    )
    assert rules.states() == ["1 published"]


NEAR_ALONE = DAY.split("\n[[rule.steps]]")[0] + NEAR


def test_a_calendar_tells_one_patients_steps_in_sentences(rules: Rules) -> None:
    words = ("preview", rules.file(DAY + NEAR), "--clinic", "elm", "--patient")

    head, *lines = rules.does(*words, "ana")
    steps = rules.says(*words, "ana")
    unknown = rules.refuses(1, *words, "nobody")

    assert head.split("\t")[1:4] == ["appointment", "step", "decision"]
    assert {one["step"] for one in steps if one["appointment_id"] == "visit"} == {
        "day",
        "near",
    }
    assert any("2 hours before" in line for line in lines)
    assert unknown[0] == "No such patient is known."


def test_without_draft_or_file_a_calendar_is_by_the_rules_in_force(
    rules: Rules,
) -> None:
    words = ("preview", "--patient", "ana")

    in_force = rules.says(*words)
    said = rules.clinic.types("rules", *words).stderr
    rules.draft(NEAR_ALONE)
    by_draft = rules.says(*words)

    assert {one["step"] for one in in_force} >= {"week", "day"}
    assert said == "There is no draft of elm: this is by the rules in force.\n"
    assert {one["step"] for one in by_draft} >= {"near"}


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        pytest.param(DAY.replace("24 hours", "24 hourz"), 6, id="an-unknown-word"),
        pytest.param(DAY.replace("channels", "chanels"), 7, id="an-unknown-key"),
        pytest.param(DAY.replace('id = "visits"', "id = "), 2, id="no-toml"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_line_and_nothing_is_kept(
    unread: Rules, wrong: str, line: int
) -> None:
    file = unread.file(wrong)

    said = unread.refuses(1, "check", file, "--clinic", "elm")
    imported = unread.refuses(1, "import", file, "--clinic", "elm")

    assert said == imported
    assert "to be put right." in said[0]
    assert any(f"  where  {file}, line {line}: " in one for one in said)
    assert any(one.startswith("  do     ") for one in said)
    assert unread.states() == []


def test_what_cannot_be_meant_is_not_published_and_said_in_json_too(
    unread: Rules,
) -> None:
    useless = DAY.replace("24 hours before", "1 hour before")
    file = unread.file(useless + 'useful = "90 minutes before"\n')

    words = ("check", file, "--clinic", "elm", "--json")
    result = unread.clinic.types("rules", *words)

    printed = json.loads(result.stdout)
    assert (result.exit_code, printed["publishable"]) == (1, False)
    assert "error" in {one["severity"] for one in printed["remarks"]}


def test_what_is_only_odd_is_said_and_may_be_published(unread: Rules) -> None:
    one_channel = DAY.replace('["email", "sms"]', '["email"]')

    result = unread.clinic.types(
        "rules", "check", unread.file(one_channel), "--clinic", "elm"
    )

    assert result.exit_code == 0
    assert "it may be meant so" in result.stderr
    assert result.stdout == "Nothing keeps these rules from being published.\n"


def test_rules_are_shown_in_sentences_with_their_version(rules: Rules) -> None:
    shown = rules.does("show")
    said = rules.says("show", "--version", "1")

    assert shown[0].startswith("elm, version 1, published on ")
    assert shown[0].endswith("by reminder.toml")
    assert any(line.startswith("  day: 24 hours before, by e-mail") for line in shown)
    [rule] = said["rules"]
    assert [step["step"] for step in rule["steps"]] == ["week", "day"]
    assert (rule["origin"], said["draft"]) == ("own", None)


def test_what_only_the_settings_say_is_shown_and_exported_too(unread: Rules) -> None:
    shown = unread.does("show")

    assert shown[0] == (
        "elm, as reminder.toml has it: in force once `reminder run` starts"
    )
    assert any(line.startswith("  day: 24 hours before") for line in shown)
    assert 'offset = "24 hours before"' in unread.does("export")
    assert unread.states() == []


def test_what_a_clinic_has_instead_of_the_organisations_is_marked(
    unread: Rules,
) -> None:
    shared = DAY + DAY.replace('"visits"', '"others"').replace('"day"', '"other"')
    everywhere = DAY.replace('"visits"', '"all"').replace('"day"', '"any"')
    file = unread.file(f'owner = "organisation"\n{shared}{everywhere}')
    unread.does("import", file)
    unread.does("publish", "--organisation", "--note", "for all", "--yes")
    unread.draft(f'extends = true\nwithout = ["all"]\n{DAY}')
    unread.does("publish", "--note", "ours", "--yes")

    shown = unread.does("show")
    organisation = unread.says("show", "--organisation")

    assert {
        line.split(":")[0]: line.rpartition("(")[2].removesuffix(")")
        for line in shown
        if line.endswith("organisation's)")
    } == {"visits": "instead of the organisation's", "others": "the organisation's"}
    assert "The organisation's rule all is left out." in shown
    assert {one["origin"] for one in organisation["rules"]} == {"own"}


def test_a_draft_of_somebody_else_is_not_dropped_unasked(unread: Rules) -> None:
    unread.draft(DAY, "--by", "Kim")
    file = unread.file(DAY + NEAR)

    said = unread.refuses(5, "import", file, "--clinic", "elm", "--by", "Sam")
    unread.draft(DAY + NEAR, "--by", "Sam", "--replace")

    assert said[0].startswith("Kim saved a draft of elm on ")
    assert unread.says("history")[0]["by"] == "Sam"


def test_who_is_slower_than_somebody_else_is_told_and_changes_nothing(
    unread: Rules, capsys: pytest.CaptureFixture[str]
) -> None:
    unread.draft(DAY)

    async def save_what_was_looked_at_long_ago(app: App) -> None:
        document = parse_document(DAY + NEAR, "elm")
        await app.rulesets.save(document, by="Sam", note="", revision=None)

    with pytest.raises(typer.Exit) as stopped:
        commands._run(unread.clinic.file, save_what_was_looked_at_long_ago)

    assert stopped.value.exit_code == 5
    assert "nothing was written" in capsys.readouterr().err
    assert unread.does("preview")[0].endswith("0 messages to come instead of 0.")


def test_without_a_terminal_nothing_is_published_unasked(unread: Rules) -> None:
    unread.draft(DAY)

    result = unread.clinic.types("rules", "publish", "--note", "why")

    assert result.exit_code == 2
    assert "nothing was published" in result.stderr
    assert unread.states() == ["1 draft"]


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        pytest.param(1, ["preview"], "There is no draft of elm.", id="no-draft"),
        pytest.param(
            1,
            ["publish", "--note", "x", "--yes"],
            "There is no draft of elm.",
            id="nothing-to-publish",
        ),
        pytest.param(
            1,
            ["export", "--version", "9"],
            "There is no version 9 of elm.",
            id="no-such-version",
        ),
        pytest.param(
            1,
            ["show", "--organisation"],
            "Nothing is published for organisation.",
            id="nothing-published",
        ),
        pytest.param(
            2, ["show", "--clinic", "oak"], "There is no clinic oak.", id="no-clinic"
        ),
        pytest.param(
            2,
            ["show", "--clinic", "elm", "--organisation"],
            "Say --clinic or --organisation, not both.",
            id="two-owners",
        ),
        pytest.param(
            2, ["check", "nowhere.toml"], "The file cannot be read.", id="no-file"
        ),
    ],
)
def test_what_cannot_be_done_says_why(
    unread: Rules, code: int, words: list[str], said: str
) -> None:
    assert unread.refuses(code, *words)[0] == said


def test_a_byte_order_mark_is_no_part_of_a_ruleset(unread: Rules) -> None:
    file = unread.file(DAY)
    (unread.clinic.folder / "rules.toml").write_bytes(DAY.encode("utf-8-sig"))

    assert "Nothing keeps" in unread.does("check", file, "--clinic", "elm")[0]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_a_file_in_another_encoding_is_to_be_saved_anew(
    unread: Rules, encoding: str
) -> None:
    file = unread.file(DAY)
    text = DAY.replace('id = "visits"', 'id = "visits"\nname = "Ärztin"')
    (unread.clinic.folder / "rules.toml").write_bytes(text.encode(encoding))

    said = unread.refuses(2, "check", file, "--clinic", "elm")

    assert said[0] == "The file cannot be read."
    assert said[-1] == "  do     Save it as UTF-8."


def test_plain_letters_of_two_bytes_each_are_no_utf8_either(unread: Rules) -> None:
    file = unread.file(DAY)
    (unread.clinic.folder / "rules.toml").write_bytes(DAY.encode("utf-16-le"))

    said = unread.refuses(2, "check", file, "--clinic", "elm")

    assert said[-1] == "  do     Save it as UTF-8."


def test_rules_of_a_file_that_is_for_another_owner_are_refused(
    unread: Rules,
) -> None:
    file = unread.file(f'owner = "oak"\n{DAY}')

    said = unread.refuses(1, "check", file, "--clinic", "elm")

    assert "'oak'" in "\n".join(said)
