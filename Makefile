# Domain Compliance Scanner. `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The locks are complete: without --no-deps pip would look for newer versions of extras, which have no hash there.
# What the program needs, and what the tests need besides: who only runs it waits for half of it.
PROGRAM := $(VENV)/.program
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# $(call INSTALL,WHAT): with uv, in seconds; with pip, in a minute, where uv does not run or knows nothing of pip's settings.
INSTALL = { $(BIN)/uv pip install --quiet --python $(BIN)/python $(1) || $(PIP) $(1); }
# The page: its build needs Node, the machine's own where that is new enough, else the one that a Python package carries.
NODE := $(VENV)/.node
NODE_FITS := node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit((major === 22 && minor >= 22) || (major === 24 && minor >= 15) || major >= 26 ? 0 : 1)'
NPM := cd frontend && PATH="$(abspath $(BIN)):$$PATH" npm --no-update-notifier
MODULES := frontend/node_modules/.installed
PAGE := app/web/index.html
PAGE_SOURCES := $(shell find frontend/src frontend/public frontend/index.html frontend/docs.html frontend/precompress.ts frontend/vite.config.ts frontend/tsconfig.json -type f)
# Two processors would idle for half the time with two workers: many tests wait for clocks, sockets and processes. What
# shares a file shares a worker. Without `reorder` files are begun in their order, not the ones of most tests first:
# those that take longest have few, and would come last. After a crash no new worker starts: xdist may wait for it for ever.
WORKERS := 6
PARALLEL = -n $(WORKERS) --dist loadfile --no-loadscope-reorder --max-worker-restart=0
# A test that hangs says where, and ends with its worker, and with it the run: on a busy machine a whole scan takes minutes.
HANGS := -o faulthandler_timeout=600 -o faulthandler_exit_on_timeout=true
# Hundreds of tests start the program anew: without its bytecode each start would compile all of it.
unexport PYTHONDONTWRITEBYTECODE
# A lock that is installed beside another has the versions of that one: $(call PIN,NAME,OTHERS).
PIN = $(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url --custom-compile-command 'make lock' $(2:%=-c requirements/%.txt) requirements/$(1).in -o requirements/$(1).txt
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-distributed serve frontend wheel test test-frontend test-system test-long test-all cover lint format types bench eval lock clean

.PHONY: attack checks test-python page-if-possible

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

setup: $(STAMP) ## Install everything into .venv

$(PROGRAM): requirements/installer.txt requirements/base.txt requirements/build.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "The Python module venv is missing; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Installing the program into $(VENV), this once: it takes up to a minute."
	@$(PYTHON) -m venv $(VENV) && $(PIP) --require-hashes --no-deps -r requirements/installer.txt
	@$(call INSTALL,--require-hashes --no-deps -r requirements/base.txt -r requirements/build.txt)
	@$(call INSTALL,--no-deps --no-build-isolation -e .)
	@touch $@

$(STAMP): $(PROGRAM) requirements/dev.txt
	@echo "Installing what tests and checks need into $(VENV), this once: up to another minute."
	@$(call INSTALL,--require-hashes --no-deps -r requirements/dev.txt)
	@touch $@

demo: $(PROGRAM) $(if $(DEMO_ONCE),,page-if-possible) ## Scan the bundled test internet live; page at http://127.0.0.1:8000 (DEMO_ONCE=1 ends after the scan)
	@$(BIN)/compliance demo $(if $(DEMO_ONCE),--once)

demo-distributed: setup ## PostgreSQL, Redis, two servers, two workers, a browser worker, and a scan watched through both (DEMO_ONCE=1 ends after it)
	@$(BIN)/python -m tests.demo_distributed $(if $(DEMO_ONCE),--once)

serve: $(PROGRAM) page-if-possible ## The service for real domains at http://127.0.0.1:8000
	@$(BIN)/compliance serve

test: setup ## What protects every commit: style, types, floors and the tests that need nothing but Python
	@$(MAKE) --no-print-directory -j 2 checks test-python

# Beside the tests, which wait now and then: what it says comes in one piece.
checks:
	@if $(MAKE) --no-print-directory lint types >.checks.log 2>&1; then echo "Style, types and floors: fine."; else cat .checks.log; exit 1; fi

# In a fresh clone each of the six would compile all tests for itself, at the same time as the others.
test-python:
	@[ -d tests/__pycache__ ] || $(BIN)/python -m pytest --collect-only -q >.checks.tests.log 2>&1 </dev/null || cat .checks.tests.log
	$(BIN)/python -m pytest $(PARALLEL) $(HANGS) </dev/null

$(NODE): $(PROGRAM) requirements/node.txt
	@{ command -v npm && $(NODE_FITS); } >/dev/null 2>&1 || { echo "Installing Node into $(VENV), this once: it takes up to a minute."; $(call INSTALL,--require-hashes --no-deps -r requirements/node.txt); }
	@touch $@

$(MODULES): $(NODE) frontend/package.json frontend/package-lock.json
	@echo "Installing what the build of the page needs into frontend/node_modules, this once."
	@$(NPM) ci --silent
	@touch $@

frontend: $(PAGE) ## Build the page, which the server then shows at / (Node comes by itself)

# What demo and serve begin with.
page-if-possible: $(PROGRAM)
	@$(MAKE) --no-print-directory frontend || echo "The page could not be built; the program goes on without it. To try again: make frontend"

$(PAGE): $(MODULES) $(PAGE_SOURCES)
	@echo "Building the page; this takes half a minute."
	@$(NPM) run --silent build -- --logLevel warn

wheel: $(PAGE) ## The program with the built page as one file in dist/
	@$(BIN)/python -m hatchling build -t wheel -d dist

test-frontend: $(MODULES) ## Types and tests of the page, its client library before the real server too (Node comes by itself)
	$(NPM) run check
	$(NPM) test

# Most have a browser: of six, pages were not rendered within the time that a scan gives them.
test-system: WORKERS := 4
test-system: setup frontend ## Tests that need Chromium, fonts, PostgreSQL, Redis, documentation packages and npm
	$(BIN)/python -m pytest -m 'system and not long' $(PARALLEL) $(HANGS) </dev/null

test-long: setup frontend ## Properties, fuzzing, corpora, whole scans, attacks, faults and benchmarks: whole where what they guard has changed, else a quarter
	$(BIN)/python -m tests.long </dev/null

test-all: test test-frontend test-system ## Every test there is, the long runs whole
	$(BIN)/python -m tests.long --whole </dev/null

# What attackers try on a running server, and what is kept from them by deployment, locks, tables, settings and the log.
ATTACKS := tests/attack tests/system/test_nginx.py tests/system/test_deploy.py tests/docs/test_deploy.py tests/docs/test_locks.py \
	tests/unit/api/test_proxy_headers.py tests/unit/core/test_config.py tests/unit/core/test_redact.py tests/unit/core/test_spreadsheet.py \
	tests/unit/cli/doctor/test_browser_network.py tests/integration/test_api_cookie_auth.py

# Not in `make help`: see CONTRIBUTING.md. `-m ''`: whatever these tests need otherwise.
attack: WORKERS := 4
attack: setup
	$(BIN)/python -m pytest -m '' $(PARALLEL) $(HANGS) $(ATTACKS) </dev/null

cover: setup ## Branch coverage of `make test`, of the long runs of its kind, and of the system tests of events, websocket and monitor; fails below 85 % of app, and 95 % of these
	$(BIN)/python -m coverage erase
	$(BIN)/python -m pytest $(PARALLEL) $(HANGS) --cov --cov-report= </dev/null
	$(BIN)/python -m pytest -m 'long and not system' $(PARALLEL) $(HANGS) --cov --cov-append --cov-report= tests/e2e tests/eval tests/integration tests/unit/engines/test_patterns.py </dev/null
	$(BIN)/python -m pytest -m system $(PARALLEL) $(HANGS) --cov --cov-append --cov-report= tests/unit/events tests/unit/websocket tests/unit/monitor </dev/null
	$(BIN)/python -m coverage report --fail-under=85
	$(BIN)/python -m coverage report --include='app/events/*,app/websocket/*,app/monitor/*' --fail-under=95

lint: setup ## Style, and the floors: who may import whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

format: setup ## Put the code in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: setup ## mypy, strict
	$(BIN)/mypy

bench: setup ## Numbers of crawl and names, the real-time core, the fan-out beside a bare C loop, two servers, growth, all sites and the write lock (half an hour; needs PostgreSQL and Redis)
	$(BIN)/python bench/crawl.py
	$(BIN)/python bench/discovery.py
	$(BIN)/python bench/realtime.py
	$(BIN)/python bench/fanout.py
	$(BIN)/python bench/two_servers.py
	$(BIN)/python bench/growth.py
	$(BIN)/python bench/sites.py
	$(BIN)/python bench/sites.py --users 1 --targets 400 --scans 5000
	$(BIN)/python bench/writelock.py
	$(BIN)/python bench/housekeeping.py --tasks 5000 --events 200000 --large 50000

eval: setup ## Precision and recall of the analysis on the labelled sets
	$(BIN)/python -m tests.eval.eval_set
	$(BIN)/python -m tests.eval.eval_site
	$(BIN)/python -m tests.eval.eval_batch

lock: setup ## Pin requirements/*.txt anew, with hashes and without addresses
	$(call PIN,base)
	$(call PIN,build,base)
	$(call PIN,distributed,base)
	$(call PIN,learning,base)
	$(call PIN,telemetry,base)
	$(call PIN,dev,base build distributed learning telemetry)
	$(call PIN,font)
	$(call PIN,node)
	$(call PIN,installer)

clean: ## Remove what setup and tests made
	rm -rf $(VENV) frontend/node_modules app/web .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis htmlcov .coverage .coverage.* .faults.jsonl .checks.log
