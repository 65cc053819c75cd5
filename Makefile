# Everything runs in .venv, which any target makes if it is missing. Another Python: make test PYTHON=python3.13
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SRC := harness perturbations datasets
# tests that start workers or measure a pace of their own, and want the machine to themselves
ALONE := tests/test_examples.py tests/harness/test_load.py tests/harness/test_pytest_plugin.py
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
# else ./datasets would shadow Hugging Face's package of that name
export PYTHONSAFEPATH := 1
export PYTHONUTF8 := 1
# the tests start many processes, which would each compile what they import
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test slow simulate channels lint types docs pictures bench golden dist programs smoke-model clean

demo: $(VENV)/ready  ## the main job, end to end, on a small real model
	$(BIN)/roadtest model serve --fallback -- $(BIN)/roadtest run docs/demo.toml

test: $(VENV)/ready lint types smoke-model  ## everything that CI checks
	$(BIN)/python -m pytest -m "not slow" -n 2 $(ALONE:%=--ignore=%)
	$(BIN)/python -m pytest -m "not slow" $(ALONE)

slow: $(VENV)/ready smoke-model  ## what takes longer than CI should
	$(BIN)/python -m pytest -m slow

simulate: $(VENV)/ready  ## measures the error rates of everything that decides; writes docs/calibration.md
	$(BIN)/python benchmarks/calibrate.py

channels: $(VENV)/ready  ## one item, many surfaces: asks the embedded model and writes benchmarks/channels.md
	$(BIN)/roadtest model serve --fallback -- $(BIN)/python benchmarks/channels.py

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/ready  ## the three folders as the packages they are installed as
	mkdir -p build/types && ln -sfn ../.. build/types/roadtest
	MYPYPATH=build/types $(BIN)/mypy $(SRC:%=-p roadtest.%)

docs: $(VENV)/ready  ## rewrites the generated parts of the docs, then checks that every block runs
	$(BIN)/python tests/regenerate.py docs
	$(BIN)/python -m pytest tests/test_docs.py

pictures: $(VENV)/ready  ## the reference report again, and what it looks like in chromium
	$(BIN)/python tests/regenerate.py reference
	$(BIN)/python tests/regenerate.py pictures

golden: $(VENV)/ready  ## rewrites the golden samples of the perturbations, for review with git diff
	$(BIN)/python tests/regenerate.py golden

bench: $(VENV)/ready
	for script in $(filter-out benchmarks/calibrate.py benchmarks/realism.py benchmarks/channels.py benchmarks/make_records.py $(wildcard benchmarks/fit_*.py),$(wildcard benchmarks/*.py)); do $(BIN)/python $$script || exit 1; done

dist: $(VENV)/ready
	$(BIN)/python -m build --no-isolation

programs:  ## what some tests need from Debian; without it they are skipped, except in CI
	{ command -v tesseract && command -v chromium; } > /dev/null \
	|| { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq tesseract-ocr chromium; }

smoke-model: $(VENV)/ready  ## the smallest embedded model, for the tests that ask a real one
	$(BIN)/roadtest model fetch smollm2-135m

clean:
	rm -rf $(VENV) build dist *.egg-info

$(VENV)/ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "roadtest needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@
