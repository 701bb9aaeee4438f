# Every command of this project. Each one sets up what it needs.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable
DIST ?= dist
SITE ?= site
SECONDS ?= 80
COUNT ?= 5000
EXAMPLES ?= 200
SEED ?= 2
PROCESSES ?= 8
# Without compiled files each process of a test run would compile all modules and tests again.
unexport PYTHONDONTWRITEBYTECODE
WAITING ?= 0
ENDED ?= 0
RATE ?= 1000
ROUNDS ?= 5
# Tests of one file share services, so they run in one process.
# Tests that need them are skipped where they are missing.
NEIGHBOURS := nginx-light caddy curl openssl default-jdk-headless pgbouncer redis-server redis-sentinel
LANGUAGES := go php ruby java
LANGUAGE_PACKAGES := golang-go php-cli ruby default-jdk-headless
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
PYTEST := $(BIN)/pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder
QUICK := not long and not containers and not browser and not javascript and not languages
READY := .venv/.ready
DEV_READY := .venv/.dev-ready
DOCS_READY := .venv/.docs-ready
PROMTOOL := $(BIN)/promtool

.DEFAULT_GOAL := help

help:  ## List the commands
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(READY)  ## Make .venv with imagemill and its dependencies, versions pinned

dev: $(DEV_READY)  ## Add what tests, checks and benchmarks need to .venv

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "imagemill needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(INSTALL) '.[embedded,heic,jxl]'
	@touch $(READY)

$(DEV_READY): $(READY)
	$(INSTALL) '.[embedded,heic,jxl,otel,s3,dev]'
	@touch $(DEV_READY)

demo: venv  ## Start the whole stack, process a picture, show the result
	$(BIN)/imagemill demo

up: venv  ## Run imagemill on this machine until Ctrl-C
	$(BIN)/imagemill up

test: dev  ## Run the tests, except the long ones and those of the containers
	$(PYTEST) -m '$(QUICK)'

test-long: dev  ## Run the long tests: the complete fault matrix, chaos, soak, fuzzing, schemathesis
	$(PYTEST) -m 'long and not containers and not browser and not javascript and not languages'

test-alerts: dev $(PROMTOOL)  ## Test the alerting rules and the dashboard (fetches Debian's promtool where possible)
	$(BIN)/pytest tests/prometheus

# Only the one program of the package, without installing it. Where there is no apt, the tests are skipped.
$(PROMTOOL): $(READY)
	-command -v promtool >/dev/null || (cd .venv && apt-get download prometheus \
	  && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x -C bin --strip-components=3 ./usr/bin/promtool \
	  && rm prometheus_*.deb)

test-browser: dev chromium  ## Test the pages, and compare animations, with Chromium (fetched by apt where possible)
	$(BIN)/pytest -m browser

# Where there is no apt, the tests with a browser are skipped, and say so.
chromium:
	-@command -v chromium chromium-browser google-chrome >/dev/null || \
	  { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends chromium; }

test-js: dev  ## Test the JavaScript client in Node.js (skipped where there is none)
	$(BIN)/pytest -m javascript tests/javascript tests/examples

test-languages: dev  ## Run the code of docs/webhooks.md in Go, PHP, Ruby, Java (fetched by apt where possible) and Node.js
	-@for each in $(LANGUAGES); do command -v $$each >/dev/null || exit 1; done || \
	  { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends $(LANGUAGE_PACKAGES); }
	$(BIN)/pytest -m languages tests/examples

test-containers: dev  ## Build the images and test the compose file (needs a container engine)
	$(BIN)/pytest -m containers

chaos: dev  ## Kill, freeze and flush parts of the stack under load for SECONDS; print one line of results
	cd tests && ../$(BIN)/python -m chaos --seconds $(SECONDS)

soak: dev  ## Run the stack under load for SECONDS without faults, and check that nothing grows
	cd tests && ../$(BIN)/python -m soak --seconds $(SECONDS)

fuzz: dev  ## Process COUNT damaged pictures; print one line of results
	cd tests && ../$(BIN)/python -m fuzz --count $(COUNT)

sweep: dev  ## Compare the pictures of Pillow's tests, or those in FOLDERS, with Pillow and lcms
	cd tests && ../$(BIN)/python -m sweep $(abspath $(FOLDERS))

schemathesis: dev  ## Send a gateway requests that its OpenAPI document allows and forbids
	SCHEMATHESIS_EXAMPLES=$(EXAMPLES) SCHEMATHESIS_SEED=$(SEED) $(BIN)/pytest tests/openapi/test_schemathesis.py

neighbours:  ## Install the proxies, poolers, servers and clients that some tests use, on Debian and its kin
	$(SUDO) apt-get update -qq
	$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $(NEIGHBOURS)

check: dev  ## Check format, lint rules and types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

format: dev  ## Format the code and fix what the linter can fix
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

dist: dev  ## Build the wheel and the source archive into dist/
	@rm -f $(DIST)/imagemill-*
	$(BIN)/hatchling build --directory $(DIST)

release-notes:  ## Print the first section of the changelog: what the next release brings
	@awk '/^## / {sections++} sections == 1' CHANGELOG.md

screenshots: dev chromium  ## Make the pictures of the pages in docs/images
	cd tests && ../$(BIN)/python -m page.screenshots ../docs/images

gallery: dev  ## Render every field of an output into docs/gallery
	$(BIN)/python -m gallery docs/gallery

site: $(DOCS_READY)  ## Build the documents as static pages into SITE
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --site-dir $(abspath $(SITE))

$(DOCS_READY): $(READY)
	$(INSTALL) '.[embedded,heic,jxl,docs]'
	@touch $(DOCS_READY)

api-docs: dev  ## Write docs/api.md from the OpenAPI document
	$(BIN)/python -m apidocs docs/api.md

bench: dev  ## Measure the service compared to bare libvips, in ROUNDS rounds
	$(BIN)/python -m bench.overhead --rounds $(ROUNDS) $(PHOTO)

bench-small: dev  ## Measure small JPEGs without libvips beside the same with it
	$(BIN)/python -m bench.small_jpegs

bench-outputs: dev  ## Measure several outputs compared to the largest one alone
	$(BIN)/python -m bench.outputs $(PHOTO)

bench-keys: dev  ## Measure what authentication costs an upload
	$(BIN)/python -m bench.keys $(PHOTO)

bench-streams: dev  ## Measure a thousand waiting clients: memory, delays, concurrent uploads
	$(BIN)/python -m bench.streams

bench-queue: dev  ## Measure claims and results without pixels; beside WAITING and ENDED jobs too
	$(BIN)/python -m bench.queue_rates --waiting $(WAITING) --ended $(ENDED)

bench-snapshot: SECONDS = 600
bench-snapshot: dev  ## The same while a snapshot is held for SECONDS and RATE jobs/s arrive
	$(BIN)/python -m bench.queue_rates --snapshot --rate $(RATE) --seconds $(SECONDS)

.PHONY: help venv dev demo up neighbours test test-long test-alerts test-browser test-js test-languages test-containers chaos soak fuzz sweep schemathesis check \
  format dist release-notes gallery screenshots chromium \
  site api-docs bench bench-small bench-outputs bench-keys bench-streams bench-queue bench-snapshot
