# `make demo` shows it, `make test` checks it. Both make .venv from the lock file first.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
ARGS   ?=

.PHONY: help demo test check tests bench lock pictures clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(VENV)/.installed  ## the whole story on this machine; ARGS="--once --json" for a script
	@$(BIN)/reminder demo $(ARGS)

test: check tests  ## everything CI runs, fast first

check: $(VENV)/.installed  ## format, lint, imports, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy reminder

# A file's tests share its servers, so one worker takes them all. By file and not
# by xdist_group: pytest 9.2 lets that mark pass in silence (pytest-xdist#1386).
tests: $(VENV)/.installed  ## the tests alone; ARGS="-k name" to choose
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

bench: $(VENV)/.installed  ## measure; ARGS=--quick for a small round
	$(BIN)/python benchmarks/plan.py $(ARGS)
	$(BIN)/python benchmarks/sync.py $(ARGS)
	$(BIN)/python benchmarks/callbacks.py $(ARGS)

LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet

lock: $(VENV)/.installed  ## make the lock files again from pyproject.toml; ARGS=--upgrade for newer ones
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile pyproject.toml --extra sandbox --extra dev $(LOCK) $(ARGS) --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml $(LOCK) --constraint requirements.lock --output-file requirements-run.lock

pictures: $(VENV)/.installed  ## take the README's pictures again
	$(BIN)/python docs/pictures/take.py

clean:  ## remove the virtual environment and what the tools leave behind
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
