"""How much a message says of a visit: the tier of each, and of all the least."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from reminder.messages.compose import Visit, compose
from reminder.messages.render import NAMES, Renderer
from reminder.messages.wording import WITHOUT_DETAILS
from reminder.model.clinics import Clinic
from reminder.model.messages import EmailContent, Protection
from reminder.model.people import ContactPoint
from reminder.model.rulesets import Tier
from tests.messages.reading import Document
from tests.messages.samples import (
    ANA,
    APPOINTMENT,
    CLINIC,
    HERS,
    LEO,
    LINK,
    PARENTS,
    WAS,
    message,
)

TOLD = replace(
    APPOINTMENT,
    practitioner="Dr. Quackenbush",
    instructions="Come at 2:15 PM; bring your card!",
)
ONLINE = replace(TOLD, join_url="https://video.example.org/secretroom")
BASIC = {"Thursday, December 3", "2:30 PM"}
STANDARD = {"Ana", CLINIC.name, "40 Shore Road"}
FULL = {"Dr. Quackenbush", "Come at 2:15 PM; bring your card!"}
DETAILED = pytest.mark.parametrize(
    "template", ["reminder", "booked", "moved", "reminder-late", "moved-late"]
)


def readings(
    renderer: Renderer,
    *visits: Visit,
    template: str = "reminder",
    language: str = "en",
    to: ContactPoint = HERS,
    clinic: Clinic = CLINIC,
    protection: Protection = Protection.TLS,
) -> Iterator[str]:
    """What a reader sees in the text and in the HTML, on one line each."""
    claimed = message(template, language=language, to=to)
    content = compose(renderer, claimed, visits, clinic, protection, LINK)
    assert isinstance(content, EmailContent)
    yield " ".join(content.text.split())
    yield Document(content.html).text


@DETAILED
@pytest.mark.parametrize(
    ("tier", "said"),
    [
        (Tier.BASIC, BASIC),
        (Tier.STANDARD, BASIC | STANDARD),
        (Tier.FULL, BASIC | STANDARD | FULL),
    ],
)
def test_an_email_says_what_the_tier_allows_and_no_more(
    renderer: Renderer, template: str, tier: Tier, said: set[str]
) -> None:
    for reading in readings(renderer, Visit(TOLD, ANA, tier), template=template):
        assert {one for one in BASIC | STANDARD | FULL if one in reading} == said
        assert CLINIC.phone in reading
        assert CLINIC.short_name in reading


@pytest.mark.parametrize(
    ("tier", "joins"), [(Tier.BASIC, False), (Tier.STANDARD, True), (Tier.FULL, True)]
)
def test_a_video_visit_is_joined_from_the_standard_tier_on(
    renderer: Renderer, tier: Tier, joins: bool
) -> None:
    for reading in readings(renderer, Visit(ONLINE, ANA, tier)):
        assert ("ideo" in reading) == joins
        assert "Shore Road" not in reading


@pytest.mark.parametrize("template", sorted(NAMES))
@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("protection", Protection)
def test_the_basic_tier_never_says_whose_where_or_at_what_clinic(
    renderer: Renderer, template: str, language: str, protection: Protection
) -> None:
    clinic = replace(CLINIC, name="Lakeside HIV Services", address="9 Wisteria Lane")
    visits = [Visit(one, ANA, Tier.BASIC, WAS) for one in (TOLD, ONLINE)]

    for reading in readings(
        renderer,
        *visits,
        template=template,
        language=language,
        clinic=clinic,
        protection=protection,
    ):
        for private in ("Ana", "HIV", "Wisteria", "Shore", "secretroom", *FULL):
            assert private not in reading


def test_a_notice_about_visits_nobody_knows_any_more_has_no_long_name(
    renderer: Renderer,
) -> None:
    for reading in readings(renderer, template="reminder"):
        assert CLINIC.name not in reading
        assert CLINIC.phone in reading


@DETAILED
def test_every_visit_of_a_merged_message_keeps_to_its_own_tier(
    renderer: Renderer, template: str
) -> None:
    visits = [Visit(TOLD, LEO, Tier.FULL), Visit(ONLINE, ANA, Tier.BASIC)]

    for reading in readings(renderer, *visits, template=template, to=PARENTS):
        assert reading.count("Thursday, December 3") == 2
        for one in ("Leo", "Dr. Quackenbush", "40 Shore Road"):
            assert reading.count(one) == 1
        assert "Ana" not in reading
        assert "ideo" not in reading


@pytest.mark.parametrize("tiers", [*product(Tier, repeat=2)])
def test_the_heading_has_the_first_name_if_every_visit_allows_it(
    renderer: Renderer, tiers: tuple[Tier, Tier]
) -> None:
    visits = [Visit(TOLD, ANA, tier) for tier in tiers]
    named = Tier.BASIC not in tiers

    for reading in readings(renderer, *visits):
        assert ("Ana, we are expecting you" in reading) == named
        assert ("We are expecting you" in reading) == (not named)
        assert (CLINIC.address in reading) == named
        assert reading.count("Ana") == named


@pytest.mark.parametrize("template", ["moved", "moved-late"])
@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize(
    ("language", "old", "new"),
    [
        (
            "en",
            "Old time: Tuesday, December 1 at 9:00 AM",
            "New time: Thursday, December 3 at 2:30 PM",
        ),
        (
            "es",
            "Hora anterior: martes, 1 de diciembre a las 9:00 a.m.",
            "Nueva hora: jueves, 3 de diciembre a las 2:30 p.m.",
        ),
    ],
)
def test_a_move_names_the_new_time_and_then_the_old_in_every_tier(
    renderer: Renderer, template: str, tier: Tier, language: str, old: str, new: str
) -> None:
    visit = Visit(TOLD, ANA, tier, WAS)

    text, html = readings(renderer, visit, template=template, language=language)

    assert 0 < text.index(new) < text.index(old)
    label, _, time = old.partition(": ")
    assert f"{label} {time}" in html


def test_a_move_from_an_unknown_time_leaves_no_hole(renderer: Renderer) -> None:
    for reading in readings(renderer, Visit(TOLD, ANA), template="moved"):
        assert "New time" in reading
        assert "Old time" not in reading


@pytest.mark.parametrize("template", sorted(NAMES - WITHOUT_DETAILS))
def test_only_the_words_of_a_move_say_the_old_time(
    renderer: Renderer, template: str
) -> None:
    for reading in readings(
        renderer, Visit(TOLD, ANA, Tier.FULL, WAS), template=template
    ):
        assert ("9:00 AM" in reading) == template.startswith("moved")


@pytest.mark.parametrize(
    "template", ["cancelled", "cancelled-late", "missed", "thanks"]
)
def test_what_does_not_take_place_has_its_time_and_nothing_to_do_there(
    renderer: Renderer, template: str
) -> None:
    visit = Visit(ONLINE, ANA, Tier.FULL)

    for reading in readings(renderer, visit, template=template):
        assert all(one in reading for one in BASIC)
        assert not any(one in reading for one in FULL)
        assert "Join" not in reading


@pytest.mark.parametrize(
    ("template", "language", "words"),
    [
        ("cancelled", "en", ["is cancelled", "no need to come", "call us"]),
        ("cancelled", "es", ["queda cancelada", "no hace falta venir", "llámenos"]),
        ("missed", "en", ["sorry we missed you", "a new time", "call us"]),
        ("missed", "es", ["sentimos no haberle visto", "otra hora", "llámenos"]),
        ("thanks", "en", ["thank you for your visit", "if you call"]),
        ("thanks", "es", ["gracias por su visita", "Llámenos"]),
        ("booked", "en", ["your visit is booked", "choose another"]),
        ("booked", "es", ["su cita queda reservada", "elija otra"]),
        ("reminder-late", "en", ["your visit is soon"]),
        ("reminder-late", "es", ["falta poco para su cita"]),
    ],
)
def test_each_message_says_what_it_is_for(
    renderer: Renderer, template: str, language: str, words: list[str]
) -> None:
    visit = Visit(TOLD, ANA)

    for reading in readings(renderer, visit, template=template, language=language):
        assert all(one in reading for one in words)


def test_blame_is_in_no_message(renderer: Renderer) -> None:
    for reading in readings(renderer, Visit(TOLD, ANA), template="missed"):
        for word in ("you missed", "did not come", "no-show", "fail", "fee", "late"):
            assert word not in reading


def test_subjects_differ_by_what_happened(renderer: Renderer) -> None:
    told = [one for one in NAMES if "answer" not in one and "-late" not in one]
    for language in ("en", "es"):
        subjects = {
            renderer.render(
                f"email/{language}/{one}.subject.txt", {"clinic": "Lakeside Clinic"}
            )
            for one in told
        }
        assert len(subjects) == len(told)
        assert all(len(subject) <= 50 for subject in subjects)


def test_full_details_go_in_clear_only_where_that_was_chosen(
    renderer: Renderer,
) -> None:
    plain = readings(renderer, Visit(TOLD, ANA), protection=Protection.PLAIN)
    notice = readings(renderer, Visit(TOLD, ANA), protection=Protection.PICKUP)

    assert all("2:30 PM" in reading for reading in plain)
    assert not any("2:30 PM" in reading for reading in notice)
