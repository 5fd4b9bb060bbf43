# Everything a developer or CI runs. `make` alone lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CODE := $(wildcard schemas streams tests benchmarks)
# make bench QUICK=1
QUICK ?=
# make chaos KILLS=30 SEED=7
KILLS ?= 30
SEED ?= 1
# Passed on: make demo ARGS=--keep, make test ARGS='-k votes', make kafka ARGS='--port 9093'.
ARGS ?=

PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check install --constraint constraints.txt

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/demo ## Play a simulated campaign through an embedded broker (ARGS=--keep leaves it running)
	@$(BIN)/goldstream demo $(ARGS)

.PHONY: test
test: $(VENV)/dev check ## Lint, types, contracts and all tests, those on a real Kafka included
	@$(BIN)/python -m pytest $(ARGS)

.PHONY: check
check: lint
	@$(BIN)/python -m schemas --check

.PHONY: lint
lint: $(VENV)/dev ## Style and types
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy $(CODE)

.PHONY: format
format: $(VENV)/dev ## Rewrite the code in the project's style
	@$(BIN)/ruff check --fix $(CODE)
	@$(BIN)/ruff format $(CODE)

.PHONY: kafka
kafka: $(VENV)/dev ## Run an Apache Kafka broker in the foreground (ARGS='--port 9093 --brokers 3')
	@exec $(BIN)/python -m tests.kafka.broker $(ARGS)

.PHONY: fuzz
fuzz: $(VENV)/dev ## Send hostile records through all sides for a while (ARGS='--seconds 600 --seed 7')
	@$(BIN)/python -m tests.fuzz $(ARGS)

.PHONY: chaos
chaos: $(VENV)/dev ## Break a group of workers and its broker on purpose, then reconcile (KILLS=30 SEED=7)
	@$(BIN)/python -m tests.chaos --kills $(KILLS) --seed $(SEED) $(ARGS)

.PHONY: bench
bench: $(VENV)/dev ## Measure goldstream beside its alternatives (QUICK=1: in five minutes, roughly)
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(ARGS)

.PHONY: venv
venv: $(VENV)/dev ## Create the environment with everything in it

.PHONY: clean
clean: ## Remove what was built, fetched and cached
	@rm -rf $(VENV) .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist goldstream.egg-info
	@find $(CODE) -name __pycache__ -prune -exec rm -rf {} +

# Stamps: older than these two files means that what is installed may differ from what they say.
$(VENV)/demo: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing goldstream into $(VENV)"
	@$(PIP) --editable '.[demo]'
	@touch $@

$(VENV)/dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing goldstream and its development tools into $(VENV)"
	@$(PIP) --editable '.[demo,dev]'
	@touch $@ $(VENV)/demo

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "goldstream needs Python 3.11 or newer; name one: make PYTHON=python3.12" >&2; exit 1; }
	@# What a failure leaves half made would look made the next time.
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
