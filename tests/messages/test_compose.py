# ruff: noqa: RUF001 - typeset characters are what some clinics are called by
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.messages.compose import compose
from reminder.messages.render import NAMES, Renderer
from reminder.messages.segments import is_gsm7, segments
from reminder.messages.wording import WITHOUT_DETAILS
from reminder.model.clinics import Clinic
from reminder.model.messages import EmailContent, Protection, SMSContent
from reminder.model.people import Channel, ContactPoint, Patient
from reminder.model.rulesets import Tier
from tests.messages.reading import Document, links
from tests.messages.samples import (
    ANA,
    APPOINTMENT,
    BY_VIDEO,
    CLINIC,
    LINK,
    PARENTS,
    PHONE,
    message,
    siblings,
    visit,
)

LANGUAGES = pytest.mark.parametrize("language", ["en", "es"])
TEMPLATES = pytest.mark.parametrize("template", sorted(NAMES))
DETAILED = pytest.mark.parametrize("template", sorted(NAMES - WITHOUT_DETAILS))
STOP = {"en": "Reply STOP to stop", "es": "Responda STOP para no recibir avisos"}


def email(
    renderer: Renderer,
    template: str = "reminder",
    visits: list | None = None,
    *,
    language: str = "en",
    to: ContactPoint | None = None,
    clinic: Clinic = CLINIC,
    protection: Protection = Protection.TLS,
) -> EmailContent:
    claimed = message(template, language=language)
    claimed = replace(claimed, to=to) if to else claimed
    content = compose(renderer, claimed, visits or [visit()], clinic, protection, LINK)
    assert isinstance(content, EmailContent)
    return content


def sms(
    renderer: Renderer,
    template: str = "reminder",
    *,
    language: str = "en",
    clinic: Clinic = CLINIC,
    link: str = LINK,
    protection: Protection = Protection.PICKUP,
) -> SMSContent:
    claimed = message(template, to=PHONE, language=language)
    content = compose(renderer, claimed, [visit()], clinic, protection, link)
    assert isinstance(content, SMSContent)
    return content


def test_a_reminder_by_email_reads_well(renderer: Renderer) -> None:
    assert email(renderer).text == (
        """\
Lakeside Clinic

Ana, we are expecting you.

Please tell us if you can come, or choose another time.

When: Thursday, December 3 at 2:30 PM (Central Time)
Where: Lakeside Clinic of Family Medicine, 40 Shore Road, Springfield

See or change your visit here:

https://reminders.lakeside.example/r/AbCdEfGhIjKlMnOpQrStUw

To protect your privacy, the page first asks for the date of birth.

Questions? Call us: 555-010-0199

Lakeside Clinic of Family Medicine
12 Lake Street, Springfield, IL 62701

The link above also lets you choose how we reach you, or stop these
messages. Did this reach you by mistake? Please tell us, then delete it.
"""
    )


@DETAILED
@pytest.mark.parametrize(
    ("language", "day", "time", "zone"),
    [
        ("en", "Thursday, December 3", "2:30 PM", "Central Time"),
        ("es", "3 de diciembre", "2:30 p.m.", "hora central"),
    ],
)
def test_both_renderings_say_who_and_when(
    renderer: Renderer, template: str, language: str, day: str, time: str, zone: str
) -> None:
    content = email(renderer, template, language=language)

    for reading in (content.text, Document(content.html).text):
        for fact in ("Ana", day, time, zone, LINK, "555-010-0199"):
            assert fact in reading


@LANGUAGES
def test_a_reminder_says_where_and_in_the_full_tier_with_whom(
    renderer: Renderer, language: str
) -> None:
    content = email(renderer, visits=[visit(tier=Tier.FULL)], language=language)

    for reading in (content.text, Document(content.html).text):
        for fact in ("Dr. Maya Patel", CLINIC.name, "40 Shore Road, Springfield"):
            assert fact in reading


