"""A file of text, opened with care: what it is, its encoding, and limits on what it may cost."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from chainrule.errors import DataError

LONGEST_LINE = 8 * 2**20  # characters
LARGEST_RATIO = 200  # uncompressed over compressed bytes; deflate reaches 1032 on zeros
LARGEST_UNPACKED = 16 * 2**30  # bytes
_CHUNK = 2**20

# The first bytes of files that people take for tables, and what to do with each.
_KINDS = (
    (b"PK\x03\x04", "a zip archive (an Excel workbook is one)", "Save it as CSV from the program that made it."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save it as CSV from the program that made it."),
    (b"BZh", "compressed with bzip2", "Unpack it first: bunzip2 FILE."),
    (b"\xfd7zXZ", "compressed with xz", "Unpack it first: unxz FILE."),
    (b"(\xb5/\xfd", "compressed with zstd", "Unpack it first: unzstd FILE."),
    (b"ARROW1", "an Arrow file", "Write it as Parquet or CSV."),
    (b"SQLite format 3", "an SQLite database", "Export one table of it as CSV."),
    (b"%PDF", "a PDF document", "Give a CSV or Parquet file."),
)


@dataclass(frozen=True)
class Place:
    """The beginning of a line of a file: its byte, and the number of the line from 1."""

    byte: int
    line: int


BEGINNING = Place(0, 1)


@dataclass(frozen=True)
class TextFile:
    """A text file that was looked through once: its encoding is known and it can be decoded to the end."""

    path: Path
    encoding: str
    is_gzip: bool

    @property
    def is_plain(self) -> bool:
        """Whether the bytes of the file are UTF-8 text."""
        return self.encoding == "utf-8-sig" and not self.is_gzip

    def lines(self, place: Place = BEGINNING) -> Iterator[str]:
        """Lines from a place on with their ends, none longer than the limit."""
        with _bytes_of(self.path, self.is_gzip) as raw:
            raw.seek(place.byte)
            yield from self._lines_of(raw, place)

    def _lines_of(self, raw: IO[bytes], place: Place) -> Iterator[str]:
        encoding = "utf-8" if place.byte and self.is_plain else self.encoding  # a mark stands at the beginning only
        number = place.line - 1
        with io.TextIOWrapper(raw, encoding, newline="") as text:
            while line := text.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    raise DataError(
                        f"Line {number:,} of {self.path.name} is longer than {LONGEST_LINE:,} characters.",
                        f"It begins {line[:60]!r}.",
                        "Is this a table with one row a line?",
                    )
                yield line


def checked_file(path: Path) -> os.stat_result:
    """The file's status; DataError where it is no regular file that can be read."""
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            path.open("rb").close()
    except FileNotFoundError:
        raise DataError(f"There is no file {str(path)!r}.", _neighbours(path)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"The file {str(path)!r} cannot be read: {reason}.") from None
    if stat.S_ISDIR(status.st_mode):
        raise DataError(f"{str(path)!r} is a folder, not a table.", "Give one CSV or Parquet file.")
    if not stat.S_ISREG(status.st_mode):
        raise DataError(
            f"{str(path)!r} is a pipe or a device, not a file.",
            "A table is read twice, so it must be a regular file: write it to one first.",
        )
    if status.st_size == 0:
        raise DataError(f"The file {path.name} is empty (0 bytes).", "Give a table with a header and rows.")
    return status


def opened(path: Path) -> TextFile:
    """Look through a text file once: encoding, zero bytes, compression ratio."""
    size = checked_file(path).st_size
    with path.open("rb") as file:
        first = file.read(16)
    for magic, what, advice in _KINDS:
        if first.startswith(magic):
            raise DataError(f"{path.name} is {what}, not a CSV or Parquet file.", advice)
    is_gzip = first.startswith(b"\x1f\x8b")
    with _bytes_of(path, is_gzip) as raw:
        encoding = _encoding(raw, path, size if is_gzip else None)
    return TextFile(path, encoding, is_gzip)


def _bytes_of(path: Path, is_gzip: bool) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if is_gzip else path.open("rb")


def _encoding(raw: IO[bytes], path: Path, packed: int | None) -> str:
    """UTF-8 (with or without a mark), UTF-16 with a mark, or else Windows-1252, which text of the West mostly is."""
    seen, decoder, line, encoding = 0, None, 1, ""
    try:
        while chunk := raw.read(_CHUNK):
            seen += len(chunk)
            _check_unpacked(seen, packed, path)
            if decoder is None:
                marked = chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
                encoding = "utf-16" if marked else "utf-8-sig"
                decoder = codecs.getincrementaldecoder(encoding)()
            if encoding != "utf-16" and b"\0" in chunk:
                at = line + chunk[: chunk.index(b"\0")].count(b"\n")
                raise DataError(
                    f"{path.name} is not text: line {at:,} holds a zero byte.", "Give a CSV or Parquet file."
                )
            if encoding != "cp1252":
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    if encoding == "utf-16":
                        raise DataError(f"{path.name} begins as UTF-16 but is not UTF-16 throughout.") from None
                    encoding = "cp1252"
            line += chunk.count(b"\n")
        if decoder is not None and encoding != "cp1252":
            decoder.decode(b"", final=True)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path.name} is compressed with gzip and damaged: {error}.", "Fetch it again.") from None
    except UnicodeDecodeError:
        encoding = "cp1252"
    if encoding == "cp1252":
        return _windows(path, packed is not None)
    return encoding


def _windows(path: Path, is_gzip: bool) -> str:
    """Windows-1252 where every byte has a meaning there, else Latin-1, where all do."""
    with _bytes_of(path, is_gzip) as raw:
        while chunk := raw.read(_CHUNK):
            if chunk.translate(None, delete=b"\x81\x8d\x8f\x90\x9d") != chunk:
                return "latin-1"
    return "cp1252"


def _check_unpacked(seen: int, packed: int | None, path: Path) -> None:
    if packed is not None and (seen > LARGEST_UNPACKED or (seen > _CHUNK and seen > LARGEST_RATIO * packed)):
        raise DataError(
            f"{path.name} unpacks to more than {seen:,} bytes from {packed:,}.",
            f"At most {LARGEST_RATIO} times its size is read, in case it is a decompression bomb.",
            "Unpack it yourself first: gunzip FILE.",
        )


def _neighbours(path: Path) -> str:
    """A file of nearly the same name, or what is wrong with the folder."""
    import difflib

    if not path.parent.is_dir():
        return f"There is no folder {str(path.parent)!r} either."
    try:
        close = difflib.get_close_matches(path.name, os.listdir(path.parent), n=1)
    except OSError:
        return ""
    return f"Did you mean {str(path.with_name(close[0]))!r}?" if close else ""
