import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from reminder.messages.lint import lint_templates
from reminder.messages.render import NAMES, Renderer
from reminder.messages.wording import REPLIES
from reminder.model.clinics import Clinic
from reminder.model.offsets import HoursBefore
from reminder.model.people import Channel
from reminder.model.remarks import Remark, Severity
from reminder.model.rulesets import LatePolicy, Rule, Ruleset, Step, Tier, Tiers
from reminder.resources import bundled
from tests.messages.samples import CLINIC

ERROR, WARNING = Severity.ERROR, Severity.WARNING
WAY_OUT = "\n{{ link }}\nReply STOP to stop\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for a clinic's own messages in English."""
    for name in ("email/en", "sms/en", "sms/es"):
        (tmp_path / name).mkdir(parents=True)
    ours = bundled("templates")
    for file in ("sms/en/notice.txt", "sms/es/notice.txt"):
        shutil.copy(ours / file, tmp_path / file)
    return tmp_path


def written(folder: Path, name: str, sms: str = "", email: str = "Hello") -> Renderer:
    """The templates with a clinic's own message `name` in English."""
    for file, text in (
        (f"sms/en/{name}.txt", sms or "{{ clinic }}: hello" + WAY_OUT),
        (f"email/en/{name}.txt", email),
        (f"email/en/{name}.html", "<p>Hello</p>"),
        (f"email/en/{name}.subject.txt", "Hello from {{ clinic }}"),
    ):
        (folder / file).write_text(text, "utf-8")
    return Renderer(folder)


def found(
    renderer: Renderer, *names: str, clinic: Clinic = CLINIC
) -> list[tuple[Severity, str, str]]:
    remarks = lint_templates(renderer, names, ["en"], clinic)
    return [(one.severity, one.place, one.problem) for one in remarks]


def with_tiers(**tiers: Tier) -> Clinic:
    return replace(CLINIC, ruleset=Ruleset(tiers=Tiers(**tiers)))


@pytest.mark.parametrize("tier", Tier)
def test_nothing_is_wrong_with_our_own_templates_in_any_tier(
    renderer: Renderer, tier: Tier
) -> None:
    clinic = with_tiers(email=tier, sms=tier)

    assert lint_templates(renderer, NAMES | REPLIES, ["en", "es-US"], clinic) == []


@pytest.mark.parametrize(
    ("sms", "expected"),
    [
        pytest.param(
            "{{ clinic }}: reply YES to confirm." + WAY_OUT,
            (ERROR, "sms/en/x.txt:1", "'YES' as an answer"),
            id="an-opt-in-as-an-answer",
        ),
        pytest.param(
            "{{ clinic }}: hello\nReply CANCEL to cancel" + WAY_OUT,
            (ERROR, "sms/en/x.txt:2", "'CANCEL' as an answer"),
            id="an-opt-out-as-an-answer",
        ),
        pytest.param(
            "{{ clinic or 'Reply YES' }}: hello" + WAY_OUT,
            (ERROR, "sms/en/x.txt:1", "'YES' as an answer"),
            id="in-the-quotes-of-a-tag",
        ),
        pytest.param(
            "{{ clinic }}: " + "many words " * 6 + WAY_OUT,
            (WARNING, "sms/en/x.txt", "it takes 2 segments"),
            id="two-segments",
        ),
        pytest.param(
            "{{ clinic }}: más" + WAY_OUT,
            (WARNING, "sms/en/x.txt", "it takes 2 segments"),
            id="two-segments-for-one-accent",
        ),
        pytest.param(
            "Hello" + WAY_OUT,
            (ERROR, "sms/en/x.txt", "it does not say which clinic writes"),
            id="nobodys",
        ),
        pytest.param(
            "{{ clinic }}: {{ link }}",
            (ERROR, "sms/en/x.txt", "it does not say how to stop"),
            id="no-way-out",
        ),
        pytest.param(
            "{{ clinic }}:\nyour\noncology visit" + WAY_OUT,
            (ERROR, "sms/en/x.txt:3", "'oncology' tells what a patient"),
            id="a-specialty",
        ),
    ],
)
def test_what_is_wrong_with_a_text_message_is_said_with_its_place(
    folder: Path, sms: str, expected: tuple[Severity, str, str]
) -> None:
    ((severity, place, problem),) = found(written(folder, "x", sms), "x")

    assert (severity, place) == expected[:2]
    assert problem.startswith(expected[2])


