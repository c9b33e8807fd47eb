"""A cell opens for its own table, column and row, with its own ring, or not at all."""

import itertools
import json
import stat
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.store.errors import CellUnreadable, KeyRingUnreadable
from reminder.store.keyring import KeyRing

ROW = UUID(int=1)
OTHER_ROW = UUID(int=2)

# Worked out once with the key 00..1f: what is in the field must stay readable.
KNOWN_CELL = (
    "010001cbe5b5855d6723610925bc3efdf9588f4003a974cd"
    "8883c6c6ac71fec3ad8a21be14af215ba700f1036e"
)
KNOWN_INDEX = "2e2b84c4a91733d8e6dd8954c8e821b7"
KNOWN_KEY = "af32bf330cf5bd2b66c22017f763ce9165cc6c55b76311073f9b8163224edb1f"


def ring_text(**keys: bytes) -> str:
    encoded = {name[1:]: urlsafe_b64encode(key).decode() for name, key in keys.items()}
    return json.dumps({"reminder-key-ring": 1, "keys": encoded})


OLD, NEW = bytes(range(32)), bytes(range(32, 64))
RING = KeyRing.from_text(ring_text(_1=OLD))


@given(st.binary(max_size=200), st.uuids())
def test_what_was_sealed_opens_as_it_was(plain: bytes, row_id: UUID) -> None:
    cell = RING.seal("person", "sealed", row_id, plain)

    assert RING.open("person", "sealed", row_id, cell) == plain


def test_a_cell_of_an_earlier_version_still_opens() -> None:
    cell = bytes.fromhex(KNOWN_CELL)

    assert RING.open("person", "sealed", ROW, cell) == b"a known answer"


def test_hashes_and_derived_keys_stay_as_they_were() -> None:
    assert RING.index("address/email", "ada@example.org").hex() == KNOWN_INDEX
    assert RING.derive("link-token").hex() == KNOWN_KEY


def test_every_single_bit_of_a_cell_counts() -> None:
    cell = RING.seal("person", "sealed", ROW, b"name")

    for bit in range(len(cell) * 8):
        flipped = bytearray(cell)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CellUnreadable):
            RING.open("person", "sealed", ROW, bytes(flipped))


def test_a_cell_opens_nowhere_but_in_its_own_place() -> None:
    places = list(
        itertools.product(("person", "reminder"), ("sealed", "note"), (ROW, OTHER_ROW))
    )
    cells = {place: RING.seal(*place, b"name") for place in places}

    for place, other in itertools.permutations(places, 2):
        with pytest.raises(CellUnreadable):
            RING.open(*place, cells[other])


@pytest.mark.parametrize("length", [0, 1, 3, 14, 15, 16, 30])
def test_a_cell_cut_short_is_unreadable(length: int) -> None:
    cell = RING.seal("person", "sealed", ROW, b"name")[:length]

    with pytest.raises(CellUnreadable, match=rf"^person\.sealed of {ROW}$"):
        RING.open("person", "sealed", ROW, cell)


def test_the_same_sealed_twice_looks_different() -> None:
    cells = {RING.seal("person", "sealed", ROW, b"name") for _ in range(1000)}

    assert len(cells) == 1000


def test_a_second_key_seals_anew_and_the_first_still_opens_and_looks_up() -> None:
    ring = KeyRing.from_text(ring_text(_1=OLD, _2=NEW))
    before = RING.seal("person", "sealed", ROW, b"name")

    after = ring.seal("person", "sealed", ROW, b"name")

    assert ring.open("person", "sealed", ROW, before) == b"name"
    assert ring.open("person", "sealed", ROW, after) == b"name"
    assert ring.index("address/sms", "+15550100") == RING.index(
        "address/sms", "+15550100"
    )
    assert ring.check == RING.check
    with pytest.raises(CellUnreadable):
        RING.open("person", "sealed", ROW, after)


def test_equal_addresses_hash_alike_only_for_one_purpose(
    new_ring: Callable[[], KeyRing],
) -> None:
    by_sms = RING.index("address/sms", "+15550100")

    assert by_sms == RING.index("address/sms", "+15550100")
    assert by_sms != RING.index("address/voice", "+15550100")
    assert by_sms != RING.index("address/sms", "+15550101")
    assert by_sms != new_ring().index("address/sms", "+15550100")


def test_two_rings_are_told_apart(new_ring: Callable[[], KeyRing]) -> None:
    assert new_ring().check != new_ring().check


def test_a_new_ring_is_read_by_its_owner_alone_and_loads_again(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"

    made = KeyRing.create(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KeyRing.load(path).check == made.check


def test_a_file_that_is_no_ring_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(b"\xff\xfe\x00 canary")

    with pytest.raises(KeyRingUnreadable):
        KeyRing.load(path)


def test_a_ring_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    made = KeyRing.create(path)

    with pytest.raises(FileExistsError):
        KeyRing.create(path)

    assert KeyRing.load(path).check == made.check


def test_a_ring_shows_no_key() -> None:
    shown = f"{RING!r} {RING}"

    assert OLD.hex() not in shown
    assert urlsafe_b64encode(OLD).decode() not in shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "canary",
        "[]",
        "{}",
        '{"reminder-key-ring": 2, "keys": {}}',
        '{"reminder-key-ring": 1, "keys": {}}',
        '{"reminder-key-ring": 1, "keys": {"canary": "canary"}}',
        '{"reminder-key-ring": 1, "keys": {"1": "Y2FuYXJ5"}}',
        '{"reminder-key-ring": 1, "keys": {"1": 7}}',
        ring_text(_0=OLD),
        ring_text(_65536=OLD),
    ],
)
def test_a_text_that_is_no_ring_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(KeyRingUnreadable) as caught:
        KeyRing.from_text(text)

    assert "canary" not in repr(caught.value)
    assert caught.value.__cause__ is None
