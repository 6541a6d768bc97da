# Every target works from a fresh clone on Debian with Python 3.11 and pip.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready-to-run
READY_DEV := $(VENV)/.ready-to-test
# Tests wait for servers and browsers half of their time: three run at a time on two cores.
WORKERS ?= 3
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test attacks browser bite coverage orders test-slow test-third test-spark check bench bench-counter cost faults mutation docs schema sbom lock resolve lowest latest installed clean

run: $(READY)  ## visits of the five areas explained, then a day at made-up counters
	@$(BIN)/python -m gongji.cli.tour
	@$(BIN)/gongji demo

test: $(READY_DEV) browser  ## the tests
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile

attacks: $(READY_DEV)  ## the attacks of docs/operate/security.md, each against a live service
	@$(BIN)/python -m pytest -q -n $(WORKERS) $(addprefix tests/,$(ATTACKS))

ATTACKS = $(shell $(BIN)/python tests/tidy/attacks.py)

# The pages are tested in Debian's Chromium, with a font that has Chinese; without them those tests
# are skipped with a word.
browser:
	@command -v chromium >/dev/null 2>&1 && fc-list 2>/dev/null | grep -qi "noto.*cjk" || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && \
	    (apt-get update -qq; apt-get install -y -qq --no-install-recommends chromium fontconfig fonts-noto-cjk) \
	    >/dev/null 2>&1; } || \
	  echo "Chromium or a Chinese font is missing: tests of the pages in a browser may be skipped"

bite: $(READY_DEV) browser  ## one fault in the code at a time; some test must tell of each
	@$(BIN)/python tests/faults_in_code/bite.py

coverage: $(READY_DEV) browser  ## which branches the tests run, those of other processes counted
	@rm -rf build/coverage
	@mkdir -p build && mkdir -m 1777 build/coverage  # parts of a service that root starts are another user's
	@$(BIN)/python -m coverage run -m pytest -q -n $(WORKERS)
	@$(BIN)/python -m coverage combine -q
	@$(BIN)/python -m coverage report

orders: $(READY_DEV) browser  ## each folder of tests alone, all in reverse, all shuffled
	@$(BIN)/python tests/orders.py

test-slow: $(READY_DEV) browser  ## that, a million person-years against the oracle, every figure changed
	@$(BIN)/python tests/orders.py --all

test-third: $(READY_DEV) browser  ## the day's third of test-slow, as far as half a minute goes
	@$(BIN)/python tests/orders.py --all --third today --seconds 30

test-spark: $(READY_DEV)  ## buckets by Apache Spark: brings PySpark (400 MB) and Java, where it may
	@command -v java >/dev/null 2>&1 || { [ "$$(id -u)" = 0 ] && \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless; } || \
	  echo "Java 17 is missing: the tests of Spark are skipped"
	@$(INSTALL) --no-build-isolation --editable '.[spark]'
	@$(BIN)/python -m pytest -q -rs -m slow tests/batch/test_spark.py

check: $(READY_DEV)  ## style, types, imports, rulebooks
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/gongji check

bench: $(READY_DEV)  ## speed and scale of files, and of the calculator's pages
	@$(BIN)/python bench/bench.py
	@$(BIN)/python bench/portal.py
	@$(BIN)/python bench/console.py
	@$(BIN)/python bench/reform.py

bench-counter: $(READY_DEV)  ## settlements at the counter against pgbench (YARDSTICK=folder)
	@$(BIN)/python bench/counter.py $(if $(YARDSTICK),--yardstick $(YARDSTICK))

cost: $(READY_DEV)  ## what a settlement costs beside an earlier commit (BEFORE=commit)
	@$(BIN)/python bench/cost.py $(if $(BEFORE),--before $(BEFORE))

faults: $(READY_DEV)  ## kill, cut, repeat, alter under load; nothing may be lost or doubled
	@PYTHONPATH=tests/faults:bench $(BIN)/python tests/faults/run.py

mutation: $(READY_DEV)  ## change every figure of the shipped rulebooks; some test must fail
	@$(BIN)/python -m pytest -q -m slow tests/mutation

docs: $(READY_DEV)  ## the generated pages
	@$(BIN)/gongji check --schema > docs/generated/rulebook.schema.json
	@$(BIN)/python tests/tidy/reference.py

schema: $(READY_DEV)  ## the page and the picture of the tables
	@$(BIN)/python tests/tidy/schema_page.py

sbom: $(READY_DEV)  ## the bill of materials (CycloneDX) of what gongji runs on: build/sbom.json
	@mkdir -p build
	@$(BIN)/python tests/tidy/sbom.py > build/sbom.json

lock: $(READY_DEV)  ## the pinned dependencies anew
	@$(BIN)/python -m piptools compile $(LOCK) $(RUNS) --output-file requirements.txt
	@$(BIN)/python -m piptools compile $(LOCK) $(RUNS) --extra pandas --extra dev --output-file requirements-dev.txt

# What `make run` needs; Spark brings 400 MB that only a cluster's owner wants.
RUNS := --extra platform --extra plot
resolve: | $(BIN)/python  ## whether every extra resolves on Windows, macOS and Linux, Python 3.11 to 3.13
	@$(BIN)/python tests/resolve.py

lowest latest: | $(BIN)/python  ## the tests of files and rules on the lowest (latest) versions allowed
	@$(BIN)/python tests/versions.py $@

PYTHONS ?= python3
installed: $(READY_DEV)  ## the wheel and each extra in the hands of an ordinary user (PYTHONS="python3.12 …")
	@$(BIN)/python tests/installed.py $(PYTHONS)

LOCK := --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
  --build-deps-for editable pyproject.toml

clean:
	rm -rf $(VENV) build dist src/*.egg-info

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "gongji needs Python 3.11 or newer; set PYTHON=..., e.g. make run PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv module is missing; on Debian: sudo apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(READY): requirements.txt pyproject.toml | $(BIN)/python
	@$(INSTALL) --require-hashes -r requirements.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src
	@touch $@

$(READY_DEV): requirements-dev.txt pyproject.toml | $(BIN)/python
	@$(INSTALL) --require-hashes -r requirements-dev.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src
	@touch $@ $(READY)