def test_the_character_that_costs_a_segment_is_named(folder: Path) -> None:
    renderer = written(folder, "x", "{{ clinic }}: más índices" + WAY_OUT)

    (remark,) = lint_templates(renderer, ["x"], ["en"], CLINIC)

    assert remark.advice.startswith("Use words without á í: ")


def test_details_may_take_two_segments_and_not_three(folder: Path) -> None:
    renderer = written(folder, "x")
    details = folder / "sms/en/x.details.txt"
    of_two = "{{ clinic }}: " + "many words " * 14 + WAY_OUT
    details.write_text(of_two)
    assert found(Renderer(folder), "x") == []

    details.write_text(of_two.replace("words ", "words and more "))

    ((severity, place, problem),) = found(Renderer(folder), "x")
    assert (severity, place) == (WARNING, "sms/en/x.details.txt")
    assert problem.startswith("it takes 3 segments")
    assert renderer.has("sms/en/x.txt")


SEES = "You see {{ visits[0].practitioner }}\n{{ visits[0].address }}"
LOOKS = "{% if visits[0].practitioner %}You see {{ visits[0].practitioner }}{% endif %}"
ELSE = '{{ visits[0].practitioner if visits[0].practitioner else "us" }}'


@pytest.mark.parametrize(
    ("email", "tier", "expected"),
    [
        pytest.param(SEES, Tier.STANDARD, ["practitioner"], id="standard"),
        pytest.param(SEES, Tier.BASIC, ["practitioner", "address"], id="basic"),
        pytest.param(SEES, Tier.FULL, [], id="full"),
        pytest.param(LOOKS, Tier.BASIC, [], id="it-looks-first"),
        pytest.param(ELSE, Tier.BASIC, [], id="it-has-other-words"),
    ],
)
def test_what_stays_empty_in_the_clinics_tier_is_said(
    folder: Path, email: str, tier: Tier, expected: list[str]
) -> None:
    clinic = with_tiers(email=tier)

    remarks = found(written(folder, "x", email=email), "x", clinic=clinic)

    assert remarks == [
        (
            WARNING,
            f"email/en/x.txt:{1 + (name == 'address')}",
            f"'{name}' stays empty: it is above the tier of this channel",
        )
        for name in expected
    ]


def test_a_part_that_stays_empty_is_found_in_the_part(folder: Path) -> None:
    (folder / "email/en/_x.txt").write_text("\n\n{{ visits[0].instructions }}")

    renderer = written(folder, "x", email='{% include "email/en/_x.txt" %}')

    assert [place for _, place, _ in found(renderer, "x")] == ["email/en/_x.txt:3"]


def test_what_several_messages_share_is_said_once(folder: Path) -> None:
    (folder / "email/en/_x.txt").write_text("Your dialysis")
    written(folder, "x", email='{% include "email/en/_x.txt" %}')
    renderer = written(folder, "y", email='{% include "email/en/_x.txt" %}')

    assert [place for _, place, _ in found(renderer, "x", "y")] == ["email/en/_x.txt:1"]


def test_a_specialty_is_told_in_the_full_tier_alone_and_in_no_subject(
    folder: Path,
) -> None:
    renderer = written(folder, "x", email="Your\nchemotherapy")
    (folder / "email/en/x.html").write_text('<p class="cancer">Your<br>\nIVF</p>')
    (folder / "email/en/x.subject.txt").write_text("Diabetes at {{ clinic }}")
    everywhere = ["email/en/x.html:2", "email/en/x.subject.txt:1", "email/en/x.txt:2"]

    standard = found(renderer, "x")
    full = found(renderer, "x", clinic=with_tiers(email=Tier.FULL))

    assert [place for _, place, _ in standard] == everywhere
    assert {severity for severity, _, _ in standard} == {ERROR}
    assert [place for _, place, _ in full] == ["email/en/x.subject.txt:1"]


