# Every target sets up what it needs: a virtual environment with the packages of requirements.lock.
# Needs Python 3.11 or newer and make, nothing else. `make help` lists the targets.

PORT := 8501
VENV := .venv
# Tests run in this many processes, each doing a whole file (1: in one, as `pytest` alone does).
WORKERS := 2
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST = $(BIN)/python -m pytest $(if $(filter-out 1,$(WORKERS)),-n $(WORKERS) --dist loadfile --no-loadscope-reorder)
# The app needs no Ray; types and tests of the launcher do (about 80 MB, one download).
RAY := $(VENV)/.ray
# Nor a sentence encoder, which one test of the features does (about 170 MB, one download).
TEXT := $(VENV)/.text
# What tests of features, formats, trackers, the notebook and the site of the documentation need; they skip without it
# (`make install`, and .ci/run by it, installs all).
MORE := $(addprefix $(VENV)/.,features exchange tracking notebook docs)
# The first interpreter that is new enough; choose another with `make PYTHON=... app`.
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)

.DEFAULT_GOAL := help
.PHONY: help install app docs test test-fast test-slow faults format check example lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

install: $(READY) $(RAY) $(TEXT) $(MORE) ## install all that the checks and tests need

app: $(READY) ## start the app on http://127.0.0.1:8501 (another port: PORT=8600)
	$(BIN)/python -m mmclust.ui --server.port $(PORT)

test: check ## check the code, then run the whole test suite
	$(PYTEST)

test-fast: $(READY) ## only the quick tests
	$(PYTEST) -m "not slow and not browser"

test-slow: $(READY) $(RAY) $(TEXT) ## only the slow and the browser tests
	$(PYTEST) -m "slow or browser"

faults: $(READY) ## kills, damage, outages and full disks at random, three minutes of them
	nice $(BIN)/python -m benchmarks.faults --minutes 3

format: $(READY) ## format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: $(READY) $(RAY) $(TEXT) ## format check, lint (Python and JavaScript), types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/oxlint --deny-warnings
	$(BIN)/pyright

example: $(READY) ## train the bundled example run again (assets/example)
	$(BIN)/python -m mmclust example

lock: $(READY) ## resolve requirements.txt and the dev group into requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--no-config requirements.txt --group dev --output-file requirements.lock

clean: ## remove the virtual environment and the tools' caches
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or newer was not found; install it, or name it: make PYTHON=/path/to/python3 ..." >&2; exit 1; fi
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		if ! "$(PYTHON)" -c "import ensurepip, venv" 2>/dev/null; then \
			echo "$(PYTHON) comes without its venv and ensurepip modules; install them" \
				"(Debian and Ubuntu: apt-get install python3-venv) and try again." >&2; exit 1; fi; \
		"$(PYTHON)" -m venv --clear $(VENV); fi
	@echo "Installing the packages of requirements.lock into $(VENV) (a few GB, some minutes, once)"
	$(BIN)/python -m pip install --disable-pip-version-check --no-input --requirement requirements.lock
	@touch $@

docs: $(READY) $(VENV)/.docs ## build the site of the documentation into build/site
	$(BIN)/python -m mkdocs build --strict

$(RAY) $(TEXT) $(MORE): $(VENV)/.%: requirements-%.txt $(READY)
	$(BIN)/python -m pip install --disable-pip-version-check --no-input --quiet \
		--constraint requirements.lock --requirement $<
	@touch $@
