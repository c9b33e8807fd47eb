"""The keys everything sealed, indexed or signed hangs on: one small file.

A cell is `0x01 | key id (u16, big endian) | nonce (12) | AES-256-GCM
ciphertext and tag`. Its data key is HKDF-SHA256 of the ring's key for that
table and column; the associated data are table, column and row id, each with
its length, so that a cell moved elsewhere does not open.
"""

import functools
import hashlib
import hmac
import json
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from reminder.store.errors import CellUnreadable, KeyRingUnreadable

_SUITE = b"\x01"
_HEAD = slice(0, 3)
_KEY_ID = slice(1, 3)
_NONCE = slice(3, 15)
_SEALED = slice(15, None)
_KEY_BYTES = 32
_UUID_SIZE = b"\x00\x10"
_MAX_KEY_ID = 0xFFFF


class KeyRing:
    """Seals cells, makes keyed hashes, derives keys for other rooms.

    New cells are sealed with the newest key; hashes and derived keys hang on
    the first one, so that links and look-ups outlive a new key.
    """

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        self._keys = dict(sorted(keys.items()))
        self._first = next(iter(self._keys.values()))
        self._newest = max(self._keys)
        self._ciphers: dict[tuple[int, str, str], AESGCM] = {}
        self._openers: dict[tuple[bytes, str, str], AESGCM] = {}
        self._index_keys: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"KeyRing(check={self.check.hex()})"

    @classmethod
    def create(cls, path: Path) -> Self:
        """Write a ring with one new key to `path`, readable by its owner alone.

        Raises:
            FileExistsError: there is something at `path`; losing a ring loses
                everything sealed with it, so nothing is ever overwritten.
        """
        key = urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
        text = json.dumps({"reminder-key-ring": 1, "keys": {"1": key}}, indent=2)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w") as opened:
            opened.write(text + "\n")
            opened.flush()
            os.fsync(opened.fileno())
        _sync_folder(path.parent)
        return cls.from_text(text)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The ring in the file at `path`.

        Raises:
            FileNotFoundError: there is no such file.
            KeyRingUnreadable: it holds no key ring.
        """
        return cls.from_text(path.read_bytes().decode(errors="replace"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The ring a file or an environment variable holds.

        Raises:
            KeyRingUnreadable: the text is no key ring.
        """
        try:
            ring = json.loads(text)
            if ring["reminder-key-ring"] != 1:
                raise KeyRingUnreadable("version")
            keys = {
                int(key_id): urlsafe_b64decode(key)
                for key_id, key in ring["keys"].items()
            }
        except (ValueError, TypeError, KeyError, AttributeError):
            # The cause would quote the text, and with it a key.
            raise KeyRingUnreadable("not a key ring") from None
        if not keys or not all(map(_is_key, keys.items())):
            raise KeyRingUnreadable("keys")
        return cls(keys)

    @property
    def check(self) -> bytes:
        """Names the ring without giving anything of it away (16 bytes)."""
        return self.derive("check")[:16]

    def seal(self, table: str, column: str, row_id: UUID, plain: bytes) -> bytes:
        """`plain`, encrypted for this cell alone; twice the same is never equal."""
        nonce = os.urandom(12)
        cipher = self._cipher(self._newest, table, column)
        sealed = cipher.encrypt(nonce, plain, _place(table, column, row_id))
        return _SUITE + self._newest.to_bytes(2) + nonce + sealed

    def open(self, table: str, column: str, row_id: UUID, cell: bytes) -> bytes:
        """What was sealed for this cell.

        Raises:
            CellUnreadable: it was altered, belongs elsewhere, or its key is
                not on this ring.
        """
        cipher = self._openers.get((cell[_HEAD], table, column))
        if cipher is None:
            cipher = self._opener(table, column, row_id, cell)
        place = _place(table, column, row_id)
        try:
            return cipher.decrypt(cell[_NONCE], cell[_SEALED], place)
        except (InvalidTag, ValueError):
            # A cell that was cut off may lack a part of its nonce.
            raise CellUnreadable(table, column, row_id) from None

    def index(self, purpose: str, canonical: str) -> bytes:
        """A keyed hash (16 bytes) to look a value up by, comparable in one purpose."""
        key = self._index_keys.get(purpose)
        if key is None:
            key = self._index_keys[purpose] = self.derive(f"index/{purpose}")
        return hmac.digest(key, canonical.encode(), hashlib.sha256)[:16]

    def derive(self, purpose: str) -> bytes:
        """A key (32 bytes) for one purpose, the same as long as the ring lives."""
        return _hkdf(self._first, f"reminder/v1/derive/{purpose}")

    def _opener(self, table: str, column: str, row_id: UUID, cell: bytes) -> AESGCM:
        """What opens the cells of this column that begin as this one does."""
        key_id = int.from_bytes(cell[_KEY_ID])
        if cell[:1] != _SUITE or key_id not in self._keys or len(cell) < _SEALED.start:
            raise CellUnreadable(table, column, row_id)
        cipher = self._cipher(key_id, table, column)
        self._openers[cell[_HEAD], table, column] = cipher
        return cipher

    def _cipher(self, key_id: int, table: str, column: str) -> AESGCM:
        cipher = self._ciphers.get((key_id, table, column))
        if cipher is None:
            key = _hkdf(self._keys[key_id], f"reminder/v1/{table}/{column}")
            cipher = self._ciphers[key_id, table, column] = AESGCM(key)
        return cipher


def _sync_folder(path: Path) -> None:
    """Make a new file's name as durable as what is sealed with the keys in it."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _is_key(item: tuple[int, bytes]) -> bool:
    key_id, key = item
    return 0 < key_id <= _MAX_KEY_ID and len(key) == _KEY_BYTES


def _place(table: str, column: str, row_id: UUID) -> bytes:
    return _column(table, column) + _UUID_SIZE + row_id.int.to_bytes(16)


@functools.cache
def _column(table: str, column: str) -> bytes:
    return _sized(table.encode()) + _sized(column.encode())


def _sized(part: bytes) -> bytes:
    return len(part).to_bytes(2) + part


def _hkdf(key: bytes, info: str) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=info.encode()).derive(key)
