# One word per chore; `make` alone lists them. Recipes call what is pinned in requirements/, inside .venv.
SHELL := bash
PYTHON ?= python3
BIN := .venv/bin
UV := UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1 UV_NO_PROGRESS=1 VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command "make lock"
LAYERS := tests/unit tests/component tests/integration
# Each of them starts a control plane of its own; a cluster that is given, or kind, is there once: WORKERS=0.
WORKERS ?= $(if $(KUBECONFIG),0,2)
# The version of Kubernetes that `make cluster` builds and runs: 1.36, 1.35 or 1.30.
KUBERNETES ?= 1.36
export SANDBOX_KUBERNETES = $(KUBERNETES)
# Real parts on a busy machine are late now and then: what failed is run once more, alone, and that is said.
AGAIN = || { [ $$? -eq 1 ] && echo "ONCE MORE, alone: what failed" && $(BIN)/python -m pytest --quiet --last-failed \
	--last-failed-no-failures none
.DEFAULT_GOAL := help
.PHONY: help reference docs docs-check demo up down quickstart test lint fmt types gitops unit cluster cluster-oldest e2e \
	image wheels bench manifests manifests-check lock release-check clean

help: ## List the chores
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/.demo ## Show the main job on real data: a model that got worse is rolled back
	@$(BIN)/python -m demo

up: .venv/.demo ## Start cluster, database and operator in the background, to play with
	@$(BIN)/python -m sandbox up

down: .venv/.demo ## Stop what `make up` started, and remove its files
	@$(BIN)/python -m sandbox down

quickstart: .venv/.dev ## Run docs/quickstart.md as its reader does, from `make up` to `make down`
	$(BIN)/python -m pytest --quiet tests/reader

test: .venv/.dev lint types manifests-check docs-check unit cluster cluster-oldest ## Check everything: style, types, walls, and every test

lint: .venv/.dev ## Check style, YAML, workflows, secrets, dependencies and the walls of the house
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/yamllint --strict .
	$(BIN)/python -m workflows
	$(BIN)/python -m charts
	$(BIN)/lint-imports
	@$(BIN)/python -m audit

types: .venv/.dev ## Check types
	$(BIN)/mypy

unit: .venv/.dev gitops ## Run the tests that need no cluster: unit, component, integration (real PostgreSQL)
	$(BIN)/python -m pytest --quiet --numprocesses 2 $(LAYERS) $(AGAIN) $(LAYERS); }

cluster: .venv/.dev gitops ## Run the tests against a real API server; KUBERNETES=1.35 for another version
	$(BIN)/python -m pytest --quiet --numprocesses $(WORKERS) --dist loadfile tests/cluster $(AGAIN) tests/cluster; }

cluster-oldest: .venv/.dev ## Run what depends on the version of Kubernetes against the oldest one that is supported
	export SANDBOX_KUBERNETES=1.30 && \
	$(BIN)/python -m pytest --quiet --numprocesses $(WORKERS) --dist loadfile -m every_version tests/cluster \
	$(AGAIN) -m every_version tests/cluster; }

gitops: .venv/.dev
	@$(BIN)/python -m sandbox.gitops

e2e: .venv/.dev ## Run the tests on a real node, with the operator from its image: needs Docker and kind, or root
	@$(BIN)/python -m node bash -c '$(BIN)/python -m pytest --quiet --timeout 400 tests/e2e $(AGAIN) --timeout 400 tests/e2e; }'

image: .venv/.demo ## Build the operator's image, with Docker or with buildah
	@$(BIN)/python -m image

wheels: .venv/.demo ## Put the wheels of the image into requirements/wheels, for a build without a network
	@$(BIN)/python -m image.wheels

bench: .venv/.dev ## Measure: latency, API calls, statements, memory; BENCH=name for one of them
	$(BIN)/python -m bench $(BENCH)

fmt: .venv/.dev ## Put the code into shape
	$(BIN)/ruff check --quiet --fix . || true
	$(BIN)/ruff format --quiet .

reference: .venv/.dev ## Write docs/reference.md and docs/metrics-prometheus.md anew from the source
	$(BIN)/python -m reference

docs: .venv/.docs ## Build the pages into a site with search, in build/site; it needs no network
	@$(BIN)/python -m handbook

docs-check: .venv/.docs ## Check that the site can be built: links, anchors, navigation, nothing fetched from elsewhere
	$(BIN)/python -m pytest --quiet tests/site

manifests: .venv/.dev ## Render deploy/manifests and the table of values from the chart, and copy the CRD into it
	$(BIN)/python -m dashboards
	$(BIN)/python -m manifests

manifests-check: .venv/.dev ## Fail where rendered manifests or copies are stale
	$(BIN)/python -m dashboards --check
	$(BIN)/python -m manifests --check
	$(BIN)/python -m reference --check

lock: .venv/.uv ## Pin all dependencies anew, with hashes
	$(LOCK) requirements/uv.in -o requirements/uv.txt
	$(LOCK) requirements/go.in -o requirements/go.txt
	$(LOCK) requirements/release.in -o requirements/release.txt
	$(LOCK) requirements/operator.in -o requirements/operator.txt
	$(LOCK) requirements/demo.in -o requirements/demo.txt -c requirements/operator.txt
	$(LOCK) requirements/dev.in -o requirements/dev.txt -c requirements/demo.txt
	$(LOCK) requirements/docs.in -o requirements/docs.txt -c requirements/dev.txt

release-check: .venv/.dev ## Prove what can be proven of a release here: versions, packages, contents, licences, signatures
	$(BIN)/python -m release $(if $(TAG),--tag $(TAG))

clean: ## Remove the virtual environment and every cache in this folder
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist

.venv/.uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Python 3.11 or newer is needed; '$(PYTHON)' is not: install it, or say make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m venv .venv \
		|| { echo "python3 -m venv failed: on Debian and Ubuntu, apt-get install python3-venv" >&2; rm -rf .venv; exit 1; }
	@echo "setting up .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/.demo: .venv/.uv requirements/demo.txt pyproject.toml
	@$(UV) pip install --quiet --require-hashes -r requirements/demo.txt
	@$(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.demo requirements/dev.txt
	@$(UV) pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

.venv/.docs: .venv/.dev requirements/docs.txt
	@$(UV) pip install --quiet --require-hashes -r requirements/docs.txt
	@touch $@
