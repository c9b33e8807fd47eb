import pytest
from pydantic import BaseModel, ValidationError

from reminder.ehr.config import EHRConfig
from reminder.ehr.profiles import names
from reminder.ehr.wire.auth import (
    BasicAuth,
    BearerAuth,
    ClientCredentials,
    NoAuth,
    SMARTAuth,
)
from tests.ehr import keys

BASE_URL = "https://ehr.example.org/fhir"
KINDS = [NoAuth, BearerAuth, BasicAuth, ClientCredentials, SMARTAuth]


def configured(**given: object) -> EHRConfig:
    return EHRConfig.model_validate({"base_url": BASE_URL} | given)


def smart(**given: object) -> dict[str, object]:
    return {
        "kind": "smart",
        "client_id": "reminder",
        "private_key": keys.private("ES384"),
        **given,
    }


@pytest.mark.parametrize("part", [EHRConfig, *KINDS])
def test_every_field_has_a_sentence(part: type[BaseModel]) -> None:
    silent = [
        name for name, field in part.model_fields.items() if not field.description
    ]

    assert silent == []


@pytest.mark.parametrize(
    "base_url",
    [
        pytest.param("https://ehr.example.org/fhir", id="https"),
        pytest.param("http://127.0.0.1:8090/fhir", id="this-machine"),
        pytest.param("http://localhost:8090/fhir", id="this-machine-by-name"),
        pytest.param("https://10.1.2.3/fhir", id="a-hospital's-private-address"),
    ],
)
def test_these_addresses_are_taken(base_url: str) -> None:
    assert EHRConfig(base_url=base_url).base_url == base_url


@pytest.mark.parametrize(
    "base_url",
    [
        pytest.param("http://ehr.example.org/fhir", id="plain"),
        pytest.param("https://user:word@ehr.example.org/fhir", id="userinfo"),
        pytest.param("https://ehr.example.org/fhir?x=1", id="query"),
        pytest.param("ftp://ehr.example.org", id="scheme"),
        pytest.param("https://169.254.169.254/fhir", id="link-local"),
        pytest.param("https://0.0.0.0/fhir", id="unspecified"),
        pytest.param("https://[fe80::1]/fhir", id="link-local-v6"),
        pytest.param("https://224.0.0.1/fhir", id="multicast"),
        pytest.param("https://metadata.google.internal/fhir", id="metadata"),
        pytest.param("https://[::ffff:169.254.169.254]/fhir", id="mapped-link-local"),
        pytest.param("https://metadata.google.internal./fhir", id="metadata-dot"),
        pytest.param("https://2852039166/fhir", id="decimal"),
        pytest.param("https://0xa9fea9fe/fhir", id="hexadecimal"),
        pytest.param("https://0251.0376.0251.0376/fhir", id="octal"),
        pytest.param("https://169.254.169.254./fhir", id="link-local-dot"),
        pytest.param("http://127.1/fhir", id="short-form"),
        pytest.param("https:///fhir", id="no-host"),
    ],
)
def test_these_addresses_are_refused(base_url: str) -> None:
    with pytest.raises(ValidationError):
        EHRConfig(base_url=base_url)


def test_plain_http_goes_where_it_was_said_to_be_safe() -> None:
    assert EHRConfig(base_url="http://ehr.example.org/fhir", plain_http=True).plain_http


def test_a_slash_at_the_end_makes_no_other_server() -> None:
    assert EHRConfig(base_url="https://ehr.example.org/fhir/").base_url.endswith("fhir")


def test_a_token_endpoint_must_be_private_too() -> None:
    auth = {
        "kind": "client-credentials",
        "client_id": "reminder",
        "client_secret": "hush",
        "token_url": "http://login.example.org/token",
    }

    with pytest.raises(ValidationError):
        EHRConfig.model_validate({"base_url": "https://ehr.example.org", "auth": auth})


def test_a_mistake_is_told_without_the_secret() -> None:
    auth = {"kind": "bearer", "token": "hush-hush", "tokne": "hush-hush"}

    with pytest.raises(ValidationError) as error:
        EHRConfig.model_validate({"base_url": "https://ehr.example.org", "auth": auth})

    assert "tokne" in str(error.value)
    assert "hush-hush" not in str(error.value)


def test_printing_a_configuration_shows_no_secret() -> None:
    auth = {"kind": "bearer", "token": "hush-hush"}
    config = EHRConfig.model_validate(
        {"base_url": "https://ehr.example.org", "auth": auth}
    )

    assert "hush-hush" not in repr(config)


