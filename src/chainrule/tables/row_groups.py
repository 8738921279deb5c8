"""The footer of a Parquet file: how many rows and bytes each row group has, without reading any of them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.errors import DataError

MAGIC = b"PAR1"
_LARGEST_FOOTER = 1 << 30
_DEEPEST = 32


@dataclass(frozen=True)
class RowGroup:
    """Rows of a row group, and its bytes as they lie in the file and unpacked."""

    rows: int
    packed: int
    unpacked: int


def row_groups(path: Path) -> list[RowGroup]:
    """The row groups of a Parquet file, in their order.

    Raises
    ------
    DataError
        The file does not end as a Parquet file does, or its footer cannot be read.

    Source: the Parquet format, ``FileMetaData`` in parquet.thrift, in Thrift's compact protocol.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - 8, 0))
        end = file.read(8)
        if size < 12 or end[4:] != MAGIC:
            raise DataError(
                f"{path.name} begins as a Parquet file and does not end as one ({size:,} bytes).",
                "It was cut off, or is still being written.",
                "Copy it again, whole.",
            )
        length = struct.unpack("<I", end[:4])[0]
        if not 0 < length <= min(size - 12, _LARGEST_FOOTER):
            raise _damaged(path)
        file.seek(size - 8 - length)
        footer = file.read(length)
    try:
        found = _Thrift(footer).structure()
        return [_row_group(group) for group in found.get(4, [])]
    except (IndexError, KeyError, TypeError, ValueError, struct.error, AttributeError):
        raise _damaged(path) from None


def _row_group(group: dict[int, Any]) -> RowGroup:
    sizes = [column[3] for column in group[1]]
    packed, unpacked = (sum(int(size[field]) for size in sizes) for field in (7, 6))
    return RowGroup(int(group[3]), packed, unpacked)


def _damaged(path: Path) -> DataError:
    return DataError(f"The footer of the Parquet file {path.name} is damaged.", "Copy it again, whole.")


class _Thrift:
    """Thrift's compact protocol to dicts of field numbers; what Parquet's footer is written in."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0
        self._readers: dict[int, Callable[[int], Any]] = {
            1: lambda depth: True,
            2: lambda depth: False,
            3: lambda depth: self._byte(),
            4: lambda depth: self._whole(),
            5: lambda depth: self._whole(),
            6: lambda depth: self._whole(),
            7: lambda depth: self._take(8),
            8: lambda depth: self._take(self._varint()),
            9: self._items,
            10: self._items,
            11: self._pairs,
            12: self.structure,
        }

    def structure(self, depth: int = 0) -> dict[int, Any]:
        """The fields of a structure by number."""
        if depth > _DEEPEST:
            raise ValueError("too deep")
        found: dict[int, Any] = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._whole()
            found[field] = self._readers[head & 15](depth + 1)
        return found

    def _items(self, depth: int) -> list[Any]:
        head = self._byte()
        count = head >> 4 if head >> 4 < 15 else self._varint()
        kind = head & 15
        if kind in (1, 2):  # in a list each boolean is a byte
            return [self._byte() == 1 for _ in range(count)]
        return [self._readers[kind](depth) for _ in range(count)]

    def _pairs(self, depth: int) -> dict[Any, Any]:
        count = self._varint()
        kinds = self._byte() if count else 0
        return {self._readers[kinds >> 4](depth): self._readers[kinds & 15](depth) for _ in range(count)}

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _take(self, count: int) -> bytes:
        self._at += count
        if self._at > len(self._data):
            raise ValueError("the footer ends early")
        return self._data[self._at - count : self._at]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 70:
                raise ValueError("no number")

    def _whole(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
