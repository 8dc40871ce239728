# Everything a developer does, and everything that CI runs. Needs Python 3.11 or later and make; nothing else.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= auto

# Results must not depend on how many cores a machine has; parallel work is done by processes.
export OMP_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export NO_MKDOCS_2_WARNING = 1

.DEFAULT_GOAL := help
.PHONY: help venv demo check format test test-slow docs benchmarks reproductions system-packages clean

help:  ## Show the targets
	@sed -n 's/^\([a-z-]*\):.*##/\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  %-16s %s\n' "$$name" "$$text"; done

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"bedside needs Python 3.11 or later; {sys.executable} is {sys.version.split()[0]}. Set PYTHON=... to another one.")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing bedside and its tools into $(VENV) (some minutes, once) ..."
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,docs,docx,cluster,survival]'
	@touch $@

venv: $(STAMP)  ## Build the environment in .venv (once)

demo: venv  ## Run the breast cancer study on real data and write its report
	@$(BIN)/bedside run breast_cancer --out runs/breast_cancer --overwrite

check: venv  ## Format, lint, types, floors, documentation
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/mkdocs build --strict

format: venv  ## Format and mend what can be mended automatically
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: check  ## Check, then the tests (under 20 minutes on 2 cores)
	@$(BIN)/python -m pytest -m 'not slow' -n $(WORKERS) --dist loadfile --cov --cov-report=term

test-slow: venv  ## The tests that take minutes each
	@$(BIN)/python -m pytest -m slow -n $(WORKERS) --dist loadfile

docs: venv  ## Build the documentation into site/
	$(BIN)/mkdocs build --strict

benchmarks: venv  ## Measure speed and memory; prints a table each
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

reproductions: venv  ## Repeat the published figures (hours; resumable)
	@for script in reproductions/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

system-packages:  ## Install Chromium, with which tests look at reports (Debian or Ubuntu, as root)
	@if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then \
		echo "A browser is here already."; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium libgomp1 >/dev/null; \
	else \
		echo "Not root, or no apt-get: install Chromium yourself; tests that need a browser are skipped until then."; \
	fi

clean:  ## Remove what was built; keeps .venv and runs/
	rm -rf site htmlcov .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
