"""Every entry of the table of faults, and the page of the docs that is made from it."""

from __future__ import annotations

import pytest

import bad_inputs
from fault_table import ENTRIES
from fault_table.page import PAGE, page

# What the table must have: values, labels, shapes, CSV and files, models, running.
IDS = (
    *(f"V{n}" for n in (1, 2, 3, 4, 5, 7, 8, 10, 11, 12, 14, 15, 17, 19, 20)),
    *(f"L{n}" for n in (1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15)),
    *(f"S{n}" for n in (1, 2, 3, 4, 6, 7, 8, 9, 11, 13, 14, 17, 18, 19, 21, 22, 23)),
    *(f"B{n}" for n in (1, 2, 3, 4)),
    *(f"T{n}" for n in range(1, 11)),
    *(f"D{n}" for n in range(1, 12)),
    *(f"C{n}" for n in (1, 3, 4, 5, 6, 8, 9, 10, 12, 13, 15, 17, 18, 19, 20, 21)),
    *(f"M{n}" for n in (1, 2, 3, 5, 8, 9, 10, 11, 12, 14, 15)),
    *(f"R{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 19)),
)
CHECKS = [(entry, check) for entry in ENTRIES for check in entry.checks]


@pytest.mark.parametrize(("entry", "check"), CHECKS, ids=[f"{entry.id}: {check.__name__}" for entry, check in CHECKS])
def test_a_user_gets_what_the_table_says(entry, check, tmp_path):
    check(tmp_path)


def test_the_table_has_every_entry_once_and_each_is_checked():
    assert [entry.id for entry in ENTRIES] == list(IDS)
    cases = {case.id for case in (*bad_inputs.TRAIN, *bad_inputs.FILES)}
    assert not [entry.id for entry in ENTRIES if not entry.checks and entry.id not in cases]
    assert cases <= {*IDS, "option"}


def test_the_page_of_the_docs_is_the_table():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it again with: make bad-inputs"
