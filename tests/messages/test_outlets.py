"""Hostile words against every outlet: the structure must be a benign message's."""

import re
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.messages.compose import compose
from reminder.messages.render import NAMES, Renderer
from reminder.model.clinics import Clinic
from reminder.model.messages import EmailContent, Protection
from reminder.model.people import Patient
from reminder.model.rulesets import Tier
from tests.messages.hostile import HOSTILE
from tests.messages.reading import Document, links
from tests.messages.samples import ANA, APPOINTMENT, CLINIC, LINK, WAS, message, visit

NAMES_AND_PLACES = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


def composed(
    renderer: Renderer,
    text: str | None,
    template: str = "reminder",
    language: str = "en",
    clinic: Clinic = CLINIC,
) -> EmailContent:
    """A message in which everything the EHR said is `text`; None for a benign one."""
    patient: Patient = ANA
    appointment = replace(APPOINTMENT, instructions="Bring your card.")
    if text is not None:
        patient = replace(ANA, given=text, family=text)
        # An address is full of digits; that a row of them could be a telephone
        # number is no fault in one.
        place = replace(APPOINTMENT.place, name=text, address=re.sub(r"\d", "", text))
        appointment = replace(
            APPOINTMENT, practitioner=text, place=place, instructions=text
        )
    content = compose(
        renderer,
        message(template, language=language),
        [visit(appointment, patient, Tier.FULL, WAS)],
        clinic,
        Protection.TLS,
        LINK,
    )
    assert isinstance(content, EmailContent)
    return content


def structure(html: str) -> list[object]:
    """Tags with all their attributes; what a name may leave out is left out."""
    document = Document(html)
    assert document.oddities == []
    return list(document.tags)


@NAMES_AND_PLACES
def test_nothing_the_ehr_says_becomes_markup(renderer: Renderer, text: str) -> None:
    # What is nothing but spaces or signs is no name: its line is left out.
    benign = "Ana" if any(map(str.isalnum, text)) else ""

    for template, language in product(sorted(NAMES), ("en", "es")):
        hostile = composed(renderer, text, template, language).html
        usual = composed(renderer, benign, template, language).html
        assert structure(hostile) == structure(usual), (template, language)


@NAMES_AND_PLACES
def test_a_join_link_that_is_none_is_not_shown(renderer: Renderer, text: str) -> None:
    appointment = replace(APPOINTMENT, join_url=text)
    content = compose(
        renderer, message(), [visit(appointment)], CLINIC, Protection.TLS, LINK
    )

    assert isinstance(content, EmailContent)
    hrefs = Document(content.html).values("href")
    assert {*hrefs} - {LINK, "tel:5550100199"} <= {HOSTILE["url"]}
    assert (HOSTILE["url"] in content.text) == (text == HOSTILE["url"])


@NAMES_AND_PLACES
def test_nothing_the_ehr_says_becomes_a_link(renderer: Renderer, text: str) -> None:
    hostile, benign = composed(renderer, text), composed(renderer, None)

    assert links(hostile.text) == links(benign.text) == [LINK, "555-010-0199"]
    assert links(Document(hostile.html).text) == links(Document(benign.html).text)
    assert set(Document(hostile.html).values("href")) == {LINK, "tel:5550100199"}


@given(text=st.text(max_size=200))
def test_nothing_anyone_can_type_becomes_markup_or_a_link(
    renderer: Renderer, text: str
) -> None:
    content = composed(renderer, text)

    document = Document(content.html)
    assert document.oddities == []
    assert set(document.values("href")) == {LINK, "tel:5550100199"}
    assert links(content.text)[-1] == "555-010-0199"
    assert content.subject == composed(renderer, None).subject


@NAMES_AND_PLACES
def test_the_subject_is_the_clinics_alone(renderer: Renderer, text: str) -> None:
    hostile, benign = composed(renderer, text), composed(renderer, None)

    assert (hostile.subject, hostile.from_name) == (benign.subject, benign.from_name)
    assert Document(hostile.html).preheader == Document(benign.html).preheader


@NAMES_AND_PLACES
def test_a_hostile_message_is_as_long_as_another(renderer: Renderer, text: str) -> None:
    content = composed(renderer, text)

    assert len(content.html) < 12_000
    assert len(content.text) < 2_000


@NAMES_AND_PLACES
def test_the_clinics_own_words_cannot_leave_their_place_either(
    renderer: Renderer, text: str
) -> None:
    clinic = replace(CLINIC, short_name=text, name=text, address=text, phone=text)

    content = composed(renderer, None, clinic=clinic)

    for line in (content.subject, content.from_name):
        assert line.splitlines() in ([], [line])
        assert "=?" not in line
    document = Document(content.html)
    assert document.oddities == []
    assert [tag for tag, _ in document.tags].count("h1") == 1
    assert not [tag for tag, _ in document.tags if tag in ("script", "b", "img")]
    assert all(
        href == LINK or href.strip("tel:+0123456789") == ""
        for href in document.values("href")
    )
