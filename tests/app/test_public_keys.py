"""What EHRs fetch is what the settings say, and nothing private of it."""

import json
from pathlib import Path

import httpx
import pytest

from reminder.app.wiring import open_app
from reminder.ehr.wire.jwks import read_key
from reminder.settings.load import from_text
from tests.app.places import SETTINGS
from tests.ehr import keys


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        pytest.param('{ kind = "none" }', [], id="no-keys"),
        pytest.param(
            '{ kind = "smart", client_id = "reminder", private_key = "file:new.pem", '
            'published_keys = ["file:old.pem"] }',
            [keys.private("ES384"), keys.private("RS384")],
            id="during-a-rotation",
        ),
    ],
)
async def test_the_page_has_the_keys_of_every_connection(
    tmp_path: Path, auth: str, expected: list[str]
) -> None:
    (tmp_path / "new.pem").write_text(keys.private("ES384"))
    (tmp_path / "old.pem").write_text(keys.private("RS384"))
    text = SETTINGS.replace("[[connection]]", f"[[connection]]\nauth = {auth}")
    loaded = from_text(text, "reminder.toml", tmp_path)

    async with open_app(loaded) as app, visitor(app.web) as ehr:
        answer = await ehr.get("/.well-known/jwks.json")

    told = json.loads(answer.content)["keys"]
    assert [key["kid"] for key in told] == [read_key(pem).kid for pem in expected]
    assert [set(key) & {"d", "p", "q", "dp", "dq", "qi"} for key in told] == [
        set() for _ in told
    ]


def visitor(web: object) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=web), base_url="http://127.0.0.1:8000"
    )
