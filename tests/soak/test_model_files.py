"""Model files that were cut, changed in a bit or made up: refused, whatever is wrong, and at no cost of memory."""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import bad_inputs
import chainrule as cr
from chainrule.errors import ChainruleError, ModelFileError
from chainrule.files import container
from chainrule.files import model as files
from chainrule.training.checkpoint_bytes import unpacked as checkpoint_unpacked
from support import times

ROOM = 16 * 2**20  # bytes that a load may take beyond the file's size


@pytest.fixture(scope="module")
def whole() -> bytes:
    rows = [line.split(",") for line in bad_inputs.flowers().splitlines()]
    table = {name: [row[at] for row in rows[1:]] for at, name in enumerate(rows[0])}
    return files.dumped(cr.train_table(table, "kind", epochs=20, penalty=1))


def costs(load: Callable[[bytes], object], content: bytes) -> tuple[str, int]:
    """How a load ended, and the most memory it held."""
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    refusal = None
    try:
        load(content)
    except ModelFileError as error:
        refusal = str(error)
    held = tracemalloc.get_traced_memory()[1] - before
    assert refusal is None or 1 <= len(refusal.splitlines()) <= 4
    return "refused" if refusal else "loaded", held


@pytest.fixture(autouse=True)
def _traced(whole) -> Iterator[None]:
    files.loaded(whole)  # what the first load imports is not the file's doing
    tracemalloc.start()
    yield
    tracemalloc.stop()


def every_end(contents: Iterator[bytes], load: Callable[[bytes], object]) -> dict[str, int]:
    """How often each end was met; no load may take more than its file and `ROOM`."""
    ends = {"refused": 0, "loaded": 0}
    most = 0
    for content in contents:
        ended, bytes_held = costs(load, content)
        assert bytes_held <= len(content) + ROOM
        ends[ended] += 1
        most = max(most, bytes_held)
    print(f"{ends['refused']:,} refused, {ends['loaded']:,} loaded, at most {most / 2**20:.2f} MiB held")
    return ends


