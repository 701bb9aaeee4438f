# Every command of this project. Each one sets up what it needs.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable
SECONDS ?= 60
COUNT ?= 5000
EXAMPLES ?= 200
SEED ?= 2
PROCESSES ?= 4
PYTEST := $(BIN)/pytest --numprocesses $(PROCESSES) --dist loadgroup
READY := .venv/.ready
DEV_READY := .venv/.dev-ready

.DEFAULT_GOAL := help

help:  ## List the commands
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(READY)  ## Make .venv with imagemill and what it needs to run here, versions pinned

dev: $(DEV_READY)  ## Add to .venv what tests, checks and measurements need

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "imagemill needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(INSTALL) '.[embedded,heic]'
	@touch $(READY)

$(DEV_READY): $(READY)
	$(INSTALL) '.[embedded,heic,otel,s3,dev]'
	@touch $(DEV_READY)

demo: venv  ## Start the whole stack, process a picture, show the result
	$(BIN)/imagemill demo

up: venv  ## Run imagemill on this machine until Ctrl-C
	$(BIN)/imagemill up

test: dev  ## Run all tests but the long proofs and those of the containers
	$(PYTEST) -m 'not long and not containers'

test-long: dev  ## Run the long proofs: every failpoint with every end, chaos, soak, fuzzing at length
	$(PYTEST) -m 'long and not containers'

test-containers: dev  ## Build the images, run the compose file, test it (needs a container engine)
	$(BIN)/pytest -m containers

chaos: dev  ## Kill, freeze and wipe parts of the mill under load for SECONDS; one line of result
	cd tests && ../$(BIN)/python -m chaos --seconds $(SECONDS)

soak: dev  ## Load the mill for SECONDS without faults, and see that nothing in it grows
	cd tests && ../$(BIN)/python -m soak --seconds $(SECONDS)

fuzz: dev  ## Damage COUNT pictures and send them through image processes; one line of result
	cd tests && ../$(BIN)/python -m fuzz --count $(COUNT)

schemathesis: dev  ## Ask a gateway whatever its OpenAPI document allows and forbids
	SCHEMATHESIS_EXAMPLES=$(EXAMPLES) SCHEMATHESIS_SEED=$(SEED) $(BIN)/pytest tests/openapi/test_schemathesis.py

check: dev  ## Format, lint and check types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

format: dev  ## Format the code and mend what the linter can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

gallery: dev  ## Render every field of an output into docs/gallery, one page to look at
	$(BIN)/python -m gallery docs/gallery

api-docs: dev  ## Write docs/api.md from the OpenAPI document
	$(BIN)/python -m apidocs docs/api.md

bench: dev  ## Measure the service against bare libvips, as ratios taken in one run
	$(BIN)/python bench/overhead.py $(PHOTO)

bench-outputs: dev  ## Measure several outputs against the largest one alone
	$(BIN)/python bench/outputs.py $(PHOTO)

bench-keys: dev  ## Measure what asking for an API key costs an upload
	$(BIN)/python bench/keys.py $(PHOTO)

bench-streams: dev  ## Measure a thousand clients that wait: memory, delays, uploads beside them
	$(BIN)/python bench/streams.py

.PHONY: help venv dev demo up test test-long test-containers chaos soak fuzz schemathesis check format gallery \
  api-docs bench bench-outputs bench-keys bench-streams