@LANGUAGES
def test_a_video_visit_has_its_join_link_and_no_address(
    renderer: Renderer, language: str
) -> None:
    content = email(renderer, visits=[visit(BY_VIDEO)], language=language)

    assert f"\n\n{BY_VIDEO.join_url}\n" in content.text
    assert BY_VIDEO.join_url in Document(content.html).values("href")
    assert "Shore Road" not in content.text + content.html


@pytest.mark.parametrize("template", ["answer-cancelled", "answer-not-rebooked"])
def test_a_visit_that_does_not_take_place_cannot_be_joined(
    renderer: Renderer, template: str
) -> None:
    content = email(renderer, template, [visit(BY_VIDEO)])

    assert "video.example.org" not in content.text + content.html


def test_the_address_is_the_places_and_else_the_clinics(renderer: Renderer) -> None:
    nowhere = replace(APPOINTMENT, place=None)

    assert "Medicine, 12 Lake Street" in email(renderer, visits=[visit(nowhere)]).text


@LANGUAGES
def test_siblings_are_told_apart_the_earlier_first(
    renderer: Renderer, language: str
) -> None:
    content = email(renderer, visits=siblings(), language=language, to=PARENTS)

    for reading in (content.text, Document(content.html).text):
        assert 0 < reading.index("Leo") < reading.index("2:30")
        assert reading.index("2:30") < reading.index("Mia") < reading.index("3:00")


def test_a_guardian_is_not_called_by_the_childs_name(renderer: Renderer) -> None:
    theirs = email(renderer, to=PARENTS).text
    own = email(renderer).text

    assert own.count("Ana") == theirs.count("Ana") == 1
    assert "Ana, we are expecting you." in own
    assert "For: Ana\n" in theirs


def test_what_is_not_known_leaves_no_hole(renderer: Renderer) -> None:
    bare = replace(APPOINTMENT, practitioner="", place=None)
    nobody = replace(ANA, given="")
    clinic = replace(CLINIC, phone="", address="")

    content = email(renderer, visits=[visit(bare, nobody)], clinic=clinic)

    assert "We are expecting you." in content.text
    assert not re.search(r"(With|For|Call us):|, *$|\( *\)", content.text, re.M)
    assert "tel:" not in content.html
    assert "<bdi></bdi>" not in content.html


@TEMPLATES
@LANGUAGES
def test_the_text_part_keeps_to_72_columns_with_the_link_alone_on_its_line(
    renderer: Renderer, template: str, language: str
) -> None:
    text = email(renderer, template, siblings(), language=language).text
    lines = text.splitlines()

    at = lines.index(LINK)
    assert lines[at - 1] == lines[at + 1] == ""
    assert all(len(line) <= 72 for line in lines if "://" not in line)
    assert not {"\u202f", "\xa0"} & set(text)
    assert "\n\n\n" not in text
    assert text.endswith("\n")


@TEMPLATES
@LANGUAGES
def test_nobody_has_to_read_a_sentence_of_more_than_18_words(
    renderer: Renderer, template: str, language: str
) -> None:
    content = email(renderer, template, siblings(), language=language)
    message_text = sms(renderer, template, language=language).text
    html = re.sub(r"</(p|h\d|td|div)>", r".\g<0>", content.html)

    for reading in (content.text, message_text, Document(html).text):
        for sentence in sentences(reading):
            assert len(sentence.split()) <= 18, sentence


def sentences(text: str) -> list[str]:
    plain = re.sub(r"\b([ap])\.m\.|Dr\.", r"\1", text)
    return re.split(r"[.?!:]\s|\n\n|\n(?=\S+: )", plain)


def test_the_measure_of_sentences_would_notice_a_long_one() -> None:
    long = "Hello there. " + "word " * 19 + "end at 2:30 p.m. today. Bye."

    assert max(len(one.split()) for one in sentences(long)) > 18


PRIVATE = {
    "Zebulon": "the patient's name",
    "Quackenbush": "the practitioner",
    "Wisteria": "the address",
    "Oncology": "the place",
    "HIV": "the clinic's full name",
    "secretroom": "the video link",
    "Fast overnight": "the instructions",
    "2:30": "the time",
    "9:17": "the old time",
    "December": "the date",
    "diciembre": "the date",
}
"""Planted; the hour and the month are the visit's own."""


