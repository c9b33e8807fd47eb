from datetime import UTC, datetime

import pytest

from reminder.ehr.reading.contact_points import contact_points
from reminder.model.people import Channel, ContactPoint
from tests.ehr.pretend import fixture

NOW = datetime(2027, 2, 20, 15, tzinfo=UTC)


def found(*telecom: dict, country: str = "US") -> list[tuple[Channel, str]]:
    points = contact_points(list(telecom), now=NOW, country=country)
    return [(point.channel, point.value) for point in points]


def test_the_best_come_first_and_the_unusable_not_at_all() -> None:
    points = found(*fixture("patient-adult")["telecom"])

    assert points == [
        (Channel.SMS, "+12125550103"),
        (Channel.SMS, "+12125550102"),
        (Channel.EMAIL, "Ana.Ruiz@example.org"),
        (Channel.EMAIL, "ana@work.example.org"),
    ]


@pytest.mark.parametrize(
    ("value", "country", "e164"),
    [
        pytest.param("(212) 555-0101", "US", "+12125550101", id="national"),
        pytest.param("tel:+1-212-555-0101", "US", "+12125550101", id="uri"),
        pytest.param("55 5555 0123", "MX", "+525555550123", id="other-country"),
        pytest.param("+1 212 555 0101", "MX", "+12125550101", id="country-in-number"),
        pytest.param("212 555 0101 ext. 5", "US", None, id="extension"),
        pytest.param("800 555 0199", "US", None, id="toll-free"),
        pytest.param("020 7946 0018", "GB", None, id="a-landline-by-its-number"),
        pytest.param("555-0101", "US", None, id="no-area"),
        pytest.param("unknown", "US", None, id="words"),
        pytest.param("1" * 400, "US", None, id="long"),
        pytest.param("", "US", None, id="empty"),
    ],
)
def test_mobile_numbers(value: str, country: str, e164: str | None) -> None:
    point = {"system": "phone", "use": "mobile", "value": value}

    assert found(point, country=country) == ([(Channel.SMS, e164)] if e164 else [])


@pytest.mark.parametrize(
    ("value", "address"),
    [
        pytest.param("Ana@EXAMPLE.org", "Ana@example.org", id="case"),
        pytest.param(" ana@example.org ", "ana@example.org", id="spaces"),
        pytest.param("mailto:ana@example.org", "ana@example.org", id="uri"),
        pytest.param(
            "ana@münchen.example.org", "ana@xn--mnchen-3ya.example.org", id="idn"
        ),
        pytest.param("Ana <ana@example.org>", None, id="display-name"),
        pytest.param("ana@example.org\r\nBcc: eve@example.org", None, id="crlf"),
        pytest.param("ana@example.org,eve@example.org", None, id="two"),
        pytest.param("ana@localhost", None, id="no-dot"),
        pytest.param("añá@example.org", None, id="needs-smtputf8"),
    ],
)
def test_email_addresses(value: str, address: str | None) -> None:
    point = {"system": "email", "value": value}

    assert found(point) == ([(Channel.EMAIL, address)] if address else [])


@pytest.mark.parametrize(
    ("first", "second", "best"),
    [
        pytest.param({"rank": 2}, {"rank": 1}, "second", id="rank"),
        pytest.param({"rank": 9}, {}, "first", id="any-rank-before-none"),
        pytest.param(
            {"use": "work", "rank": 1}, {"use": "mobile"}, "first", id="rank-before-use"
        ),
        pytest.param({"use": "work"}, {"use": "mobile"}, "second", id="mobile"),
        pytest.param({"use": "work"}, {"use": "home"}, "second", id="home"),
        pytest.param({"use": "work"}, {}, "second", id="no-use-before-work"),
        pytest.param({"use": "temp"}, {"use": "home"}, "second", id="temporary"),
        pytest.param({"use": "home"}, {}, "first", id="as-given"),
        pytest.param(
            {"rank": 1, "period": {"start": "2028"}}, {}, "second", id="not-yet"
        ),
        pytest.param({"rank": 1, "period": {"end": "2026"}}, {}, "second", id="ended"),
        pytest.param({"period": {"end": "2027-02-20"}}, {}, "first", id="ends-today"),
    ],
)
def test_which_of_two_numbers_comes_first(first: dict, second: dict, best: str) -> None:
    one = {"system": "sms", "value": "212 555 0101"} | first
    other = {"system": "sms", "value": "212 555 0102"} | second

    points = found(one, other)

    number = "+12125550101" if best == "first" else "+12125550102"
    assert points[0] == (Channel.SMS, number)


def test_a_landline_gets_no_text_and_an_sms_number_needs_no_use() -> None:
    assert found({"system": "phone", "use": "home", "value": "212 555 0101"}) == []
    assert found({"system": "phone", "value": "212 555 0101"}) == []
    assert found({"system": "sms", "value": "212 555 0101"}) == [
        (Channel.SMS, "+12125550101")
    ]


def test_an_old_address_is_left_out() -> None:
    assert found({"system": "email", "use": "old", "value": "ana@example.org"}) == []
    assert found({"system": "sms", "use": "old", "value": "212 555 0101"}) == []


def test_one_address_written_twice_is_one() -> None:
    written = ["212-555-0101", "+1 (212) 555 0101"]

    assert len(found(*({"system": "sms", "value": each} for each in written))) == 1


@pytest.mark.parametrize("telecom", [None, {}, "x", [None, 1, "x", {}, {"system": 3}]])
def test_what_is_no_telecom_has_no_addresses(telecom: object) -> None:
    assert contact_points(telecom, now=NOW, country="US") == ()


def test_printing_an_address_does_not_show_it() -> None:
    assert "0101" not in repr(ContactPoint(Channel.SMS, "+12125550101"))
