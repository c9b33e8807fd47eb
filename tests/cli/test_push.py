"""What an EHR's administrator is given so that the EHR pushes."""

import json

import pytest
from fhir.resources.R4B.subscription import Subscription

from reminder.cli.errors import Exit
from tests.cli.outside import Clinic

WORD = "hunter-two-of-some-length"


@pytest.fixture
def pushing(clinic: Clinic) -> Clinic:
    (clinic.folder / "push-secret").write_text(WORD)
    (clinic.folder / "push-secret").chmod(0o600)
    clinic.change("burst = 500", 'burst = 500\npush_secret = "file:push-secret"')
    return clinic


def test_it_names_the_endpoint_and_both_kinds_of_subscription(pushing: Clinic) -> None:
    result = pushing.types("push", "sandbox", "--json")

    told = json.loads(result.stdout)
    endpoint = "http://127.0.0.1:8000/ehr/sandbox/notify"
    all_of_them = [*told["criteria"], told["topic"]]
    assert told["endpoint"] == endpoint
    assert {one["channel"]["endpoint"] for one in all_of_them} == {endpoint}
    assert [one["criteria"] for one in all_of_them] == [
        "Appointment?",
        "Patient?",
        "TOPIC_URL",
    ]
    for one in all_of_them:
        Subscription.model_validate(one)


def test_it_never_tells_the_secret(pushing: Clinic) -> None:
    for words in (("push", "sandbox"), ("push", "sandbox", "--json")):
        result = pushing.types(*words)

        assert result.exit_code == 0
        assert "Authorization: Bearer PUSH_SECRET" in result.stdout
        assert WORD not in result.stdout + result.stderr


def test_without_a_secret_it_says_what_to_set(clinic: Clinic) -> None:
    result = clinic.types("push", "sandbox")

    assert result.exit_code == Exit.CONFIGURATION
    assert "push_secret" in result.stderr


def test_an_unknown_connection_is_named_with_those_there_are(clinic: Clinic) -> None:
    result = clinic.types("push", "elsewhere")

    assert result.exit_code == Exit.WRONG_USE
    assert "elsewhere" in result.stderr
    assert "sandbox" in result.stderr