def planted(template: str) -> tuple[list, Clinic]:
    patient = replace(ANA, given="Zebulon", family="Zebulon")
    place = replace(
        APPOINTMENT.place, name="Oncology Zebulon", address="9 Wisteria Lane"
    )
    here = replace(
        APPOINTMENT,
        practitioner="Dr. Quackenbush",
        place=place,
        instructions="Fast overnight.",
    )
    by_video = replace(here, join_url="https://video.example.org/secretroom")
    clinic = replace(CLINIC, name="Lakeside HIV Services")
    was_at = datetime(2026, 12, 3, 15, 17, tzinfo=UTC)
    visits = [visit(one, patient, Tier.FULL, was_at) for one in (here, by_video)]
    return visits, clinic


@TEMPLATES
@LANGUAGES
def test_a_lock_screen_shows_nothing_of_a_patient(
    renderer: Renderer, template: str, language: str
) -> None:
    visits, clinic = planted(template)

    content = email(renderer, template, visits, language=language, clinic=clinic)

    document = Document(content.html)
    shown = content.subject + content.from_name + document.preheader
    assert not [word for word in PRIVATE if word in shown]
    assert "Lakeside Clinic" in content.subject
    assert content.from_name == "Lakeside Clinic"
    assert f"<title>{content.subject}</title>" in content.html
    # Long enough that a list of mails shows nothing of the message after it.
    assert len(document.preheader) > 150


@TEMPLATES
@LANGUAGES
@pytest.mark.parametrize("protection", [Protection.PICKUP, Protection.TLS])
def test_a_text_message_holds_nothing_of_a_patient(
    renderer: Renderer, template: str, language: str, protection: Protection
) -> None:
    visits, clinic = planted(template)
    claimed = message(template, to=PHONE, language=language)

    content = compose(renderer, claimed, visits, clinic, protection, LINK)
    other = compose(renderer, claimed, [visit()], CLINIC, protection, LINK)

    assert content == other


@TEMPLATES
@LANGUAGES
@pytest.mark.parametrize(
    ("protection", "known"),
    [
        pytest.param(Protection.PICKUP, True, id="no-proven-encryption"),
        pytest.param(Protection.TLS, False, id="visits-unknown-by-now"),
    ],
)
def test_an_email_that_may_not_name_the_visit_says_only_that_something_waits(
    renderer: Renderer,
    template: str,
    language: str,
    protection: Protection,
    known: bool,
) -> None:
    visits, clinic = planted(template)
    claimed = message(template, language=language)

    content = compose(
        renderer, claimed, visits if known else [], clinic, protection, LINK
    )

    assert isinstance(content, EmailContent)
    private = [word for word in PRIVATE if word != "HIV"]
    said = content.subject + content.text + content.html
    assert not [word for word in private if word in said]
    assert LINK in content.text


@pytest.mark.parametrize("template", sorted(WITHOUT_DETAILS))
@LANGUAGES
def test_a_new_link_carries_no_visit(
    renderer: Renderer, template: str, language: str
) -> None:
    visits, clinic = planted(template)

    content = email(renderer, template, visits, language=language, clinic=clinic)

    private = [word for word in PRIVATE if word != "HIV"]
    assert not [word for word in private if word in content.text + content.html]


def test_the_canaries_would_be_seen_where_they_are_allowed(renderer: Renderer) -> None:
    visits, clinic = planted("moved")
    reading = email(renderer, "moved", visits, clinic=clinic).text

    never = {"Oncology", "diciembre"}
    assert {word for word in PRIVATE if word in reading} == set(PRIVATE) - never


@TEMPLATES
@LANGUAGES
def test_the_name_of_a_place_is_never_told(
    renderer: Renderer, template: str, language: str
) -> None:
    content = email(renderer, template, language=language)

    assert "Oncology" not in content.text + content.html


