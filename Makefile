# `make` alone prints the targets. Everything lives in .venv and .cache inside the checkout.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

SEEDS ?= 10000
ROUNDS ?= 200
RUNS ?= 1000000
ON ?= both
SEED ?= 0
TESTS ?= tests
WORKERS ?= 2
COVERAGE ?= --cov --cov-report=term-missing:skip-covered

# The same text on every machine, and nothing of the caller's Python in ours.
export PYTHONUTF8 := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONPATH PYTHONHOME PIP_USER PIP_TARGET PIP_REQUIRE_VIRTUALENV VIRTUAL_ENV

python := .venv/bin/python
sources := app tests $(wildcard action)
typed := app $(wildcard action tests/kit)
workflows := $(wildcard app/workflow-templates/*.yml .github/workflows/*.yml)

.PHONY: help setup setup-runtime check test simulate chaos fuzz look planted bench bench-peers demo docs lock clean

help: ## Print the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

setup-runtime: .venv/runtime.stamp ## Make .venv with what Signalbox runs on.

setup: .venv/test.stamp ## Make .venv with all that tests and checks need, and fetch the test material.
	@$(python) -m tests.kit.material

check: setup ## Check layout, mistakes, types, imports and what we ship, without running a test.
	$(python) -m ruff format --check $(sources)
	$(python) -m ruff check $(sources)
	$(python) -m mypy $(typed)
	.venv/bin/lint-imports --no-logo
	@$(python) -m tests.kit.shipped
	$(python) -m pytest -q -p no:cacheprovider tests/test_tidy.py tests/test_architecture.py

test: check ## Set up, check, and run every test; TESTS=tests/core COVERAGE= for some.
	$(python) -m pytest -n $(WORKERS) $(COVERAGE) $(TESTS)

simulate: setup ## Simulate SEEDS orchestrations with faults and crashes (10000).
	$(python) -m tests.simulation --seeds $(SEEDS)

chaos: setup ## Play ROUNDS rounds (200) of killed processes and a GitHub that misbehaves; ON=sqlite or postgres.
	$(python) -m tests.chaos --rounds $(ROUNDS) --seed $(SEED) --on $(ON)

fuzz: setup ## Read RUNS mutated texts (1000000), guided by atheris where it can be installed.
	-@$(python) -m pip install -qq --no-deps --target .cache/fuzz atheris==3.0.0
	PYTHONPATH=.cache/fuzz $(python) -m tests.fuzz --runs $(RUNS) --seed $(SEED)

look: setup ## Look at all pages with a browser, in light and dark, wide and narrow; needs chromium.
	@$(python) -m pip install -qq --target .cache/look/lib playwright==1.65.2
	PYTHONPATH=.cache/look/lib $(python) -m tests.browser

planted: setup ## Plant known bugs one by one and show which test catches each.
	$(python) -m tests.planted

bench: setup ## Measure speed and print the figures beside their goals.
	$(python) -m tests.bench

bench-peers: setup ## Give the same events to DBOS and Procrastinate, in an environment of their own.
	$(python) -m tests.bench.peers

demo: setup-runtime ## Run Signalbox against a rehearsed GitHub; ONCE=1 exits when done.
	@$(python) -m app demo $(if $(ONCE),--once)

docs: setup ## Draw docs/state.md and docs/problems.md anew from the code.
	$(python) -m tests.kit.docs

lock: setup-runtime ## Choose library versions anew and write them to requirements*.lock.
	@sh tests/kit/lock.sh

clean: ## Remove .venv and .cache.
	rm -rf .venv .cache

.venv/created.stamp:
	@sh tests/kit/venv.sh
	@touch $@

.venv/runtime.stamp: requirements.lock pyproject.toml | .venv/created.stamp
	@echo "Installing the libraries Signalbox runs on"
	@$(python) -m pip install -qq -r requirements.lock --constraint requirements-test.lock setuptools
	@$(python) -m pip install -qq --no-deps --no-build-isolation -e .
	@touch $@

.venv/test.stamp: requirements-test.lock .venv/runtime.stamp
	@echo "Installing the libraries for tests and checks"
	@$(python) -m pip install -qq -r requirements-test.lock
	@touch $@
