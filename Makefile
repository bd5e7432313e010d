# Everything a person does with a checkout. `make` alone explains itself.
PYTHON ?= python3
VENV   ?= .venv
EVENTS ?= 1000000
SEEDS  ?= 1000
JOBS   ?= 5
FLOORS ?= 3
REPS   ?= 20
SEED   ?= 1
BIN     = $(VENV)/bin
STAMP   = $(VENV)/.installed
DEV     = $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help demo kafka test faults sources lint types proof calibrate dictionary bench bench-boards pages clean

help: ## say what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 12

demo: $(STAMP) ## install, then run everything on this machine: broker, warehouse, worker, board, a simulated floor
	@$(BIN)/pacesetter demo

kafka: $(STAMP) ## Apache Kafka alone, by hand, its log on disk (needs Java 17 and Maven)
	@$(BIN)/pacesetter broker

test: $(DEV) ## the test suite; says what it left out and why. ALL=1: with the thorough proofs, as CI
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest $(if $(ALL),-m "not bench and not long and not pages and not sources") -n $(JOBS) --dist loadgroup --no-loadscope-reorder

faults: $(DEV) ## faults at length: processes killed on a real Kafka, and the simulation with SEEDS seeds
	@SEEDS=$(SEEDS) $(BIN)/python -m pytest -m "long or not bench" --timeout 3600 \
	  tests/faults $(wildcard tests/simulation) tests/end_to_end/test_demo.py

sources: $(DEV) ## every vendor's source through one list; then REPS=200 reps in Salesforce, HubSpot and Aircall at once
	@$(BIN)/python -m pytest -m "slow or long" --timeout 3600 tests/connectors/vendors/test_contract.py
	@REPS=$(REPS) SEED=$(SEED) $(BIN)/python -m pytest -m sources tests/end_to_end/test_sources.py

lint: $(DEV) ## style and formatting
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(DEV) ## mypy, strict
	@$(BIN)/mypy

proof: $(DEV) ## a million simulated events through everything, counted again from what was sent
	@EVENTS=$(EVENTS) $(BIN)/python -m pytest -s tests/end_to_end/test_floor_to_warehouse.py

calibrate: $(DEV) ## how true forecasts are, and what alerts are worth, on simulated floors; writes streams/domain/{calibration,alerting}.md
	@$(BIN)/python -m tests.calibration --write --seeds $(FLOORS)
	@$(BIN)/python -m tests.calibration.alerting --write

dictionary: $(DEV) ## write what follows from infra/bi/dictionary.yaml: page, dbt sources, Superset datasets
	@$(BIN)/python -m infra.bi.documents

bench: $(DEV) ## speed beside other engines, on real Kafka; WHAT=engines,latency,... QUICK=1
	@$(BIN)/python -m tests.bench $(if $(WHAT),--what $(WHAT)) $(if $(QUICK),--quick)

bench-boards: $(DEV) ## 500 viewers of a board at 20,000 events/s: event to pixels, memory, CPU (needs Chromium)
	@$(BIN)/python -m tests.bench.viewers

pages: $(DEV) ## every page in a browser, at length: axe, sizes, languages, hours of slides (needs Chromium)
	@$(BIN)/python -m pytest -m "pages" --timeout 1200 -n $(JOBS) --dist loadgroup tests/connectors/boards

clean: ## remove what make made (not your data)
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v[:2] <= (3, 14) else \
	"Pacesetter needs Python 3.11 to 3.14; this is %d.%d. Say: make PYTHON=python3.12 demo" % v[:2])'
	@$(PYTHON) -m venv $(VENV) || { echo "venv is missing; on Debian: apt install python3-venv" >&2; exit 1; }

$(STAMP): pyproject.toml infra/constraints.txt | $(VENV)/bin/python
	@echo "Installing (about 1.2 GB on disk, most of it the embedded ClickHouse engine; a minute or two) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c infra/constraints.txt -e '.[embedded]'
	@touch $@

$(DEV): $(STAMP)
	@$(BIN)/python -m pip install -q --disable-pip-version-check "pip>=25.1"
	@$(BIN)/python -m pip install -q -c infra/constraints.txt --group dev
	@touch $@
