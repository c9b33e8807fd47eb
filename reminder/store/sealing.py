"""Turns what must not be read in the database into a `sealed` cell and back."""

from typing import Any
from uuid import UUID

import orjson

from reminder.store.errors import CellUnreadable
from reminder.store.keyring import KeyRing

_STEP = 32


class Sealer:
    """Seals JSON objects into the column `sealed` of one table.

    The text is padded with spaces to steps of 32 bytes, which JSON ignores,
    so that the length of a cell says little about a name.
    """

    def __init__(self, ring: KeyRing, table: str, column: str = "sealed") -> None:
        self._ring, self._table, self._column = ring, table, column

    def seal(self, row_id: UUID, value: dict[str, Any]) -> bytes:
        """`value`, a JSON object, encrypted for this row."""
        text = orjson.dumps(value)
        padded = text.ljust(-(-len(text) // _STEP) * _STEP)
        return self._ring.seal(self._table, self._column, row_id, padded)

    def open(self, row_id: UUID, cell: bytes) -> dict[str, Any]:
        """What was sealed for this row.

        Raises:
            CellUnreadable: the cell is damaged, or not this row's.
        """
        text = self._ring.open(self._table, self._column, row_id, cell)
        try:
            value: dict[str, Any] = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise CellUnreadable(self._table, self._column, row_id) from None
        return value
