"""The container: a safetensors file whose header carries JSON and a SHA-256 of the whole file.

Any safetensors reader opens it. The digest is taken with its own sixty-four digits as zeros, so that a flipped
bit anywhere, the digest included, is noticed; and it is compared before anything in the file is interpreted.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import ModelFileError

Array = npt.NDArray[Any]

LONGEST_HEADER = 64 * 2**20  # bytes
_DTYPES = {"F64": "<f8", "F32": "<f4", "I64": "<i8"}
_NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}
_DIGEST = re.compile(rb'"sha256":"([0-9a-f]{64})"')
_ZEROS = b"0" * 64

# The first bytes of what people mistake for a model file.
_OTHERS = (
    (b"\x80", "a pickle (a joblib file or a scikit-learn model may be one)", "Loading a pickle runs code from it"),
    (b"PK\x03\x04", "a zip archive (an .npz file, a PyTorch or a Keras model may be one)", "It"),
    (b"\x93NUMPY", "a NumPy array file", "It"),
    (b"\x89HDF", "an HDF5 file", "It"),
    (b"\x1f\x8b", "compressed with gzip", "It"),
    *(
        (b"x" + level, "compressed with zlib (a joblib file may be)", "It")
        for level in (b"\x01", b"\x5e", b"\x9c", b"\xda")
    ),
    (b"BZh", "compressed with bzip2", "It"),
    (b"\xfd7zXZ", "compressed with xz", "It"),
    (b"PAR1", "a Parquet table", "It"),
)


def packed(tensors: dict[str, Array], facts: dict[str, Any]) -> bytes:
    """The bytes of a file that holds the tensors and the facts; the same for the same content."""
    described: dict[str, Any] = {}
    blocks: list[bytes] = []
    at = 0
    for name, tensor in sorted(tensors.items()):
        plain = np.ascontiguousarray(tensor, dtype=tensor.dtype.newbyteorder("<"))
        block = plain.tobytes()
        described[name] = {
            "dtype": _NAMES[plain.dtype],
            "shape": list(plain.shape),
            "data_offsets": [at, at + len(block)],
        }
        blocks.append(block)
        at += len(block)
    metadata = {"sha256": _ZEROS.decode(), "chainrule": json.dumps(facts, ensure_ascii=False, allow_nan=False)}
    header = json.dumps({"__metadata__": metadata, **described}, ensure_ascii=False, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    if len(header) > LONGEST_HEADER:
        raise ModelFileError(
            f"The model's description takes {len(header):,} bytes; at most {LONGEST_HEADER:,} are written.",
            "Train on fewer columns, or on categories with fewer levels.",
        )
    content = b"".join([len(header).to_bytes(8, "little"), header, *blocks])
    digest = hashlib.sha256(content).hexdigest().encode()
    return content.replace(b'"sha256":"' + _ZEROS + b'"', b'"sha256":"' + digest + b'"', 1)


def unpacked(content: bytes, name: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """Tensors and facts from the bytes of a file; ModelFileError where they are not exactly what was written."""
    _check_kind(content, name)
    digest = _digest(content[: 8 + _header_length(content, len(content), name)], name)
    begin = digest.start(1)
    whole = hashlib.sha256(memoryview(content)[:begin])
    whole.update(_ZEROS)
    whole.update(memoryview(content)[begin + 64 :])
    if whole.hexdigest().encode() != digest[1]:
        raise _damaged(name, "its SHA-256 is not the one written in it")
    return _interpreted(content, name)


def _header_length(head: bytes, size: int, name: str) -> int:
    """Bytes of the header, from the first eight of a file of this size."""
    length = int.from_bytes(head[:8], "little")
    if len(head) < 8 or length > size - 8:
        raise _damaged(name, "it ends before its header does")
    if length > LONGEST_HEADER:
        raise _damaged(name, f"its header would have {length:,} bytes")
    return length


def _digest(head: bytes, name: str) -> re.Match[bytes]:
    """Where the digest stands."""
    found = list(_DIGEST.finditer(head))
    if len(found) == 1:
        return found[0]
    if b'"data_offsets"' in head and b'"chainrule"' not in head:
        raise ModelFileError(
            f"{name} is a safetensors file, but not one that chainrule wrote.",
            "It has no digest and no description of a network.",
        )
    raise _damaged(name, "its header has no digest")


def _interpreted(content: bytes, name: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """Tensors and facts of a file whose digest fits; the file may still have been made by hand."""
    from safetensors import SafetensorError, deserialize

    header = content[8 : 8 + int.from_bytes(content[:8], "little")]
    try:
        facts = json.loads(json.loads(header)["__metadata__"]["chainrule"])
        if not isinstance(facts, dict):
            raise TypeError
        tensors = {}
        for key, found in deserialize(content):
            dtype = np.dtype(_DTYPES[found["dtype"]])
            tensors[key] = (
                np.frombuffer(found["data"], dtype=dtype).astype(dtype.newbyteorder("=")).reshape(found["shape"])
            )
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError, MemoryError, OverflowError):
        raise _damaged(name, "its header is not what chainrule writes") from None
    return tensors, facts


def read_bytes(path: Path) -> bytes:
    """The whole of a regular file; ModelFileError where there is none."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ModelFileError(f"{str(path)!r} is a folder, not a model file.", _models_in(path))
        if not stat.S_ISREG(status.st_mode):
            raise ModelFileError(f"{str(path)!r} is a pipe or a device, not a model file.")
        with path.open("rb") as file:
            head = file.read(16)
            _check_kind(head, path.name)
            head += file.read(8 + _header_length(head, status.st_size, path.name) - len(head))
            _digest(head, path.name)  # a large file of another kind is not read to its end
            return head + file.read()
    except FileNotFoundError:
        raise ModelFileError(f"There is no model file {str(path)!r}.", "Train one with chainrule train.") from None
    except ModelFileError:
        raise
    except (OSError, ValueError) as error:
        raise ModelFileError(f"The file {str(path)!r} cannot be read: {getattr(error, 'strerror', error)}.") from None


def _check_kind(content: bytes, name: str) -> None:
    """ModelFileError where the first bytes are those of another kind of file."""
    if not content:
        raise ModelFileError(f"{name} is empty (0 bytes), not a model file.")
    begins_as_ours = len(content) >= 9 and content[8:9] == b"{"  # eight bytes of length may look like anything
    for magic, what, subject in _OTHERS:
        if content.startswith(magic) and not begins_as_ours:
            why = "it is never opened" if subject == "It" else "so it is never opened"
            raise ModelFileError(
                f"{name} is {what}, not a model file of chainrule.",
                f"{subject}{' and' if subject == 'It' else ','} {why}.".replace("It and it is", "It is"),
                "Train a model here, or save one with cr.save(model, path).",
            )
    if not begins_as_ours and len(content) >= 9:
        raise ModelFileError(
            f"{name} is not a model file of chainrule.",
            f"It begins with {content[:8]!r}.",
            "Give the file that chainrule train wrote.",
        )


def _damaged(name: str, why: str) -> ModelFileError:
    return ModelFileError(
        f"The model file {name} is damaged: {why}.",
        "It was cut short or changed after it was written, so nothing in it can be trusted.",
        "Copy it again, or train again.",
    )


def _models_in(folder: Path) -> str:
    try:
        found = sorted(name for name in os.listdir(folder) if name.endswith(".model"))
    except OSError:
        return ""
    return f"Did you mean {str(folder / found[0])!r}?" if found else ""
