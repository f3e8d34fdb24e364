# Everything runs in .venv; `make demo` and `make test` need Python 3.11 or newer, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONDONTWRITEBYTECODE :=
# What the machine trusts, as pip does: a company may have certificates of its own.
export UV_SYSTEM_CERTS := 1
PYTEST := $(BIN)/python -m pytest

.PHONY: demo test quick check soak install docs clean

demo: $(VENV)/.installed  ## the main job on real data
	rm -rf demo
	$(BIN)/registry demo demo

test: $(VENV)/.installed  ## every test
	$(PYTEST) -q -n auto --dist loadfile

quick: $(VENV)/.installed  ## the tests that take no time
	$(PYTEST) -q -n auto --dist loadfile -m "not slow"

soak: $(VENV)/.installed  ## faults, races and malformed documents at their full counts; takes hours
	REGISTRY_SOAK=1 $(PYTEST) -q tests/crash tests/contracts tests/stores tests/consume/test_attacks.py \
	  tests/journeys/test_mending.py tests/release tests/hostile

check: $(VENV)/.installed  ## lint, types, layers, docstrings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/interrogate -q registry

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip install -q --compile-bytecode -p $(BIN)/python -c constraints.txt -e ".[all]" --group test --group check
	touch $@

clean:
	rm -rf $(VENV) demo dist build
