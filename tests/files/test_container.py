"""The container: whole or refused."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from chainrule.errors import ModelFileError
from chainrule.files import container

TENSORS = {"W1": np.arange(6.0).reshape(2, 3), "b1": np.array([1.5], dtype=np.float32), "n": np.array([3, 4])}
FACTS = {"text": 'quotes " and \\ and "sha256":"' + "0" * 64 + '"', "number": 0.1, "accent": "é 🌹", "none": None}


@pytest.fixture(scope="module")
def content() -> bytes:
    return container.packed(TENSORS, FACTS)


def resealed(content: bytes, old: bytes, new: bytes) -> bytes:
    """A changed file whose digest is right again: what an attacker can make."""
    length = int.from_bytes(content[:8], "little")
    header, data = content[8 : 8 + length].replace(old, new), content[8 + length :]
    digest = container._DIGEST.search(header)
    header = header[: digest.start(1)] + b"0" * 64 + header[digest.end(1) :]
    changed = len(header).to_bytes(8, "little") + header + data
    seal = hashlib.sha256(changed).hexdigest().encode()
    at = 8 + digest.start(1)
    return changed[:at] + seal + changed[at + 64 :]


def test_what_is_packed_comes_back(content):
    tensors, facts = container.unpacked(content, "x")
    assert facts == FACTS
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        assert (tensors[name] == tensor).all()


def test_another_reader_of_safetensors_reads_it(content):
    theirs = load_safetensors(content)
    assert {name: tensor.tolist() for name, tensor in theirs.items()} == {k: v.tolist() for k, v in TENSORS.items()}


def test_the_same_content_gives_the_same_bytes(content):
    assert container.packed(dict(reversed(TENSORS.items())), FACTS) == content


def test_every_truncation_is_refused(content):
    for length in range(len(content)):
        with pytest.raises(ModelFileError):
            container.unpacked(content[:length], "x")
    with pytest.raises(ModelFileError):
        container.unpacked(content + b"\0", "x")


def test_every_flipped_bit_is_refused(content):
    for at in range(len(content)):
        for bit in range(8):
            torn = bytearray(content)
            torn[at] ^= 1 << bit
            with pytest.raises(ModelFileError):
                container.unpacked(bytes(torn), "x")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"F64"', b'"F16"'),
        (b"[2,3]", b"[9,9]"),
        (b"[2,3]", b"[2,-3]"),
        (b"[2,3]", b"[99999999999,99999999999]"),
        (b'"chainrule"', b'"chainrula"'),
        (b'"data_offsets":[0,48]', b'"data_offsets":[0,47]'),
        (b'"data_offsets":[0,48]', b'"data_offsets":[8,48]'),
        (b'{"__metadata__"', b'{"x":' + b"[" * 100_000 + b',"__metadata__"'),
        (b'"accent', b'"acc\xffnt'),
    ],
)
def test_a_header_made_by_hand_is_refused_though_its_digest_fits(content, old, new):
    made = resealed(content, old, new)
    assert made != content
    with pytest.raises(ModelFileError, match="header is not"):
        container.unpacked(made, "x")


def test_a_seal_put_right_after_no_change_is_accepted(content):
    assert resealed(content, b"", b"") == content


def test_mutated_headers_are_refused(content):
    rng = np.random.default_rng(0)
    length = int.from_bytes(content[:8], "little")
    for _ in range(500):
        at, count = int(rng.integers(8, 8 + length)), int(rng.integers(1, 9))
        torn = content[:at] + rng.bytes(count) + content[at + count :]
        with pytest.raises(ModelFileError):
            container.unpacked(torn, "x")


def test_a_safetensors_file_of_another_program_is_told_apart():
    with pytest.raises(ModelFileError, match="not one that chainrule wrote"):
        container.unpacked(save_safetensors({"W": np.ones(3)}), "x")


def test_a_large_file_of_another_kind_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "large"
    header = json.dumps({"a": {"dtype": "F64", "shape": [2**36], "data_offsets": [0, 2**39]}}).encode()
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + 2**39)  # sparse: half a terabyte that takes no room
    with pytest.raises(ModelFileError, match="not one that chainrule wrote"):
        container.read_bytes(path)
