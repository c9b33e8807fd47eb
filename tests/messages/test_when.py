from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from reminder.messages.when import (
    long_date,
    long_date_time,
    short_date_time,
    text_direction,
    time_of_day,
    upper_first,
    zone_name,
)
from tests.messages.samples import CHICAGO, START

SUMMER = datetime(2026, 7, 15, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        pytest.param("en", "Thursday, December 3 at 2:30 PM", id="en"),
        pytest.param("en-GB", "Thursday, December 3 at 2:30 PM", id="en-GB"),
        pytest.param("es", "jueves, 3 de diciembre a las 2:30 p.m.", id="es"),
        pytest.param("es-PR", "jueves, 3 de diciembre a las 2:30 p.m.", id="es-PR"),
        pytest.param("fr", "jeudi 3 décembre 2026, 14:30", id="another"),
    ],
)
def test_a_date_and_time_as_people_say_it(language: str, expected: str) -> None:
    assert long_date_time(START, CHICAGO, language) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        pytest.param("en-GB", "Thu Dec 3 at 2:30 PM", id="en"),
        pytest.param("es-MX", "jue 3 dic, 2:30 p.m.", id="es"),
        pytest.param("fr", "jeudi 3 décembre 2026, 14:30", id="another"),
    ],
)
def test_a_date_and_time_for_a_text_message(language: str, expected: str) -> None:
    assert short_date_time(START, CHICAGO, language) == expected


def test_one_oclock_is_singular_in_spanish() -> None:
    at_one = datetime(2026, 12, 3, 19, 15, tzinfo=UTC)
    at_night = datetime(2026, 12, 3, 7, 0, tzinfo=UTC)

    assert long_date_time(at_one, CHICAGO, "es").endswith("a la 1:15 p.m.")
    assert long_date_time(at_night, CHICAGO, "es").endswith("a la 1:00 a.m.")


def test_the_day_is_the_clinics_not_londons() -> None:
    late = datetime(2026, 12, 4, 4, 0, tzinfo=UTC)

    assert long_date(late, CHICAGO, "en") == "Thursday, December 3"
    assert time_of_day(late, CHICAGO, "en") == "10:00 PM"


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        pytest.param(datetime(2026, 3, 8, 7, 59, tzinfo=UTC), "1:59 AM", id="before"),
        pytest.param(datetime(2026, 3, 8, 8, 0, tzinfo=UTC), "3:00 AM", id="after"),
    ],
)
def test_the_hour_that_is_skipped_in_spring_is_never_printed(
    instant: datetime, expected: str
) -> None:
    assert time_of_day(instant, CHICAGO, "en") == expected


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_space_is_a_plain_one(language: str) -> None:
    text = "".join(
        say(START, CHICAGO, language)
        for say in (long_date_time, short_date_time, zone_name)
    )

    assert {char for char in text if char.isspace()} == {" "}


@pytest.mark.parametrize(
    ("key", "english", "spanish"),
    [
        pytest.param("America/Chicago", "Central Time", "hora central", id="central"),
        pytest.param("America/New_York", "Eastern Time", "hora oriental", id="eastern"),
        pytest.param(
            "America/Indiana/Indianapolis",
            "Eastern Time",
            "hora oriental",
            id="a-zone-babel-knows-by-its-former-name",
        ),
        pytest.param(
            "America/Phoenix",
            "Mountain Standard Time",
            "hora estándar de las Montañas Rocosas",
            id="a-zone-that-never-changes-its-clocks",
        ),
        pytest.param(
            "UTC", "Coordinated Universal Time", "hora universal coordinada", id="utc"
        ),
    ],
)
def test_a_zone_has_the_name_people_use(key: str, english: str, spanish: str) -> None:
    for instant in (START, SUMMER):
        assert zone_name(instant, ZoneInfo(key), "en") == english
        assert zone_name(instant, ZoneInfo(key), "es") == spanish


def test_an_instant_without_a_zone_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="zone"):
        long_date(datetime(2026, 12, 3), CHICAGO, "en")  # noqa: DTZ001


def test_directions() -> None:
    assert text_direction("en") == text_direction("es") == "ltr"
    assert text_direction("ar") == "rtl"


def test_only_the_first_letter_is_raised() -> None:
    assert upper_first("jueves, 3 de diciembre") == "Jueves, 3 de diciembre"
    assert upper_first("") == ""
