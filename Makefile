# Two commands do everything: `make night` and `make test`. Both install into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
EXAMPLE := europe-2026
# Tests are type-checked, but pytest's fixtures need no annotations.
RELAXED := --explicit-package-bases --namespace-packages --allow-untyped-defs \
  --allow-incomplete-defs --allow-untyped-calls --allow-untyped-decorators
WORK := build/$(EXAMPLE)

.PHONY: night test test-all lint bench mutants man docs wheel clean

night: $(INSTALLED)
	@test -e $(WORK)/groundstation.toml || $(BIN)/groundstation init $(WORK) --example $(EXAMPLE)
	@$(BIN)/groundstation -c $(WORK)/groundstation.toml --offline nightly

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow"

test-all: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,validation]"
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=tests/support $(BIN)/mypy $(RELAXED) tests
	$(BIN)/lint-imports

bench: $(INSTALLED)
	-$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,bench]"
	$(BIN)/python benchmarks/bench_passes.py
	$(BIN)/python benchmarks/bench_key.py
	$(BIN)/python benchmarks/bench_counts.py
	$(BIN)/python benchmarks/bench_link.py
	$(BIN)/python benchmarks/bench_amplification.py
	$(BIN)/python benchmarks/bench_keys.py
	$(BIN)/python benchmarks/bench_plan.py
	$(BIN)/python benchmarks/bench_continent.py 3 10 1

# Change the rules of the key ledger one by one; at least nine of ten changes must be noticed.
mutants: $(INSTALLED)
	$(BIN)/python tools/mutate_keys.py

# Manual pages of every command, in build/man.
man: $(INSTALLED)
	$(BIN)/python tools/write_man_pages.py build/man

# What is made from the program itself: the list of commands, the README's output, the pictures.
docs: $(INSTALLED)
	$(BIN)/python tools/write_cli_docs.py
	$(BIN)/python tools/regenerate_readme.py
	$(BIN)/python tools/take_screens.py

# Build the wheel, install it alone into a fresh environment and use it from an empty folder.
wheel: $(INSTALLED)
	rm -rf dist build/wheel
	$(BIN)/python -m build --wheel --outdir dist .
	$(PYTHON) -m venv build/wheel/venv
	build/wheel/venv/bin/python -m pip install --quiet --constraint constraints.txt dist/*.whl
	mkdir -p build/wheel/empty
	cd build/wheel/empty && ../venv/bin/groundstation --version
	cd build/wheel/empty && ../venv/bin/groundstation --example micius-2016 passes --night 2016-12-19

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $(INSTALLED)

clean:
	rm -rf $(VENV) build dist