def test_every_truncation_of_a_model_is_refused(whole):
    step = max(1, len(whole) // times(len(whole), 300))
    ends = every_end((whole[:length] for length in range(0, len(whole), step)), files.loaded)
    assert ends["loaded"] == 0
    assert ends["refused"] >= times(len(whole), 300)


def flipped(whole: bytes, count: int, seed: int) -> Iterator[bytes]:
    rng = np.random.default_rng(seed)
    for place in rng.choice(8 * len(whole), size=min(count, 8 * len(whole)), replace=False).tolist():
        torn = bytearray(whole)
        torn[place // 8] ^= 1 << place % 8
        yield bytes(torn)


def test_every_flipped_bit_of_a_model_is_refused(whole):
    count = times(12_000, 600)
    assert every_end(flipped(whole, count, seed=0), files.loaded) == {"refused": count, "loaded": 0}


@pytest.fixture
def checkpoint(tmp_path) -> bytes:
    X = np.random.default_rng(0).normal(size=(40, 2))
    options = {"solver": "adam", "batch_size": 8, "epochs": 4, "checkpoint": tmp_path / "c"}
    cr.train(cr.Network("2-3-1 identity"), X, X[:, 0], **options)
    return (tmp_path / "c").read_bytes()


def test_every_truncation_and_flipped_bit_of_a_checkpoint_is_refused(checkpoint):
    count = times(10_000, 300)
    assert every_end(flipped(checkpoint, count, seed=1), checkpoint_unpacked)["loaded"] == 0
    step = max(1, len(checkpoint) // times(len(checkpoint), 100))
    cut = (checkpoint[:length] for length in range(0, len(checkpoint), step))
    assert every_end(cut, checkpoint_unpacked)["loaded"] == 0


WORDS = (-1, 0, 2**31, 2**63, 10**400, 1e308, "", "x" * 1000, None, True, [], {}, [[]], "F64", "U8", [2**40, 2**40])


def mutated(value: object, rng: np.random.Generator) -> object:
    """A JSON value with one part of it replaced, removed or doubled."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = list(value)[int(rng.integers(len(value)))]
        changed = dict(value)
        match int(rng.integers(6)):
            case 0:
                del changed[key]
            case 1:
                changed[f"{key}'"] = changed.pop(key)
            case _:
                changed[key] = mutated(changed[key], rng)
        return changed
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = int(rng.integers(len(value)))
        match int(rng.integers(6)):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return value * 2
            case _:
                return [*value[:at], mutated(value[at], rng), *value[at + 1 :]]
    if isinstance(value, str) and value.startswith("{") and rng.random() < 0.9:
        return json.dumps(mutated(json.loads(value), rng))
    if isinstance(value, int | float) and not isinstance(value, bool) and rng.random() < 0.5:
        return value * int(rng.integers(-3, 1000)) + int(rng.integers(3))
    return WORDS[int(rng.integers(len(WORDS)))]


def made_up(whole: bytes, count: int, seals: bool = True) -> Iterator[bytes]:
    """Files whose header was changed by hand and whose digest fits: only what it says can give them away."""
    rng = np.random.default_rng(2)
    length = int.from_bytes(whole[:8], "little")
    header, data = json.loads(whole[8 : 8 + length]), whole[8 + length :]
    for _ in range(count):
        changed = mutated(header, rng)
        if isinstance(changed, dict) and isinstance(changed.get("__metadata__"), dict):
            changed["__metadata__"] = {"sha256": "0" * 64, **changed["__metadata__"], "sha256": "0" * 64}  # noqa: F601
        text = json.dumps(changed, ensure_ascii=False, separators=(",", ":")).encode()
        content = len(text).to_bytes(8, "little") + text + data
        yield resealed(content) if seals else content


def resealed(content: bytes) -> bytes:
    """With a digest that fits, where there is a place for one."""
    import hashlib

    blank = b'"sha256":"' + b"0" * 64 + b'"'
    digest = hashlib.sha256(content).hexdigest().encode()
    return content.replace(blank, b'"sha256":"' + digest + b'"', 1)


def test_every_changed_header_is_refused_by_its_digest(whole):
    count = times(10_000, 400)
    assert every_end(made_up(whole, count, seals=False), files.loaded) == {"refused": count, "loaded": 0}


def test_a_header_changed_by_hand_is_refused_or_describes_a_model_that_predicts(whole):
    row = {"length": [3.0], "width": [1.0], "colour": ["red"]}

    def load(content: bytes) -> None:
        model = files.loaded(content)
        assert np.isfinite(model.weights.flat).all()
        with contextlib.suppress(ChainruleError):  # another column is asked for: said in words
            model.predict(row)

    ends = every_end(made_up(whole, times(10_000, 400)), load)
    assert ends["refused"] > ends["loaded"]  # what loads was changed in a place that no figure hangs on


LIMITED = """
import resource, sys
from pathlib import Path
from chainrule.errors import ChainruleError
from chainrule.files import model as files
names = sys.argv[2:]
files.loaded(Path(sys.argv[1]).read_bytes())
pages = int(Path("/proc/self/statm").read_text().split()[0])
room = pages * resource.getpagesize() + 16 * 2**20 + max(Path(name).stat().st_size for name in names)
resource.setrlimit(resource.RLIMIT_AS, (room, room))
for name in names:
    try:
        files.loaded(Path(name).read_bytes())
    except ChainruleError:
        pass
print("done")
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit is set from /proc")
def test_no_file_takes_more_memory_than_the_system_may_give(whole, tmp_path):
    """The same with a limit of the operating system, which counts what libraries allocate by themselves."""
    good = tmp_path / "good"
    good.write_bytes(whole)
    names = []
    for at, content in enumerate(made_up(whole, times(1000, 100))):
        names.append(tmp_path / f"{at}")
        names[-1].write_bytes(content)
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY
    done = subprocess.run([sys.executable, "-c", LIMITED, good, *names], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr[-2000:]


def test_a_header_that_claims_terabytes_is_refused_before_anything_is_allocated(whole):
    length = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + length])
    header["W1"]["shape"] = [2**30, 2**12]
    header["__metadata__"]["sha256"] = "0" * 64
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    content = resealed(len(text).to_bytes(8, "little") + text + whole[8 + length :])
    ended, held = costs(files.loaded, content)
    assert ended == "refused"
    assert held < ROOM
    with pytest.raises(ModelFileError, match="damaged"):
        container.unpacked((2**62).to_bytes(8, "little") + whole[8:], "m")
