"""Hospital IT makes a key, registers it at the EHR, and reads the appointments."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.app.places import SETTINGS
from tests.cli.outside import resources, typed
from tests.servers.sekmet import running_sync

TOKEN = "of-the-test-itself"  # noqa: S105 - no secret
AUTH = 'auth = { kind = "smart", client_id = "reminder", private_key = "file:key.pem" }'


@pytest.mark.parametrize("alg", ["RS384", "ES384"])
def test_a_key_we_made_opens_an_ehr_that_demands_one(tmp_path: Path, alg: str) -> None:
    config = ("--config", str(tmp_path / "reminder.toml"))
    made = typed(
        "keys", "new", str(tmp_path / "key.pem"), "--alg", alg, "--json", *config
    )
    registered = {
        "client_id": "reminder",
        "jwks": {"keys": [json.loads(made.stdout)["jwk"]]},
    }
    auth = {
        "types": ["smart", "bearer"],
        "tokens": [TOKEN],
        "smart_clients": [registered],
    }
    server_folder = tmp_path / "sekmet"
    server_folder.mkdir()

    with running_sync(
        server_folder,
        settings={"server_auth": auth},
        headers={"Authorization": f"Bearer {TOKEN}"},
    ) as server:
        asyncio.run(server.put(*resources()))
        text = SETTINGS.replace("http://127.0.0.1:9/fhir", server.base_url)
        (tmp_path / "reminder.toml").write_text(
            text.replace("[[connection]]", f"[[connection]]\n{AUTH}")
        )
        synced = typed("sync", "--once", "--json", *config)

    assert synced.exit_code == 0, synced.stderr
    report = json.loads(synced.stdout)["connections"]["main"]
    assert (report["available"], report["read"]) == (True, 2)
