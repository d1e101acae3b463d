# Every target explains itself: `make help`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(VENV)/bin/uv
MEMBERS := crds store operator trainer-image

.PHONY: help setup lock
help:  ## what each target does
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

setup: $(VENV)/.ready  ## build .venv from the hashed lock (gets uv by itself)

$(VENV)/.ready: requirements.lock $(MEMBERS:%=%/pyproject.toml)
	@test -x $(UV) || { $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check uv; }
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-index --no-build-isolation $(MEMBERS:%=-e %)
	@touch $@

lock:  ## resolve again: requirements.lock, hashed, without addresses
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --no-emit-package embtune-api --no-emit-package embtune-store \
	  $(MEMBERS:%=%/pyproject.toml) requirements-dev.in -o requirements.lock
