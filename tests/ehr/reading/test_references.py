import pytest

from reminder.ehr.reading.references import Target, Unusable, is_id, resolve

BASE = "https://ehr.example.org/fhir"
ANA = Target("Patient", "ana")


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        pytest.param({"reference": "Patient/ana"}, ANA, id="relative"),
        pytest.param({"reference": f"{BASE}/Patient/ana"}, ANA, id="absolute"),
        pytest.param({"reference": "Patient/ana/_history/3"}, ANA, id="versioned"),
        pytest.param(
            {"reference": "http://ehr.example.org/fhir/Patient/ana"},
            ANA,
            id="same-server-behind-a-proxy-that-ends-tls",
        ),
        pytest.param(
            {"reference": "https://EHR.example.org:443/fhir/Patient/ana/_history/1"},
            ANA,
            id="the-usual-port-spelled-out",
        ),
        pytest.param(
            {"reference": "HTTP://ehr.example.org:80/fhir/Patient/ana"},
            ANA,
            id="the-usual-port-of-http",
        ),
        pytest.param(
            {"reference": "https://ehr.example.org:8443/fhir/Patient/ana"},
            Unusable("foreign-reference", "Patient"),
            id="another-port",
        ),
        pytest.param(
            {"reference": "https://ehr.example.org@evil.example/fhir/Patient/ana"},
            Unusable("reference-malformed", "Patient"),
            id="another-host-in-disguise",
        ),
        pytest.param(
            {"reference": "Patient/" + "e" * 88}, Target("Patient", "e" * 88), id="long"
        ),
        pytest.param(
            {"reference": "Patient/a_b~c"}, Target("Patient", "a_b~c"), id="odd"
        ),
        pytest.param(
            {"reference": "https://other.example.org/fhir/Patient/ana"},
            Unusable("foreign-reference", "Patient"),
            id="foreign",
        ),
        pytest.param(
            {"reference": "https://ehr.example.org/fhirPatient/ana"},
            Unusable("foreign-reference", None),
            id="another-base",
        ),
        pytest.param(
            {"reference": "urn:uuid:0b2c"}, Unusable("foreign-reference"), id="urn"
        ),
        pytest.param(
            {"reference": "#p"}, Unusable("contained-reference"), id="contained"
        ),
        pytest.param(
            {"identifier": {"value": "7"}, "type": "Patient"},
            Unusable("logical-reference", "Patient"),
            id="logical",
        ),
        pytest.param({"display": "Ana"}, Unusable("reference-missing"), id="display"),
        pytest.param(
            {"reference": "Patient/.."},
            Unusable("reference-malformed", "Patient"),
            id="up",
        ),
        pytest.param({"reference": "ana"}, Unusable("reference-malformed"), id="bare"),
        pytest.param(None, Unusable("reference-missing"), id="none"),
    ],
)
def test_where_references_lead(reference: object, found: Target | Unusable) -> None:
    assert resolve(reference, BASE) == found


@pytest.mark.parametrize(
    "base", ["https://ehr.example.org:443/r4", "http://EHR.example.org/r4"]
)
def test_a_base_url_may_spell_out_what_references_do_not(base: str) -> None:
    literal = "https://ehr.example.org/r4/Patient/ana"

    assert resolve({"reference": literal}, base) == ANA


def test_a_urn_leads_to_the_entry_that_bears_it() -> None:
    urns = {"urn:uuid:0b2c": ANA}

    assert resolve({"reference": "urn:uuid:0B2C"}, BASE, urns) == ANA
    assert resolve({"reference": "urn:uuid:77"}, BASE, urns) == Unusable(
        "foreign-reference"
    )


@pytest.mark.parametrize(
    "value", ["", ".", "..", "a/b", "a,b", "a b", "a\n", "é", None, 7]
)
def test_no_id_leaves_its_place_in_a_path_or_a_list(value: object) -> None:
    assert not is_id(value)
