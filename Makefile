# make demo | demo-cluster | test | soak | check | bench | docs: each creates .venv by itself.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo demo-cluster test soak bad-inputs check format bench docs clean

demo: .venv/installed
	$(BIN)/chainrule demo --out demo

# Three workers on this machine; one of them is killed in the middle.
demo-cluster: .venv/installed-dask
	$(BIN)/python -m benchmarks.demo_cluster

test: .venv/installed-test
	$(BIN)/python -m pytest -n auto

# The figures about faults in full: torn files, killed trainings, full disks, random tables. About half an hour.
soak: .venv/installed-test
	CHAINRULE_SOAK=1 $(BIN)/python -m pytest tests/soak --timeout 3600 -rP

bad-inputs: .venv/installed-test
	cd tests && ../$(BIN)/python -m fault_table.page

check: .venv/installed-test
	$(BIN)/ruff check src tests examples benchmarks docs
	$(BIN)/ruff format --check src tests examples benchmarks docs
	$(BIN)/mypy

format: .venv/installed-test
	$(BIN)/ruff check --fix src tests examples benchmarks docs
	$(BIN)/ruff format src tests examples benchmarks docs

docs: .venv/installed-docs
	$(BIN)/python -m sphinx -W --keep-going -q -d build/doctrees -b html docs site
	@echo "Open site/index.html in a browser."

# Where torch's own index offers a build without CUDA, install that into .venv first: it is a tenth of the size.
bench: .venv/installed-bench
	$(BIN)/python -m benchmarks.run

clean:
	rm -rf .venv demo site build

# A system without python3-venv has no ensurepip: its own pip then fills the empty environment.
.venv/bin/python:
	$(PYTHON) -m venv .venv 2>/dev/null || { rm -rf .venv; $(PYTHON) -m venv --without-pip .venv \
	  && $(PYTHON) -m pip --python .venv/bin/python install --quiet pip; }

.venv/installed: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/installed-dask: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[dask]"
	touch $@ .venv/installed

.venv/installed-test: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	touch $@ .venv/installed

.venv/installed-docs: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[docs]"
	touch $@ .venv/installed

.venv/installed-bench: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[bench]"
	touch $@ .venv/installed
