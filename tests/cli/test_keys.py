import json
import stat
from pathlib import Path

import pytest

from reminder.ehr.wire.jwks import read_key
from tests.cli.outside import Clinic, typed
from tests.ehr import keys

PRIVATE = {"d", "p", "q", "dp", "dq", "qi"}


def smart(clinic: Clinic, **more: str) -> None:
    """Have the clinic sign in with a key; what is written is read from files."""
    for name, pem in {"signing.pem": keys.private("ES384"), **more}.items():
        (clinic.file.parent / name).write_text(pem)
    published = ", ".join(f'"file:{name}"' for name in more)
    clinic.change(
        'name = "sandbox"',
        'name = "sandbox"\nauth = { kind = "smart", client_id = "reminder", '
        f'private_key = "file:signing.pem", published_keys = [{published}] }}',
    )


@pytest.mark.parametrize("alg", ["RS384", "ES384"])
def test_a_new_key_is_for_its_owner_alone(tmp_path: Path, alg: str) -> None:
    file = tmp_path / "ehr-key.pem"

    result = typed("keys", "new", str(file), "--alg", alg)

    key = read_key(file.read_text())
    assert result.exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (key.alg, key.is_private) == (alg, True)
    assert key.kid in result.stdout
    assert "PRIVATE" not in result.stdout


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "ehr-key.pem"
    file.write_text("some EHR knows me")

    result = typed("keys", "new", str(file))

    assert result.exit_code == 5
    assert file.read_text() == "some EHR knows me"
    assert "Name another file" in result.stderr


def test_a_script_gets_what_to_register(clinic: Clinic) -> None:
    file = clinic.file.parent / "ehr-key.pem"

    result = clinic.types("keys", "new", str(file), "--alg", "ES384", "--json")

    told = json.loads(result.stdout)
    assert told["jwks_url"] == "http://127.0.0.1:8000/.well-known/jwks.json"
    assert told["jwk"] == read_key(file.read_text()).public()
    assert (told["kid"], told["alg"]) == (told["jwk"]["kid"], "ES384")
    assert set(told["jwk"]) & PRIVATE == set()


def test_it_says_what_to_write_and_where_our_keys_are(clinic: Clinic) -> None:
    file = clinic.file.parent / "ehr-key.pem"

    said = clinic.types("keys", "new", str(file)).stdout

    assert 'private_key = "file:ehr-key.pem"' in said
    assert "  http://127.0.0.1:8000/.well-known/jwks.json" in said


def test_without_settings_the_key_is_made_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "ehr.pem"
    file.parent.mkdir()

    result = typed(
        "keys", "new", str(file), "--config", str(tmp_path / "reminder.toml")
    )

    assert result.exit_code == 0
    assert f'private_key = "file:{file}"' in result.stdout
    assert "public_url of reminder.toml" in result.stdout


def test_settings_that_name_the_key_before_it_is_there_are_settings(
    clinic: Clinic,
) -> None:
    clinic.change(
        'name = "sandbox"',
        'name = "sandbox"\nauth = { kind = "smart", client_id = "reminder", '
        'private_key = "file:ehr-key.pem" }',
    )
    file = clinic.file.parent / "ehr-key.pem"

    result = clinic.types("keys", "new", str(file), "--json")

    assert json.loads(result.stdout)["jwks_url"] is not None


def test_the_keys_are_listed_with_what_they_are_for(clinic: Clinic) -> None:
    smart(clinic, **{"next.pem": keys.public(keys.private("RS384"))})

    result = clinic.types("keys", "show", "--json")

    assert json.loads(result.stdout) == [
        {
            "connection": "sandbox",
            "kid": read_key(keys.private(alg)).kid,
            "alg": alg,
            "use": use,
        }
        for alg, use in (("ES384", "signs"), ("RS384", "published"))
    ]


def test_a_pipe_gets_a_key_a_line_and_no_secret(clinic: Clinic) -> None:
    smart(clinic)

    said = clinic.types("keys", "show").stdout

    header, row = said.splitlines()
    assert header == "connection\tkid\talg\tuse"
    assert row.split("\t")[2:] == ["ES384", "signs"]
    assert "PRIVATE" not in said


def test_a_key_that_cannot_sign_is_refused_by_its_setting(clinic: Clinic) -> None:
    smart(clinic)
    (clinic.file.parent / "signing.pem").write_text(keys.other("p-256"))

    result = clinic.types("keys", "show")

    assert result.exit_code == 3
    assert "connection.0.auth.private_key" in result.stderr
    assert "EC key on P-384 is wanted" in result.stderr
