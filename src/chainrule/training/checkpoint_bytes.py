"""The bytes of a checkpoint: data only, and refused when a single bit is wrong.

``magic (24 bytes), length of the header (8 bytes, little endian), header (JSON), arrays, SHA-256 of all before (32)``

The header names each array with its dtype and shape, in the order of their bytes. Nothing in it is ever executed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import ModelFileError
from chainrule.training.early_stopping import Best
from chainrule.training.history import History, Record
from chainrule.training.progress import Progress
from chainrule.training.state import State

Array = npt.NDArray[Any]

MAGIC = b"chainrule checkpoint 1\n\0"
_NUMBERS = ("epoch", "batch", "update", "exhausted")
_DTYPES = {"<f8": 8, "<f4": 4, "<i8": 8}  # and their bytes


def packed(progress: Progress, recipe: Mapping[str, Any]) -> bytes:
    """The bytes of a checkpoint."""
    state, best, undo = progress.state, progress.best, progress.undo
    arrays: dict[str, Array] = {
        "weights": state.weights,
        "floats": np.array([state.running, state.last_running, state.rate_factor, progress.seconds, progress.steepest]),
        "history": np.array([*progress.history], dtype="<f8").reshape(-1, len(Record._fields)),
        **{f"memory{i}": vector for i, vector in enumerate(state.memory)},
    }
    for name, one in (("best", best), ("undo", undo)):
        if one is not None:
            arrays[f"{name}.floats"] = np.array([one.value, one.epoch, one.improved], dtype="<f8")
            if one.weights is not None:
                arrays[f"{name}.weights"] = one.weights
    if progress.good is not None:
        arrays["good"] = progress.good
    table, body = [], []
    for name, values in arrays.items():
        kind = "<i8" if values.dtype.kind in "iu" else "<f4" if values.dtype == np.float32 else "<f8"
        values = np.ascontiguousarray(values, dtype=kind)
        table.append([name, values.dtype.str, list(values.shape)])
        body.append(values.tobytes())
    head = json.dumps(
        {"recipe": dict(recipe), "state": {name: getattr(state, name) for name in _NUMBERS}, "arrays": table}
    ).encode()
    content = b"".join([MAGIC, len(head).to_bytes(8, "little"), head, *body])
    return content + hashlib.sha256(content).digest()


def unpacked(content: bytes, name: str = "the checkpoint") -> tuple[Progress, dict[str, Any]]:
    """Progress and recipe from the bytes of a checkpoint; ModelFileError where a bit of them is wrong."""
    if content[: len(MAGIC)] != MAGIC:
        raise ModelFileError(f"{name!r} is no checkpoint of a training.", "Give the file that checkpoint= wrote.")
    if len(content) < len(MAGIC) + 40 or hashlib.sha256(content[:-32]).digest() != content[-32:]:
        raise ModelFileError(f"The checkpoint {name!r} is damaged: its checksum does not fit.", "Start anew.")
    try:
        at = len(MAGIC) + 8
        size = int.from_bytes(content[at - 8 : at], "little")
        head = json.loads(content[at : at + size])
        arrays, at = {}, at + size
        for key, dtype, shape in head["arrays"]:
            if dtype not in _DTYPES:
                raise ValueError(dtype)
            count = int(np.prod(shape, dtype=np.int64))
            arrays[key] = np.frombuffer(content, dtype, count, at).reshape(shape).astype(dtype[1:])
            at += _DTYPES[dtype] * count
        if at != len(content) - 32:
            raise ValueError("length")
        return _progress(head["state"], arrays), head["recipe"]
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"The checkpoint {name!r} is of another version or was made up.", "Start anew.") from error


def _progress(numbers: dict[str, Any], arrays: dict[str, Array]) -> Progress:
    """Progress from what was read."""
    running, last_running, rate_factor, seconds, steepest = arrays["floats"].tolist()
    memory = tuple(arrays[f"memory{i}"] for i in range(sum(key.startswith("memory") for key in arrays)))
    state = State(
        arrays["weights"],
        memory,
        running=running,
        last_running=last_running,
        rate_factor=rate_factor,
        **{name: type(getattr(State, name))(numbers[name]) for name in _NUMBERS},
    )
    history = History(Record(int(row[0]), *row[1:]) for row in arrays["history"].tolist())
    best = _best(arrays, "best") or Best()
    return Progress(state, history, best, seconds, steepest, arrays.get("good"), _best(arrays, "undo"))


def _best(arrays: dict[str, Array], name: str) -> Best | None:
    if f"{name}.floats" not in arrays:
        return None
    value, epoch, improved = arrays[f"{name}.floats"].tolist()
    return Best(value, arrays.get(f"{name}.weights"), int(epoch), int(improved))
