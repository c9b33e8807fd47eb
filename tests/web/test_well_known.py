"""The public keys EHRs fetch, and nothing else of them."""

import json

import pytest

from tests.web.world import World

URL = "/.well-known/jwks.json"
KEYS = b'{"keys":[{"kty":"EC","kid":"one"}]}'


async def test_an_ehr_gets_the_keys(world: World) -> None:
    async with world.client(public_keys=KEYS) as ehr:
        answer = await ehr.get(URL)

    assert answer.status_code == 200
    assert answer.json() == json.loads(KEYS)
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert answer.headers["cache-control"] == "public, max-age=300"


async def test_without_keys_there_is_an_empty_set(world: World) -> None:
    async with world.client() as ehr:
        answer = await ehr.get(URL)

    assert (answer.status_code, answer.json()) == (200, {"keys": []})


@pytest.mark.parametrize(
    ("said", "status"),
    [
        pytest.param("{0}", 304, id="same"),
        pytest.param('"other", W/{0}', 304, id="one-of-several-weakly"),
        pytest.param("*", 304, id="any"),
        pytest.param('"other"', 200, id="other"),
        pytest.param("", 200, id="nothing"),
    ],
)
async def test_who_has_them_is_told_they_are_the_same(
    world: World, said: str, status: int
) -> None:
    async with world.client(public_keys=KEYS) as ehr:
        etag = (await ehr.get(URL)).headers["etag"]
        answer = await ehr.get(URL, headers={"If-None-Match": said.format(etag)})

    assert answer.status_code == status
    assert answer.headers["etag"] == etag
    assert bool(answer.content) is (status == 200)


async def test_other_keys_have_another_tag(world: World) -> None:
    tags = set()
    for keys in (KEYS, b'{"keys":[]}'):
        async with world.client(public_keys=keys) as ehr:
            tags.add((await ehr.head(URL)).headers["etag"])

    assert len(tags) == 2


async def test_they_are_only_read(world: World) -> None:
    async with world.client(public_keys=KEYS) as ehr:
        answer = await ehr.post(URL, content=b"{}")

    assert answer.status_code == 405
    assert answer.headers["cache-control"] == "no-store"