@pytest.mark.parametrize(
    ("short_name", "problem"),
    [
        pytest.param("Lakeside HIV", "'HIV' tells what", id="a-diagnosis"),
        pytest.param("湖畔诊所", "no letter of it", id="not-spelled-in-gsm7"),
    ],
)
def test_a_short_name_for_no_lock_screen_is_refused(
    renderer: Renderer, short_name: str, problem: str
) -> None:
    clinic = replace(CLINIC, short_name=short_name)

    ((severity, place, said),) = found(renderer, "reminder", clinic=clinic)

    assert (severity, place) == (ERROR, "clinic lakeside, short_name")
    assert said.startswith(problem)


def with_step(template: str, late: LatePolicy, channel: Channel) -> Clinic:
    step = Step("day", HoursBefore(24), (channel,), template, late=late)
    return replace(CLINIC, ruleset=Ruleset(rules=(Rule("all", (step,)),)))


@pytest.mark.parametrize(
    ("late", "channel", "missing"),
    [
        (LatePolicy.SHORTEN, Channel.SMS, ["sms/en/x-late.txt"]),
        (
            LatePolicy.SHORTEN,
            Channel.EMAIL,
            [f"email/en/x-late.{end}" for end in ("html", "subject.txt", "txt")],
        ),
        (LatePolicy.DROP, Channel.SMS, []),
        (LatePolicy.SEND, Channel.EMAIL, []),
    ],
)
def test_a_step_that_is_to_be_shortened_needs_the_shorter_words(
    folder: Path, late: LatePolicy, channel: Channel, missing: list[str]
) -> None:
    renderer = written(folder, "x")

    remarks = found(renderer, "x", clinic=with_step("x", late, channel))

    assert remarks == [
        (
            ERROR,
            "rule all, step day",
            f"there is no '{file}' to send when it is late",
        )
        for file in missing
    ]


@pytest.mark.parametrize("template", ["reminder", "moved", "cancelled"])
def test_ours_have_shorter_words(renderer: Renderer, template: str) -> None:
    clinic = with_step(template, LatePolicy.SHORTEN, Channel.EMAIL)

    assert found(renderer, template, clinic=clinic) == []


def test_a_message_that_is_not_there_is_named_file_by_file(folder: Path) -> None:
    renderer = written(folder, "x")

    remarks = lint_templates(renderer, ["x"], ["es"], CLINIC)

    assert [remark.place for remark in remarks] == [
        "email/es/x.html",
        "email/es/x.subject.txt",
        "email/es/x.txt",
        "sms/es/x.txt",
    ]


def test_a_language_without_templates_is_said_once(renderer: Renderer) -> None:
    remarks = lint_templates(renderer, NAMES, ["fr-CA", "fr"], CLINIC)

    assert [(one.severity, one.place) for one in remarks] == [
        (ERROR, "email/fr, sms/fr")
    ]


def test_a_template_that_cannot_be_filled_is_a_remark_too(folder: Path) -> None:
    renderer = written(folder, "x", "{{ clinic }}{{ nmae }}" + WAY_OUT)

    ((severity, place, problem),) = found(renderer, "x")

    assert (severity, place) == (ERROR, "sms/en/x.txt")
    assert problem.startswith("sms/en/x.txt:1: could not be filled")


def test_every_remark_says_what_would_be_right(folder: Path) -> None:
    renderer = written(folder, "x", "reply YES", SEES)
    clinic = replace(
        with_step("y", LatePolicy.SHORTEN, Channel.SMS), short_name="Lakeside HIV"
    )

    remarks: list[Remark] = lint_templates(renderer, ["x", "z"], ["en", "fr"], clinic)

    assert len(remarks) > 8
    assert all(remark.advice.endswith(".") for remark in remarks)
