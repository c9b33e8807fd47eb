import pytest
from pydantic import BaseModel, ValidationError

from reminder.ehr.auth import BearerAuth, ClientCredentials, NoAuth
from reminder.ehr.config import EHRConfig


@pytest.mark.parametrize("part", [EHRConfig, NoAuth, BearerAuth, ClientCredentials])
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
