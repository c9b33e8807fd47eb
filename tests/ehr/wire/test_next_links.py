import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.ehr.wire.next_links import LinkRefused, address, with_plus_kept

BASE = httpx.URL("https://ehr.example.org/fhir")
SEEN_AT = httpx.URL("https://ehr.example.org/fhir/Appointment?date=ge2027-03-01")


def followed(link: str, base: httpx.URL = BASE, seen_at: httpx.URL = SEEN_AT) -> str:
    return str(address(link, seen_at=seen_at, base=base, about="GET Appointment"))


@pytest.mark.parametrize(
    ("link", "url"),
    [
        pytest.param("https://ehr.example.org/fhir?p=2", "?p=2", id="the-base"),
        pytest.param(
            "http://ehr.example.org/fhir/Appointment?p=2", "/Appointment?p=2", id="http"
        ),
        pytest.param(
            "https://ehr.example.org:443/fhir?p=2", "?p=2", id="the-port-spelled-out"
        ),
        pytest.param(
            "https://ehr.example.org:443:443/fhir?p=2", "?p=2", id="twice-the-port"
        ),
        pytest.param(
            "http://ehr.example.org:8080/fhir?p=2", "?p=2", id="the-port-behind"
        ),
        pytest.param("HTTPS://EHR.Example.org/fhir?p=2", "?p=2", id="capitals"),
        pytest.param("?p=2", "/Appointment?p=2", id="only-a-query"),
        pytest.param("Appointment?p=2", "/Appointment?p=2", id="relative"),
        pytest.param("/fhir/Appointment?p=2", "/Appointment?p=2", id="from-the-root"),
        pytest.param("//ehr.example.org/fhir?p=2", "?p=2", id="no-scheme"),
        pytest.param(
            "?self=http://other.example.org/a",
            "/Appointment?self=http://other.example.org/a",
            id="an-address-in-the-query",
        ),
        pytest.param(
            "http://ehr.example.org/fhir?self=http://other.example.org:80/a",
            "?self=http://other.example.org:80/a",
            id="an-address-in-a-rewritten-query",
        ),
    ],
)
def test_a_link_of_the_same_host_is_followed_where_we_are(link: str, url: str) -> None:
    assert followed(link) == f"{BASE}{url}"


def test_a_relative_link_counts_from_the_base_however_deep_we_are() -> None:
    at_base = httpx.URL(f"{BASE}?_getpages=7")

    assert followed("Appointment?p=3", seen_at=at_base) == f"{BASE}/Appointment?p=3"


@pytest.mark.parametrize(
    ("base", "link"),
    [
        pytest.param(
            "https://ehr.example.org:8443/fhir",
            "https://ehr.example.org/fhir?p=2",
            id="port-lost",
        ),
        pytest.param(
            "https://[2001:db8::7]:8443/fhir",
            "http://[2001:db8::7]:8080/fhir?p=2",
            id="ipv6",
        ),
        pytest.param(
            "http://127.0.0.1:8090/fhir", "https://127.0.0.1/fhir?p=2", id="plain"
        ),
    ],
)
def test_our_own_port_is_kept(base: str, link: str) -> None:
    at = httpx.URL(base)

    assert followed(link, at, at) == f"{base}?p=2"


@pytest.mark.parametrize(
    ("link", "why"),
    [
        pytest.param("https://evil.example.org/fhir", "another server", id="host"),
        pytest.param(
            "https://ehr.example.org.evil.org/fhir", "another server", id="suffix"
        ),
        pytest.param("https://ehr@evil.org/fhir", "another server", id="userinfo"),
        pytest.param("https://x@ehr.example.org/fhir", "another server", id="as-x"),
        pytest.param("http://localhost:8090/fhir", "another server", id="localhost"),
        pytest.param("//evil.example.org/fhir", "another server", id="no-scheme"),
        pytest.param("file:///etc/passwd", "another server", id="file"),
        pytest.param("https://ehr.example.org/hapi?p=2", "outside", id="path"),
        pytest.param("https://ehr.example.org?p=2", "outside", id="no-path"),
        pytest.param("https://ehr.example.org/fhir/../x", "outside", id="climbs"),
        pytest.param("https://ehr.example.org/fhir/%2e%2e/x", "outside", id="encoded"),
        pytest.param("https://ehr.example.org:port/fhir", "no URL", id="no-port"),
        pytest.param("https://[::1/fhir", "no URL", id="half-a-bracket"),
        pytest.param("/fhir/\x00", "no URL", id="nul"),
    ],
)
def test_any_other_link_is_refused_with_what_can_be_done(link: str, why: str) -> None:
    with pytest.raises(LinkRefused, match=why) as error:
        followed(link)

    assert str(error.value).startswith("GET Appointment: next link ")
    assert "evil" not in str(error.value)


@given(
    st.text(alphabet="hHtTpPsS:/?#@[]%.+-abcexmplorg0123456789 \\\t", max_size=40)
    | st.from_regex(r"https?://[a-z@:\[\]0-9.]{0,12}/fhir[/?#.a-z]{0,6}")
)
def test_whatever_the_link_nothing_goes_to_another_origin(link: str) -> None:
    try:
        url = httpx.URL(followed(link))
    except LinkRefused:
        return
    assert (url.scheme, url.host, url.port) == ("https", "ehr.example.org", None)
    assert not url.userinfo
    assert url.path == "/fhir" or url.path.startswith("/fhir/")


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        pytest.param(
            "date=ge2027-03-01T00:00:00+02:00",
            "date=ge2027-03-01T00:00:00%2B02:00",
            id="an-offset",
        ),
        pytest.param("p=2", None, id="no-plus"),
        pytest.param("a=%2B", None, id="already"),
    ],
)
def test_a_raw_plus_can_be_spelled_out(query: str, kept: str | None) -> None:
    found = with_plus_kept(httpx.URL(f"{BASE}?{query}"))

    assert (None if found is None else found.query.decode()) == kept