@pytest.mark.parametrize(
    ("auth", "problem"),
    [
        pytest.param(smart(private_key="hush-hush"), "no key in PEM", id="no-key"),
        pytest.param(
            smart(private_key=keys.other("p-256")), "EC key on P-384", id="other-curve"
        ),
        pytest.param(
            smart(private_key=keys.other("rsa-1024")), "2048 bits", id="short"
        ),
        pytest.param(
            smart(private_key=keys.public(keys.private("RS384"))),
            "the private one signs",
            id="public",
        ),
        pytest.param(
            smart(private_key=keys.encrypted()), "without a passphrase", id="encrypted"
        ),
        pytest.param(
            smart(published_keys=["hush-hush"]), "no key in PEM", id="published"
        ),
        pytest.param(smart(scopes=["a b"]), "scopes", id="two-scopes-in-one"),
        pytest.param(
            smart(token_url="http://login.example.org/t"),  # noqa: S106 - no secret
            "token_url",
            id="plain",
        ),
        pytest.param({"kind": "basic", "user": "a:b", "password": "x"}, "user", id=":"),
        pytest.param(
            {"kind": "basic", "user": "a", "password": "x\r\ny"}, "header", id="break"
        ),
        pytest.param({"kind": "bearer", "token": "x\ny"}, "header", id="token-break"),
    ],
)
def test_a_credential_that_cannot_work_is_refused(auth: dict, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem) as error:
        configured(auth=auth)

    assert "hush" not in str(error.value)
    assert "PRIVATE" not in str(error.value)


def test_a_user_and_a_password_are_kept_to_ourselves() -> None:
    auth = {"kind": "basic", "user": "emp$reminder", "password": "hush-hush"}

    assert "hush-hush" not in repr(configured(auth=auth))


@pytest.mark.parametrize("name", names())
def test_the_make_of_the_ehr_fills_what_is_not_set(name: str) -> None:
    roster = ["Practitioner/17"]

    filled = configured(profile=name, roster=roster, page_size=7)

    assert (filled.profile, filled.page_size) == (name, 7)


def test_what_suits_a_make_is_its_default() -> None:
    assert configured(profile="epic").actors_per_request == 1
    assert configured(profile="epic", actors_per_request=3).actors_per_request == 3


def test_an_unknown_make_is_answered_with_those_there_are() -> None:
    with pytest.raises(ValidationError, match=r"there are: epic, "):
        configured(profile="epik")


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"roster": ["Practitioner/17", "Practitioner/x-1"]}, id="doctors"),
        pytest.param({"roster": ["Location/" + "a" * 88]}, id="long-id"),
        pytest.param(
            {"roster": ["Practitioner/1", "Location/2"], "roster_parameter": "actor"},
            id="mixed-by-actor",
        ),
        pytest.param(
            {"roster": ["Location/2"], "roster_parameter": "location"}, id="rooms"
        ),
    ],
)
def test_these_rosters_can_be_asked_for(given: dict) -> None:
    assert configured(search_plan="by-roster", **given).roster


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        pytest.param({}, "by-roster needs a roster", id="none"),
        pytest.param({"roster": ["17"]}, "Practitioner/17", id="bare-id"),
        pytest.param({"roster": ["Patient/17"]}, "Practitioner/17", id="patient"),
        pytest.param({"roster": ["Location/1,2"]}, "Practitioner/17", id="two-in-one"),
        pytest.param({"roster": ["Location/1&x=2"]}, "Practitioner/17", id="query"),
        pytest.param({"roster": ["Location/"]}, "Practitioner/17", id="no-id"),
        pytest.param(
            {"roster": ["Practitioner/1", "Location/2"]},
            "all are of one type",
            id="mix",
        ),
        pytest.param(
            {"roster": ["Location/2"], "roster_parameter": "practitioner"},
            "practitioner finds Practitioner references only",
            id="other-type",
        ),
    ],
)
def test_these_cannot(given: dict, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        configured(search_plan="by-roster", **given)


def test_by_patient_needs_no_list() -> None:
    assert configured(search_plan="by-patient").patients_file is None


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        pytest.param({"site_zone": "Eastern"}, "IANA", id="zone"),
        pytest.param({"client_certificate": "c.pem"}, "belong together", id="no-key"),
        pytest.param({"client_key": "x"}, "belong together", id="no-certificate"),
        pytest.param({"client_key_password": "x"}, "for a client_key", id="no-lock"),
        pytest.param({"proxy_user": "x"}, "belong together", id="no-password"),
        pytest.param(
            {"proxy_user": "x", "proxy_password": "y"}, "for a proxy", id="no-proxy"
        ),
        pytest.param({"proxy": "socks5://proxy:1080"}, "https://", id="socks"),
        pytest.param({"proxy": "http://proxy:3128/pac"}, "its port", id="proxy-path"),
        pytest.param({"proxy": "http://u:p@proxy:3128"}, "user name", id="in-the-url"),
        pytest.param({"proxy": "http://169.254.169.254"}, "link-local", id="metadata"),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        configured(**given)


def test_a_zone_is_named_as_iana_does() -> None:
    assert configured(site_zone="America/New_York").site_zone == "America/New_York"