HOSTS = st.text(st.sampled_from("abcdefghij-"), min_size=1, max_size=36).map(
    lambda label: f"https://a{label}.org/r/AbCdEfGhIjKlMnOpQrStUw"
)


@TEMPLATES
@LANGUAGES
def test_a_text_message_is_one_segment(
    renderer: Renderer, template: str, language: str
) -> None:
    content = sms(renderer, template, language=language)

    assert content.text.startswith("Lakeside Clinic: ")
    assert content.text.endswith(f"\n{LINK}\n{STOP[language]}")
    assert content.segments == segments(content.text) == 1


@given(link=HOSTS, short_name=st.text(max_size=60), data=st.data())
def test_whatever_the_clinic_is_called_it_stays_one_segment_with_link_and_stop(
    renderer: Renderer, link: str, short_name: str, data: st.DataObject
) -> None:
    template = data.draw(st.sampled_from(sorted(NAMES)))
    language = data.draw(st.sampled_from(["en", "es"]))

    content = sms(
        renderer,
        template,
        language=language,
        clinic=replace(CLINIC, short_name=short_name),
        link=link,
    )

    assert is_gsm7(content.text)
    assert content.segments == 1
    assert content.text.endswith(f"\n{link}\n{STOP[language]}")


@pytest.mark.parametrize(
    ("short_name", "sender"),
    [
        pytest.param("Lakeside Clinic", "Lakeside Clinic", id="fits"),
        pytest.param("Clínica del Niño", "Clinica del Niño", id="another-accent"),
        pytest.param("Dr. O’Neill – Kids", "Dr. O'Neill - Kids", id="typeset"),
        pytest.param("湖畔诊所", "Your clinic", id="not-spelled-in-gsm7"),
        pytest.param(
            "Springfield Family and Children's Health",
            "Springfield Family and",
            id="whole-words",
        ),
        pytest.param("A" * 60, "A" * 23, id="one-long-word"),
    ],
)
def test_the_sender_gives_way(renderer: Renderer, short_name: str, sender: str) -> None:
    host = "r" * 32 + ".example"
    link = f"https://{host}/r/AbCdEfGhIjKlMnOpQrStUw"
    assert len(host) == 40

    content = sms(renderer, clinic=replace(CLINIC, short_name=short_name), link=link)

    assert content.text.split(": ")[0] == sender
    assert content.segments == 1


def test_a_link_too_long_for_one_segment_stays_whole_and_is_counted(
    renderer: Renderer,
) -> None:
    link = "https://" + "r" * 120 + ".example/r/AbCdEfGhIjKlMnOpQrStUw"

    content = sms(renderer, link=link)

    assert content.text.startswith("Lakeside Clinic: ")
    assert f"\n{link}\n" in content.text
    assert content.segments == 2


def test_a_message_has_one_link_of_ours_by_sms_and_no_other(renderer: Renderer) -> None:
    assert links(sms(renderer).text) == [LINK]


def test_the_issues_own_words_are_in_the_text_message(renderer: Renderer) -> None:
    assert "a message about your appointment" in sms(renderer).text


def test_an_unknown_language_is_answered_in_english(renderer: Renderer) -> None:
    assert email(renderer, language="fr-CA") == email(renderer, language="en")


def test_nothing_is_spoken_yet(renderer: Renderer) -> None:
    call = message(to=ContactPoint(Channel.VOICE, "+15550100142"))

    with pytest.raises(ValueError, match="spoken"):
        compose(renderer, call, [visit()], CLINIC, Protection.PICKUP, LINK)


def test_composing_again_gives_the_same(renderer: Renderer) -> None:
    assert email(renderer) == email(renderer)
    assert sms(renderer) == sms(renderer)


def test_content_does_not_show_in_a_repr(renderer: Renderer) -> None:
    patient: Patient = replace(ANA, given="Zebulon")

    content = email(renderer, visits=[visit(APPOINTMENT, patient)])

    assert "Zebulon" in content.text
    assert "Zebulon" not in repr(content)
