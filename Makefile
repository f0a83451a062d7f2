# Everything runs from .venv, which is made on first use and remade when a lock file changes.
PYTHON ?= python3
BIN := .venv/bin
# One test process for each core; `make test WORKERS=0` runs in this process (for a debugger).
WORKERS ?= auto
DEMO_ARGS ?=

# `make bench BARS=B1a,B2 SCALE=0.1 PAIRS=1` runs some bars on a part of the items; see benchmarks/README.md.
BARS ?=
SCALE ?= 1
PAIRS ?= 5

# `make simulate SEEDS=5000`, `make simulate SEED=17`: the daemon's lives in virtual time; `make crash KILLS=1000 DATABASE=postgresql`.
SEEDS ?= 300
SEED ?=
# Which ways all of them go, beside polling: WITH=polling, webhooks, backfill or both.
WITH ?=
# `make webhooks HISTORIES=10 FIRST=40 PROCESSES=1`: ten histories from the 40th on, one after another.
HISTORIES ?= 100
SCHEDULES ?= 20
FIRST ?=
PROCESSES ?=
KILLS ?= 50
# `make soak MINUTES=2 SEED=7 PER_S=2`: so many minutes, another order of troubles, edits a second.
MINUTES ?= 30
PER_S ?= 1
DATABASE ?= sqlite

# `make mutation SAMPLE=100 SEED=7`, `make mutation SAMPLE=all` (which takes two hours).
SAMPLE ?= 400

.PHONY: help demo test test-all check bench simulate webhooks power crash soak mutation format lock clean

help:
	@echo "make demo      the main job in the embedded sandbox (DEMO_ARGS=--once stops when all is quiet)"
	@echo "make test      every test that needs nothing from the system"
	@echo "make test-all  the same, then what needs a real Redmine, and the long property runs"
	@echo "make check     lint, types, architecture"
	@echo "make bench     how fast: against the physical limit and other tools (BARS=B1a,B2 SCALE=0.1 PAIRS=1)"
	@echo "make simulate  SEEDS lives of the daemon in virtual time, with people, faults and deaths; SEED=17 lives one again"
	@echo "make webhooks  HISTORIES of edits, each by polling alone and under SCHEDULES of unreliable webhooks: all must end alike"
	@echo "make power     how many lives it takes to find each of the bugs planted for that"
	@echo "make crash     the real process killed at every point of its protocol, then KILLS times at random"
	@echo "make soak      the real daemon between four tools for MINUTES, with people, faults and a locked store; one line of figures"
	@echo "make mutation  the share of small faults in reconcile and the journal that tests notice (SAMPLE=400 SEED=1, SAMPLE=all)"
	@echo "make format    lay the code out as 'make check' wants it"
	@echo "make lock      choose dependency versions anew (needs uv)"

.venv/.run: requirements.lock pyproject.toml
	@echo "Setting up .venv (once) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

.venv/.dev: .venv/.run requirements-dev.lock
	@echo "Adding what the tests need (once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: .venv/.run
	@$(BIN)/syncd demo $(DEMO_ARGS)

test: .venv/.dev
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not redmine and not slow"

test-all: test
	$(BIN)/python -m tests.with_redmine $(BIN)/pytest -n $(WORKERS) --dist worksteal -m "redmine or slow"

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q -p no:cacheprovider tests/test_architecture.py

bench: .venv/.run
	@$(BIN)/python -m benchmarks "$(BARS)" "$(SCALE)" "$(PAIRS)"

simulate: .venv/.dev
	@$(BIN)/python -m tests.simulation "$(SEEDS)" "$(SEED)" "$(WITH)"

webhooks: .venv/.dev
	@$(BIN)/python -m tests.simulation.webhooks "$(HISTORIES)" "$(SCHEDULES)" "$(or $(FIRST),0)" "$(PROCESSES)"

power: .venv/.dev
	@$(BIN)/python -m tests.simulation.power "$(SEEDS)"

crash: .venv/.dev
	@$(BIN)/python -m tests.crash "$(KILLS)" "$(DATABASE)"

soak: .venv/.dev
	@$(BIN)/python -m tests.soak "$(MINUTES)" "$(or $(SEED),1)" "$(PER_S)"

.cache/mutation/.made: requirements-dev.lock tests/mutation/mutmut.txt
	@echo "Setting up .cache/mutation (once) ..."
	@$(PYTHON) -m venv --clear .cache/mutation
	@for lock in $^; do .cache/mutation/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $$lock || exit; done
	@touch $@

mutation: .cache/mutation/.made
	@.cache/mutation/bin/python -m tests.mutation "$(SAMPLE)" "$(or $(SEED),1)"

format: .venv/.dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock:
	uv pip compile pyproject.toml --extra sandbox --extra postgres --extra otel --extra build $(LOCK_FLAGS) -o requirements.lock
	uv pip compile pyproject.toml --extra sandbox --extra postgres --extra otel --extra build --extra dev -c requirements.lock $(LOCK_FLAGS) -o requirements-dev.lock
	for peer in floor dlt tap; do \
	    uv pip compile benchmarks/peers/$$peer.in $(LOCK_FLAGS) -o benchmarks/peers/$$peer.txt; done
	uv pip compile tests/mutation/mutmut.in -c requirements-dev.lock $(LOCK_FLAGS) -o tests/mutation/mutmut.txt

LOCK_FLAGS := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

clean:
	rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis demo
