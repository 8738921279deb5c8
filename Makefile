# make demo | test | check | bench | docs: each creates .venv by itself.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check format bench docs clean

demo: .venv/installed
	$(BIN)/chainrule demo --out demo

test: .venv/installed-test
	$(BIN)/python -m pytest -n auto

check: .venv/installed-test
	$(BIN)/ruff check src tests examples benchmarks
	$(BIN)/ruff format --check src tests examples benchmarks
	$(BIN)/mypy

format: .venv/installed-test
	$(BIN)/ruff check --fix src tests examples benchmarks
	$(BIN)/ruff format src tests examples benchmarks

clean:
	rm -rf .venv demo site build

# A system without python3-venv has no ensurepip: its own pip then fills the empty environment.
.venv/bin/python:
	$(PYTHON) -m venv .venv 2>/dev/null || { rm -rf .venv; $(PYTHON) -m venv --without-pip .venv \
	  && $(PYTHON) -m pip --python .venv/bin/python install --quiet pip; }

.venv/installed: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/installed-test: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	touch $@ .venv/installed
