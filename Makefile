# Domain Compliance Scanner. `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What the program needs, and what the tests need besides: who only runs it waits for half of it.
PROGRAM := $(VENV)/.program
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Many tests wait for clocks, sockets and processes; what shares a file shares a worker.
PARALLEL := -n 2 --dist loadfile
.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-system attack contract conformance chaos soak cover lint format types imports bench eval lock clean

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

setup: $(STAMP) ## Install everything into .venv

$(PROGRAM): requirements/base.txt requirements/build.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "The Python module venv is missing; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Installing the program into $(VENV), this once: it takes about a minute, and pip says nothing meanwhile."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes -r requirements/base.txt -r requirements/build.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(STAMP): $(PROGRAM) requirements/dev.txt
	@echo "Installing what tests and checks need into $(VENV), this once: about another minute."
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(PROGRAM) ## Scan the bundled test internet live; page at http://127.0.0.1:8000 (DEMO_ONCE=1 ends after the scan)
	@$(BIN)/compliance demo $(if $(DEMO_ONCE),--once)

serve: $(PROGRAM) ## The service for real domains at http://127.0.0.1:8000
	@$(BIN)/compliance serve

test: setup lint types imports ## All tests that need nothing but Python
	$(BIN)/python -m pytest $(PARALLEL)

test-system: setup ## Tests that need Chromium, fonts, documentation packages and npm
	$(BIN)/python -m pytest -m system

attack: setup ## What attackers did to the server, against a real one (needs nginx)
	$(BIN)/python -m pytest -m 'system or not system' tests/attack tests/system/test_nginx.py

contract: setup ## The real-time contract before AsyncAPI's official parser (needs npm)
	$(BIN)/python -m pytest -m system tests/system/test_asyncapi.py

conformance: setup ## The Autobahn cases against our WebSocket protocol class
	$(BIN)/python -m pytest tests/conformance

chaos: setup ## Fifteen minutes of kills, freezes, full disks, locks and lost hints; then an oracle (MINUTES=1, SEED=7)
	$(BIN)/python bench/chaos.py --minutes $(or $(MINUTES),15) $(if $(SEED),--seed $(SEED))

soak: setup ## Ten minutes with 5,000 idle connections that come and go (MINUTES=1 for less)
	$(BIN)/python bench/soak.py --minutes $(or $(MINUTES),10)

cover: setup ## The same tests, with branch coverage; fails below 85 % of app, and 95 % of events, websocket and monitor
	$(BIN)/python -m coverage erase
	$(BIN)/python -m pytest $(PARALLEL) --cov --cov-report=
	$(BIN)/python -m coverage report --fail-under=85
	$(BIN)/python -m coverage report --include='app/events/*,app/websocket/*,app/monitor/*' --fail-under=95

lint: setup ## Style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: setup ## Put the code in the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: setup ## mypy, strict
	$(BIN)/mypy

imports: setup ## The floors of the house
	$(BIN)/lint-imports

bench: setup ## Numbers of the crawl, the real-time core, the fan-out beside a bare C loop, growth and the write lock (half an hour)
	$(BIN)/python bench/crawl.py
	$(BIN)/python bench/realtime.py
	$(BIN)/python bench/fanout.py
	$(BIN)/python bench/growth.py
	$(BIN)/python bench/writelock.py
	$(BIN)/python bench/housekeeping.py --tasks 5000 --events 200000 --large 50000

eval: setup ## Precision and recall of the analysis on the labelled set
	$(BIN)/python bench/eval.py

lock: setup ## Pin requirements/*.txt anew, with hashes and without addresses
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url --custom-compile-command 'make lock' requirements/base.in -o requirements/base.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url --custom-compile-command 'make lock' -c requirements/base.txt requirements/build.in -o requirements/build.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url --custom-compile-command 'make lock' -c requirements/base.txt -c requirements/build.txt requirements/dev.in -o requirements/dev.txt

clean: ## Remove what setup and tests made
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis htmlcov .coverage .coverage.*
