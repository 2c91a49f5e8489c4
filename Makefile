# Every target that has a comment after ## is listed by `make help`.
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
export PYTHONUTF8 := 1

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test check assurance canary fuzz probe scanner flood faults herd mutation previous bench pages format catalogues lock locked audit sbom reference pictures

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

setup: ## install everything that `make run` needs; afterwards .venv/bin/careweb works
	@test -n "$(PYTHON)" || { echo "careweb needs Python 3.11 or newer: sudo apt-get install python3"; exit 1; }
	@$(PYTHON) ops/setup.py --compile

setup-dev: ## the same, and what tests and checks need (a browser, fonts, development packages)
	@test -n "$(PYTHON)" || { echo "careweb needs Python 3.11 or newer: sudo apt-get install python3"; exit 1; }
	@$(PYTHON) ops/setup.py --dev

run: ## set up and start the whole product with a demonstration circle (PORT, DATABASE_URL, REDIS_URL, CAREWEB_STATE); Ctrl-C ends it
	@test -n "$(PYTHON)" || { echo "careweb needs Python 3.11 or newer: sudo apt-get install python3"; exit 1; }
	@$(PYTHON) ops/setup.py # without compiling: the solver does that meanwhile
	@exec $(BIN)/careweb demo

test: setup-dev ## the whole suite against real servers; ARGS='-k words' for some of it
	@$(BIN)/python -m pytest $(or $(ARGS),--numprocesses=2 --dist=loadfile)

assurance: setup-dev ## the same tests with full counts, for long (ARGS='pages canary' for some); into docs/assurance.md
	@$(BIN)/python -m tools.assurance $(ARGS)

canary: setup-dev ## every free field marked in five scripts, and all that is left on a disk searched; into docs/assurance.md
	@$(BIN)/python -m tools.assurance canary

fuzz: setup-dev ## what is another group's against what is nobody's, by every route; into docs/assurance.md
	@$(BIN)/python -m tools.assurance fuzz

probe: setup-dev ## twenty accounts that move a thousand times around a home; into docs/assurance.md
	@$(BIN)/python -m tools.assurance probe

N ?= 2000
FAULTS ?= 84
SEED ?= 1
MINUTES ?= 4
faults: setup-dev ## ask and answer while everything fails (N, FAULTS, SEED, MINUTES); nothing may be lost or happen twice
	@$(BIN)/python -m tests.faults --needs $(N) --faults $(FAULTS) --seed $(SEED) --minutes $(MINUTES)

ROUNDS ?= 500
herd: setup-dev ## two hundred say yes at once, ROUNDS times over; says how long they wait
	@CAREWEB_ROUNDS=$(ROUNDS) $(BIN)/python -m pytest -q -s tests/flows/test_herd.py

mutation: setup-dev ## drop every constraint, every guard of a move or a function and every policy of rows, one at a time: a test must notice each
	@$(BIN)/python -m tools.mutation $(ARGS)

previous: setup-dev ## the tests of the release before (or of REV) on the schema of this one
	@$(BIN)/python -m tools.previous $(REV)

check: setup-dev ## lint, format, types, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

scanner: setup-dev ## links of every kind, 100 times fetched by mail scanners and pressed by bots; into docs/assurance.md
	@$(BIN)/python -m tools.assurance scanner

flood: setup-dev ## 10,000 needs from three networks (POSTS=), and the people who ask meanwhile
	@CAREWEB_FLOOD=$(or $(POSTS),10000) $(BIN)/python -m pytest -s tests/web/test_flood.py

bench: setup-dev ## what is measured, into docs/benchmarks.md; ARGS=--help lists the parts
	@$(BIN)/python -m bench $(ARGS)

format: setup-dev ## put every Python file into the one format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

WEEK_AGO = $(shell $(PYTHON) -c 'import datetime as d; print((d.datetime.now(d.UTC) - d.timedelta(days=7)).date())')
RESOLVE = uv pip compile --quiet --generate-hashes --universal --no-emit-index-url --no-header --no-annotate \
	--python-version 3.11 pyproject.toml ops/build.in
LOCK = $(RESOLVE) --upgrade --exclude-newer $(WEEK_AGO)
AGAIN = $(RESOLVE) --exclude-newer $$($(PYTHON) -m tools.locked)

catalogues: setup-dev ## every string of the pages into every catalogue of locale/ (docs/translating.md)
	@$(BIN)/python -m tools.catalogues

lock: ## renew requirements*.txt: the newest versions that are at least a week old, with hashes
	$(LOCK) -o requirements.txt
	$(LOCK) --group dev -o requirements-dev.txt
	$(PYTHON) -m tools.locked $(WEEK_AGO)

locked: ## ask again whether no locked version is younger than locked.toml says: the same bytes, or it fails (needs uv and a registry)
	@mkdir -p .cache && cp requirements.txt requirements-dev.txt .cache/
	$(AGAIN) -o .cache/requirements.txt && cmp .cache/requirements.txt requirements.txt
	$(AGAIN) --group dev -o .cache/requirements-dev.txt && cmp .cache/requirements-dev.txt requirements-dev.txt

pages: setup-dev ## the browser tests, and what they measured of every page, into docs/accessibility.md (EVERY=1: all languages, widths, rules)
	@$(if $(EVERY),CAREWEB_EVERY=1) $(BIN)/python -m tools.accessibility

audit: setup-dev ## ask whether a locked package has a known weakness; what cannot be looked up counts as one
	$(BIN)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off -r requirements.txt
	$(BIN)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off -r requirements-dev.txt

sbom: setup-dev ## what an installation is made of, as CycloneDX, into .cache/careweb-*.cdx.json
	@mkdir -p .cache && $(BIN)/python -m tools.sbom

reference: setup-dev ## write the lists of settings and commands in docs from the code
	$(BIN)/python -m tools.reference

pictures: setup-dev ## the README's pictures, from a demonstration of its own
	$(BIN)/python -m tools.pictures
