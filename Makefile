# Everything runs in .venv, which `make install` builds once from constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?= configs/unet_spatial.yaml
# Tests in two processes, each file in one of them; each may start TensorFlow, which takes 1 GB.
PARALLEL ?= --numprocesses 2 --dist loadfile
SECONDS ?= 60

.DEFAULT_GOAL := help
.PHONY: help install run smoke test check format lint types imports docs reference bench profile kernels fuzz cluster lock clean

help:  ## Show what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

install: $(VENV)/installed  ## Build .venv with dropstudy and all that its checks need

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "dropstudy needs Python 3.11 or later: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

run: install  ## Train configs/unet_spatial.yaml on the bundled photographs (or CONFIG=...)
	$(BIN)/dropstudy run $(CONFIG)

smoke: install  ## Train the smallest experiment
	$(BIN)/dropstudy run configs/smoke.yaml

test: install  ## Run the tests
	$(BIN)/python -m pytest $(PARALLEL)

check: format lint types imports docs  ## Everything that CI checks
	rm -f .coverage .coverage.*
	$(BIN)/python -m coverage run -m pytest $(PARALLEL)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

format: install
	$(BIN)/ruff format --check .

lint: install
	$(BIN)/ruff check .

types: install
	$(BIN)/mypy

imports: install
	$(BIN)/lint-imports --no-cache

docs: install
	$(BIN)/python scripts/write_reference.py --check
	$(BIN)/python scripts/check_docs.py

reference: install  ## Write docs/configuration.md and the JSON Schema from the config classes
	$(BIN)/python scripts/write_reference.py

bench: install  ## Measure what docs/performance.md explains, in some 20 minutes (or BENCH=--quick)
	$(BIN)/python scripts/bench_training.py $(BENCH)

profile: install  ## Show what a training step spends its time on (or PROFILE="--kind gaussian")
	$(BIN)/python scripts/profile_step.py $(PROFILE)

kernels: install  ## Ask whether the fast dropout kernels train equally good networks (half an hour)
	$(BIN)/python scripts/check_kernels.py

fuzz: install  ## Look for configs and runs that break dropstudy, SECONDS=60 each (not in CI)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[fuzz]'
	$(BIN)/python scripts/fuzz.py --seconds $(SECONDS)

cluster: install  ## Run the tests that need Ray, on a cluster of two nodes on this machine
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[ray]'
	$(BIN)/python -m pytest -m ray tests/cluster

lock: install  ## Pin the newest versions that pyproject.toml allows into constraints.txt
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra fuzz --extra ray --universal --python-version 3.11 \
		--upgrade --no-header --no-annotate --quiet --output-file constraints.txt

clean:  ## Remove the environment, caches and coverage data; runs/ stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .coverage .coverage.* *.egg-info build dist
