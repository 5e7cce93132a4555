# `make help` lists what there is. Everything is set up on first use, in .venv/.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PACKAGES := import sysconfig; print(sysconfig.get_path("purelib"))

.DEFAULT_GOAL := help
.PHONY: help setup demo test check unit stack luigi-newest mysql cluster bench format docs clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) ## virtual environment with everything, the decoder compiled

$(STAMP): requirements.txt requirements-dev.txt setup.py
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "Python 3.10 to 3.13 is needed; set PYTHON=…"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { apt-get update && apt-get install --yes python3-venv; } || \
	  { echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	$(BIN)/python -m pipeline.codec
	@touch $@

demo: setup ## the whole chain on local servers: load a week, catch up, be killed, resume
	$(BIN)/python -m devstack.demo

test: setup check unit stack ## lint, types, unit tests, tests on real servers

check: setup ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy pipeline devstack tools

unit: setup ## tests that need no server
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal --pyargs pipeline.model benchmarks/rounds.py benchmarks/overhead.py tests/unit tests/codec tests/benchmarks tests/test_layers.py

stack: setup ## tests on real servers; SOURCE=mysql takes MySQL 9 in the place of MariaDB
	$(BIN)/python -m pytest $(if $(SOURCE),--source $(SOURCE)) --numprocesses 2 --dist worksteal tests/stack tests/scenarios tests/properties tests/pitfalls tests/devstack

luigi-newest: setup ## tests of the command line with the newest Luigi that setup.py allows, in .venv-luigi/
	$(PYTHON) -m venv $(VENV)-luigi
	echo "import site; site.addsitedir('$$($(BIN)/python -c '$(PACKAGES)')')" > \
	  $$($(VENV)-luigi/bin/python -c '$(PACKAGES)')/beside.pth
	range=$$(sed -n 's/.*"\(luigi.*\)",/\1/p' setup.py); for how in '--ignore-installed --no-deps' ''; do \
	  $(VENV)-luigi/bin/pip install --quiet --disable-pip-version-check $$how "$$range" || exit 1; done
	$(VENV)-luigi/bin/python -m pytest tests/unit/test_luigi_hooks.py tests/unit/test_imports.py \
	  tests/stack/test_command_line.py tests/stack/test_bounded_ranges.py

mysql: setup ## fetch MySQL 9, beside the system: then `make test` runs what is MySQL's own as well
	$(BIN)/python -m devstack fetch

cluster: setup ## tests on the Redshift cluster and the bucket that REDSHIFT_* and S3_* name
	$(BIN)/python -m pytest -m redshift tests/stack tests/scenarios tests/devstack/redshift

bench: setup ## measure against the raw drain and other tools; write docs/benchmarks.md
	$(BIN)/python -m benchmarks all $(BENCH)

format: setup ## let ruff format and sort
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: setup ## write the reference pages that are made from the code and the tests
	$(BIN)/python -m tools.reference_pages
	$(BIN)/python -m tools.promises

clean: ## stop the local servers and forget their data
	-[ ! -x $(BIN)/python ] || for stack in .devstack .devstack/demo .devstack/bench; do \
	  $(BIN)/python -m devstack down --directory $$stack; done
	rm -rf .devstack .spool .locks
