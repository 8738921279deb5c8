"""Files as learners hand them in: old Python, half-finished functions, notebooks; nothing is run to read them."""

from __future__ import annotations

import ast
import json

import pytest

from chainrule.errors import DataError
from chainrule.teaching.grading.source import parsed, read


def test_print_statements_are_rewritten_in_their_place():
    source = parsed('def f(x):\n    return x\nfor i in range(3):\n    print "i:", i\nprint "done"\n')
    assert list(source.functions) == ["f"]
    assert [(r.kind, r.line) for r in source.remarks] == [("python2", 4), ("python2", 5)]
    assert 'print("i:", i)' in source.text


def test_a_print_that_is_right_stays():
    text = 'print("a", 1)\nprint_me = 3\n'
    assert parsed(text).text == text
    assert parsed(text).remarks == []


@pytest.mark.parametrize(
    "broken",
    [
        "def g(x):\n    return x +\n",
        "def g(x)\n    return x\n",
        "def g(x):\nreturn x\n",
        "def g(x):\n    if x = 1:\n        return x\n",
        "def g(x):\n\treturn x\n        return 2\n",
    ],
)
def test_a_function_that_cannot_be_read_leaves_the_others(broken):
    source = parsed(f"import numpy as np\n\ndef f(x):\n    return x\n\n{broken}\ndef h(x):\n    return 2 * x\n")
    assert {"f", "h"} <= set(source.functions)
    assert "g" not in source.functions
    assert "g" in source.unread or any(remark.kind == "syntax" for remark in source.remarks)
    assert all(remark.line >= 6 for remark in source.remarks)


def test_lines_stay_where_they_were():
    source = parsed("x = (\n\n\ndef f(x):\n    return x\n")
    assert source.functions["f"].lineno == 4


@pytest.mark.parametrize(
    "text", ["", "\n\n", "(((((" * 500, "\x00\x00", "def", "é = 1\n", "a = 1\r\nb = 2\r\n", "x" * 10000]
)
def test_any_text_can_be_read(text):
    assert isinstance(parsed(text).tree, ast.Module)


def test_only_what_the_functions_need_is_kept():
    text = (
        "import numpy as np\nimport matplotlib.pyplot as plt\nfrom math import exp\n"
        "SCALE = 2\nbig = np.zeros(10**9)\n"
        "def helper(x):\n    return SCALE * np.exp(x)\n"
        "def f(x):\n    big = helper(x)\n    return big\n"
        "while True:\n    pass\n"
        "plt.show()\n"
        "if __name__ == '__main__':\n    SCALE = 3\n"
    )
    kept = [line for line in parsed(text).cut_to(["f"]).splitlines() if line]
    assert kept == [
        "import numpy as np",
        "SCALE = 2",
        "def helper(x):",
        "    return SCALE * np.exp(x)",
        "def f(x):",
        "    big = helper(x)",
        "    return big",
    ]


def test_names_that_a_function_takes_from_outside_are_told():
    source = parsed(
        "import numpy as np\nN = 3\ndef g(x):\n    return x\ndef f(x):\n    M = 1\n    return g(x) / N * M\n"
    )
    assert source.outside_names("f") == ["N"]


def test_a_name_that_nothing_defines_is_remarked_once():
    source = parsed("W = 1\nfor i in range(3):\n    W += 1\n    V += 1\n    V += undefined\n")
    assert [(r.kind, r.line, r.text) for r in source.remarks] == [
        ("undefined", 4, "nothing defines V"),
        ("undefined", 5, "nothing defines undefined"),
    ]


def test_names_inside_functions_and_comprehensions_are_none_of_its_business():
    assert parsed("def f(x):\n    return later(x)\nL = [i for i in range(3)]\ng = lambda q: q\n").remarks == []


def test_a_notebook_is_read_by_its_code_cells(tmp_path):
    cells = [
        {"cell_type": "markdown", "source": ["# W = 1"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "def f(x):\n", "    return x"]},
        {"cell_type": "code", "source": "def g(x):\n    return x"},
    ]
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    assert set(read(path).functions) == {"f", "g"}
    path.write_text("{}")
    with pytest.raises(DataError, match="no notebook"):
        read(path)


def test_what_is_no_text_or_not_there_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "nowhere.py")
    (tmp_path / "a.py").write_bytes(b"\xff\xfe\x00junk\x81")
    with pytest.raises(DataError, match="no Python file"):
        read(tmp_path / "a.py")
    (tmp_path / "b.py").write_bytes(b"x" * 3_000_000)
    with pytest.raises(DataError, match="3,000,000 bytes"):
        read(tmp_path / "b.py")


def test_a_lambda_with_a_name_is_a_function_and_one_in_a_class_is_none():
    source = parsed("f = lambda x: x\nclass Net:\n    def g(self, x):\n        return x\n")
    assert list(source.functions) == ["f"]
    assert source.methods() == {"g": "Net"}
