# ruff: noqa: RUF001 - names are typeset
"""Text messages that name the visit, by the patient's recorded choice."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.messages.compose import Visit, compose
from reminder.messages.lint import LONGEST_LINK
from reminder.messages.render import NAMES, Renderer
from reminder.messages.segments import is_gsm7, segments
from reminder.messages.wording import WITH_TEXT_DETAILS
from reminder.model.clinics import Clinic
from reminder.model.messages import Protection, SMSContent
from reminder.model.people import Channel, ContactPoint
from reminder.model.rulesets import Tier
from tests.messages.hostile import HOSTILE
from tests.messages.reading import links
from tests.messages.samples import (
    ANA,
    APPOINTMENT,
    CLINIC,
    LEO,
    LINK,
    MIA,
    PHONE,
    WAS,
    message,
)

THEIRS = ContactPoint(Channel.SMS, "+15550100143")
DETAILED = pytest.mark.parametrize("template", sorted(WITH_TEXT_DETAILS))
LANGUAGES = pytest.mark.parametrize("language", ["en", "es"])
STOP = {"en": "Reply STOP to stop", "es": "Responda STOP para no recibir avisos"}


def sms(
    renderer: Renderer,
    template: str = "reminder",
    visits: Sequence[Visit] = (Visit(APPOINTMENT, ANA),),
    *,
    language: str = "en",
    to: ContactPoint = PHONE,
    clinic: Clinic = CLINIC,
    protection: Protection = Protection.PLAIN,
    link: str = LINK,
) -> SMSContent:
    claimed = message(template, to=to, language=language)
    content = compose(renderer, claimed, visits, clinic, protection, link)
    assert isinstance(content, SMSContent)
    return content


def first_line(content: SMSContent) -> str:
    return content.text.split("\n")[0]


@pytest.mark.parametrize(
    ("template", "language", "words"),
    [
        ("reminder", "en", "Ana, your visit is on Thu Dec 3 at 2:30 PM"),
        ("booked", "en", "Ana, your visit is booked for Thu Dec 3 at 2:30 PM"),
        (
            "moved",
            "en",
            "Ana, new time: Thu Dec 3 at 2:30 PM, not Tue Dec 1 at 9:00 AM",
        ),
        ("cancelled", "en", "Ana, your visit on Thu Dec 3 at 2:30 PM is cancelled"),
        ("reminder", "es", "Ana, su cita es el jue 3 dic, 2:30 p.m."),
        ("booked", "es", "Ana, cita reservada: jue 3 dic, 2:30 p.m."),
        (
            "moved",
            "es",
            "Ana, nueva hora: jue 3 dic, 2:30 p.m. (antes mar 1 dic, 9:00 a.m.)",
        ),
        ("cancelled", "es", "Ana, cita cancelada: jue 3 dic, 2:30 p.m."),
    ],
)
def test_whoever_chose_it_reads_who_and_when(
    renderer: Renderer, template: str, language: str, words: str
) -> None:
    visit = Visit(APPOINTMENT, ANA, Tier.STANDARD, WAS)

    content = sms(renderer, template, [visit], language=language)

    assert content.text == f"Lakeside Clinic: {words}\n{LINK}\n{STOP[language]}"
    assert content.segments == (2 if (template, language) == ("moved", "es") else 1)


@DETAILED
@LANGUAGES
def test_the_full_tier_adds_with_whom_and_the_standard_one_does_not(
    renderer: Renderer, template: str, language: str
) -> None:
    full, standard = (
        sms(renderer, template, [Visit(APPOINTMENT, ANA, tier)], language=language).text
        for tier in (Tier.FULL, Tier.STANDARD)
    )

    assert "Dr. Maya Patel" in full
    assert "Patel" not in standard
    assert "Shore Road" not in full


@DETAILED
@LANGUAGES
@pytest.mark.parametrize(
    ("protection", "tiers"),
    [
        pytest.param(Protection.PICKUP, [Tier.FULL], id="nobody-chose-it"),
        pytest.param(Protection.TLS, [Tier.FULL], id="not-plain"),
        pytest.param(Protection.PLAIN, [Tier.BASIC], id="basic"),
        pytest.param(Protection.PLAIN, [Tier.FULL, Tier.BASIC], id="one-is-basic"),
        pytest.param(Protection.PLAIN, [], id="visits-unknown-by-now"),
    ],
)
def test_without_choice_or_tier_it_is_the_notice(
    renderer: Renderer,
    template: str,
    language: str,
    protection: Protection,
    tiers: list[Tier],
) -> None:
    visits = [Visit(APPOINTMENT, ANA, tier, WAS) for tier in tiers]

    content = sms(renderer, template, visits, language=language, protection=protection)

    assert content == sms(
        renderer, template, language=language, protection=Protection.TLS
    )
    assert not any(word in content.text for word in ("Ana", "2:30", "Dec", "dic"))


@pytest.mark.parametrize("template", sorted(NAMES - WITH_TEXT_DETAILS))
def test_a_message_without_such_words_is_the_notice_too(
    renderer: Renderer, template: str
) -> None:
    assert "Ana" not in sms(renderer, template).text


def test_siblings_have_a_line_each_with_the_earlier_first(renderer: Renderer) -> None:
    later = replace(APPOINTMENT, start_at=APPOINTMENT.start_at + timedelta(minutes=30))
    visits = [Visit(later, MIA), Visit(APPOINTMENT, LEO, Tier.FULL, WAS)]

    content = sms(renderer, "moved", visits, to=THEIRS)

    assert content.text.split("\n")[:3] == [
        "Lakeside Clinic: new time",
        "Leo: Thu Dec 3 at 2:30 PM, Dr. Maya Patel (was Tue Dec 1 at 9:00 AM)",
        "Mia: Thu Dec 3 at 3:00 PM",
    ]
    assert content.segments == 2


def test_a_guardian_is_not_called_by_the_childs_name(renderer: Renderer) -> None:
    content = sms(renderer, visits=[Visit(APPOINTMENT, LEO)], to=THEIRS)

    assert content.text.split("\n")[1] == "Leo: Thu Dec 3 at 2:30 PM"


def test_more_visits_than_two_segments_hold_are_a_notice(renderer: Renderer) -> None:
    visits = [
        Visit(replace(APPOINTMENT, start_at=APPOINTMENT.start_at + hours), LEO)
        for hours in (timedelta(hours=n) for n in range(9))
    ]

    content = sms(renderer, visits=visits, to=THEIRS)

    assert content.segments == 1
    assert "Leo" not in content.text


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        ("José María", "José Maria"),
        ("Núñez", "Nuñez"),
        ("Nguyễn", "Nguyen"),
        ("O’Brien", "O'Brien"),
        ("Kahaʻi", "Kaha'i"),
        ("Łukasz", ""),
        ("李小龍", ""),
        ("Ana 李", ""),
        ("", ""),
    ],
)
def test_a_name_loses_an_accent_at_most_or_is_left_out(
    renderer: Renderer, given: str, spelled: str
) -> None:
    content = sms(renderer, visits=[Visit(APPOINTMENT, replace(ANA, given=given))])

    name = f"{spelled}, " if spelled else ""
    assert first_line(content) == (
        f"Lakeside Clinic: {name}your visit is on Thu Dec 3 at 2:30 PM"
    )
    assert is_gsm7(content.text)


def test_a_saturday_in_spanish_costs_no_second_segment(renderer: Renderer) -> None:
    saturday = replace(APPOINTMENT, start_at=APPOINTMENT.start_at + timedelta(days=2))

    content = sms(renderer, visits=[Visit(saturday, ANA)], language="es")

    assert "sab 5 dic" in content.text
    assert content.segments == 1


LONG_NAMES = [
    ("Ana", "Dr. Maya Patel"),
    ("Maximiliano", "Dra. Guadalupe Hernández-Villanueva"),
    ("Alexandria-Josephine", "Dr. Bartholomew Featherstonehaugh, MD, FACP"),
    ("Krishnamoorthy Venkataraman", "Siobhán Ní Mhaoldomhnaigh, Nurse Practitioner"),
]


@DETAILED
@LANGUAGES
@pytest.mark.parametrize(("given", "practitioner"), LONG_NAMES)
@pytest.mark.parametrize("tier", [Tier.STANDARD, Tier.FULL])
def test_long_names_take_two_segments_at_the_most(
    renderer: Renderer,
    template: str,
    language: str,
    given: str,
    practitioner: str,
    tier: Tier,
) -> None:
    appointment = replace(APPOINTMENT, practitioner=practitioner)
    visit = Visit(appointment, replace(ANA, given=given), tier, WAS)
    clinic = replace(CLINIC, short_name="Springfield Family and Children's Health")

    for link in (LINK, LONGEST_LINK):
        content = sms(
            renderer, template, [visit], language=language, clinic=clinic, link=link
        )

        assert content.segments == segments(content.text) <= 2
        assert given.split()[0] in content.text
        assert content.text.startswith("Springfield")
        assert content.text.endswith(f"\n{link}\n{STOP[language]}")


def test_the_sender_gives_way_before_a_second_segment(renderer: Renderer) -> None:
    content = sms(renderer, "booked", [Visit(APPOINTMENT, ANA, Tier.FULL)])

    assert content.segments == 1
    assert content.text.startswith("Lakeside: Ana, ")


@given(given=st.text(max_size=90), practitioner=st.text(max_size=90), data=st.data())
def test_whatever_people_are_called_it_is_gsm7_in_two_segments_with_link_and_stop(
    renderer: Renderer, given: str, practitioner: str, data: st.DataObject
) -> None:
    template = data.draw(st.sampled_from(sorted(WITH_TEXT_DETAILS)))
    language = data.draw(st.sampled_from(["en", "es"]))
    appointment = replace(APPOINTMENT, practitioner=practitioner)
    visit = Visit(appointment, replace(ANA, given=given), Tier.FULL, WAS)

    content = sms(renderer, template, [visit], language=language)

    assert is_gsm7(content.text)
    assert content.segments <= 2
    assert content.text.endswith(f"\n{LINK}\n{STOP[language]}")
    assert "2:30" in content.text


@DETAILED
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nothing_the_ehr_says_becomes_a_line_or_a_link(
    renderer: Renderer, template: str, text: str
) -> None:
    place = replace(APPOINTMENT.place, name=text, address=text)
    hostile = replace(
        APPOINTMENT, practitioner=text, place=place, instructions=text, join_url=text
    )
    visit = Visit(hostile, replace(ANA, given=text, family=text), Tier.FULL, WAS)

    content = sms(renderer, template, [visit])

    assert links(content.text) == [LINK]
    assert content.text.count("\n") == 2
    assert content.segments <= 2


def test_content_does_not_show_in_a_repr(renderer: Renderer) -> None:
    visit = Visit(APPOINTMENT, replace(ANA, given="Zebulon"))

    content = sms(renderer, visits=[visit])

    assert "Zebulon" in content.text
    assert "Zebulon" not in repr(content)
