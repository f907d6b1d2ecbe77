# make run     start Heapadmin on this machine           make test    run all tests (ARGS="-k word" narrows it)
#                                              SLOW_TESTS=on make test runs the slow ones too
# make check   what must hold before a commit            make bench   measure the collector
# make backup  write a backup: make backup FILE=…        make lock    pin the requirements anew
#
# PYTHON names the Python to make the virtual environment with; 3.11 or newer.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-input --require-hashes
TEST_PROCESSES ?= 3

.DEFAULT_GOAL := help
.PHONY: help run test check bench lock backup

help:
	@sed -n 's/^# //p' Makefile

run: .venv/run-installed
	@exec $(BIN)/python manage.py standalone

test: .venv/test-installed
	@$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadscope $(ARGS)

CHECKS := check-code check-format check-types check-templates check-floors check-migrations
.PHONY: $(CHECKS)
check: $(CHECKS)
$(CHECKS): .venv/test-installed

check-code:
	@$(BIN)/ruff check --quiet .
check-format:
	@$(BIN)/ruff format --quiet --check . || { echo "Not formatted: run .venv/bin/ruff format ."; exit 1; }
check-types:
	@$(BIN)/mypy .
check-templates:
	@$(BIN)/djlint templates --lint --quiet
check-floors:
	@$(BIN)/lint-imports
check-migrations:
	@$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

bench: .venv/test-installed
	@$(BIN)/python -m bench $(ARGS)

backup: .venv/run-installed
	@$(BIN)/python manage.py backup $(FILE)

LOCK := $(BIN)/pip-compile --quiet --no-header --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links $(ARGS)

lock: .venv/test-installed
	@cd requirements && ../$(LOCK) --output-file run.txt run.in && ../$(LOCK) --output-file parquet.txt parquet.in \
		&& ../$(LOCK) --output-file test.txt test.in

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Heapadmin needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 …"; exit 1; }
	@echo "Making the virtual environment .venv …"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

.venv/run-installed: requirements/run.txt | .venv/bin/python
	@echo "Installing what it needs to run …"
	@$(PIP) -r requirements/run.txt
	@touch $@

.venv/test-installed: requirements/test.txt | .venv/bin/python
	@echo "Installing what tests and checks need …"
	@$(PIP) -r requirements/test.txt
	@touch $@ .venv/run-installed
