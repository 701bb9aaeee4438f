# Every command of this project. Each one sets up what it needs.
PYTHON ?= python3
BIN := .venv/bin
SECONDS ?= 60
COUNT ?= 5000
EXAMPLES ?= 200
SEED ?= 2
READY := .venv/.ready

.DEFAULT_GOAL := help

help:  ## List the commands
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(READY)  ## Make .venv with imagemill and everything it needs, versions pinned

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "imagemill needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --editable '.[embedded,heic,otel,s3,dev]'
	@touch $(READY)

demo: venv  ## Start the whole stack, process a picture, show the result
	$(BIN)/imagemill demo

up: venv  ## Run imagemill on this machine until Ctrl-C
	$(BIN)/imagemill up

test: venv  ## Run all tests but those of the containers
	$(BIN)/pytest --numprocesses 4 --dist loadgroup -m 'not containers'

test-containers: venv  ## Build the images, run the compose file, test it (needs a container engine)
	$(BIN)/pytest -m containers

chaos: venv  ## Kill, freeze and wipe parts of the mill under load for SECONDS; one line of result
	cd tests && ../$(BIN)/python -m chaos --seconds $(SECONDS)

soak: venv  ## Load the mill for SECONDS without faults, and see that nothing in it grows
	cd tests && ../$(BIN)/python -m soak --seconds $(SECONDS)

fuzz: venv  ## Damage COUNT pictures and send them through image processes; one line of result
	cd tests && ../$(BIN)/python -m fuzz --count $(COUNT)

schemathesis: venv  ## Ask a gateway whatever its OpenAPI document allows and forbids
	SCHEMATHESIS_EXAMPLES=$(EXAMPLES) SCHEMATHESIS_SEED=$(SEED) $(BIN)/pytest tests/openapi/test_schemathesis.py

check: venv  ## Format, lint and check types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

format: venv  ## Format the code and mend what the linter can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

gallery: venv  ## Render every field of an output into docs/gallery, one page to look at
	$(BIN)/python -m gallery docs/gallery

api-docs: venv  ## Write docs/api.md from the OpenAPI document
	$(BIN)/python -m apidocs docs/api.md

bench: venv  ## Measure the service against bare libvips, as ratios taken in one run
	$(BIN)/python bench/overhead.py $(PHOTO)

bench-outputs: venv  ## Measure several outputs against the largest one alone
	$(BIN)/python bench/outputs.py $(PHOTO)

bench-keys: venv  ## Measure what asking for an API key costs an upload
	$(BIN)/python bench/keys.py $(PHOTO)

bench-streams: venv  ## Measure a thousand clients that wait: memory, delays, uploads beside them
	$(BIN)/python bench/streams.py

.PHONY: help venv demo up test test-containers chaos soak fuzz schemathesis check format gallery \
  api-docs bench bench-outputs bench-keys bench-streams
