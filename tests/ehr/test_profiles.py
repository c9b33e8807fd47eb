import re
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest

from reminder.ehr.config import EHRConfig
from reminder.ehr.profiles import (
    Profile,
    UnknownProfile,
    defaults,
    names,
    profile,
    profiles,
    recognise,
)

TOP = Path(__file__).parents[2]
EVERY = pytest.mark.parametrize("each", profiles(), ids=lambda each: each.name)


def test_the_makes_most_clinics_have_are_known() -> None:
    assert set(names()) >= {
        *("epic", "oracle-health", "athenahealth", "meditech", "medplum"),
        *("hapi", "azure", "google", "openemr"),
    }


@EVERY
def test_what_a_profile_sets_is_a_setting_with_a_value_it_may_have(
    each: Profile,
) -> None:
    config = EHRConfig.model_validate(
        {
            "base_url": "https://ehr.example.org/fhir",
            "profile": each.name,
            "roster": ["Location/1"],
        }
    )

    assert {name: getattr(config, name) for name in each.defaults} == each.defaults


@EVERY
def test_a_profile_never_sets_where_the_ehr_is_or_who_we_are(each: Profile) -> None:
    own = {"base_url", "auth", "headers", "client_key", "client_certificate"}

    assert not own & each.defaults.keys()
    assert {"plain_http", "ca_bundle", "proxy"}.isdisjoint(each.defaults)


@EVERY
def test_every_limit_is_a_sentence_with_its_source_and_its_day(each: Profile) -> None:
    assert each.limit
    for limit in (*each.limit, *each.header):
        assert limit.says.endswith(".")
        assert limit.source.strip()
        assert date(2026, 1, 1) <= limit.as_of <= date(2026, 12, 31)


@EVERY
def test_what_is_only_general_knowledge_is_not_called_certain(each: Profile) -> None:
    for limit in (*each.limit, *each.header):
        assert not (limit.certain and "general knowledge" in limit.source)


def test_names_can_stand_in_the_settings_and_mean_one_profile_each() -> None:
    every = [*names(), *(alias for each in profiles() for alias in each.aliases)]

    assert len(every) == len(set(every))
    assert all(re.fullmatch("[a-z0-9-]{1,40}", name) for name in every)


def test_an_older_name_still_finds_its_profile() -> None:
    assert profile("cerner") == profile("oracle-health")


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownProfile, match="epic, oracle-health"):
        defaults("epik")


def test_changing_what_was_given_changes_nothing_for_the_next() -> None:
    defaults("epic")["search_plan"] = "by-date"

    assert defaults("epic")["search_plan"] == "by-patient"


@pytest.mark.parametrize(
    ("statement", "base_url", "name"),
    [
        pytest.param(
            {"software": {"name": "HAPI FHIR Server"}},
            "https://ehr.example.org/fhir",
            "hapi",
            id="software",
        ),
        pytest.param(
            {"publisher": "Oracle Health"},
            "https://ehr.example.org/fhir",
            "oracle-health",
            id="publisher",
        ),
        pytest.param(
            {},
            "https://ehr.example.org/Interconnect-PRD/api/FHIR/R4/",
            "epic",
            id="path",
        ),
        pytest.param(
            {},
            "https://north.fhir.azurehealthcareapis.com",
            "azure",
            id="host-without-path",
        ),
        pytest.param(
            {"software": {"name": "HAPI FHIR Server"}},
            "https://api.platform.athenahealth.com/fhir/r4",
            "hapi",
            id="what-it-says-before-where-it-is",
        ),
        pytest.param(
            {"software": {"name": "Homegrown 3"}},
            "https://ehr.example.org/fhir",
            None,
            id="nobody-we-know",
        ),
        pytest.param(
            {"software": {"name": ["epic"]}, "publisher": {"epic": 1}},
            "https://ehr.example.org/fhir",
            None,
            id="not-even-words",
        ),
        pytest.param(
            {},
            "https://ehr.example.org/x.athenahealth.com/fhir",
            None,
            id="only-looks-like-one",
        ),
        pytest.param(
            {"publisher": "Epicure Software"},
            "https://ehr.example.org/fhir",
            None,
            id="only-begins-like-one",
        ),
    ],
)
def test_a_make_is_recognised_by_its_statement_then_by_its_address(
    statement: dict, base_url: str, name: str | None
) -> None:
    found = recognise(statement, base_url)

    assert (found.name if found else None) == name


def test_the_profiles_travel_with_the_package(tmp_path: Path) -> None:
    subprocess.run(  # noqa: S603 - our own words only
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=TOP,
        check=True,
        capture_output=True,
    )

    (wheel,) = tmp_path.glob("*.whl")
    assert "reminder/ehr/profiles.toml" in zipfile.ZipFile(wheel).namelist()
