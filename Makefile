# `make help` lists the targets. Each works on a fresh clone: it makes the virtual environment first.
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8000
WORKERS ?= 3# of the tests, which often wait: one more than the cores of a small machine
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo dev test quick one check prove format bench lock screenshot browsers accessibility acceptance clean browser pdf \
	checker ops-test

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: .venv/run ## Try the portal: PORT=8000 DATA_DIR=.mypage NOW=2026-01-10T09:00
	@bin/pdf || true
	@exec $(BIN)/mypage demo --port $(PORT) $(if $(DATA_DIR),--data-dir "$(DATA_DIR)") $(if $(NOW),--now "$(NOW)")

# The tests start a hundred programs, each worker loads three hundred modules: what one compiled, the next finds.
dev test quick one ops-test: export PYTHONDONTWRITEBYTECODE :=
dev: .venv/dev ## The demo, started again at each change of code, templates, CSS: PORT=8000 DATA_DIR=.mypage
	@bin/pdf || true
	@exec $(BIN)/python bin/dev.py --port $(PORT) $(if $(DATA_DIR),--data-dir "$(DATA_DIR)")

test: .venv/dev browser pdf checker ## Run the whole test suite, browsers and HTML checker included
	@rm -rf .build/pages
	$(BIN)/python -W "ignore:Unable to activate pytest branch" -m slipcover --branch --skip-covered --source app \
		-m pytest -n $(WORKERS) --dist worksteal tests e2e
	$(BIN)/python -m e2e.vnu

quick: WORKERS = 2# a third one costs ten seconds of computing, and these tests hardly wait
quick: .venv/dev ## The tests without browsers and without what is slow: under a minute on two cores
	@TIMEFORMAT="make quick took %0R seconds"; time $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal \
		--hypothesis-profile quick -m "not slow" --ignore tests/commands --ignore tests/mail_server --ignore tests/postgres tests

one: .venv/dev ## One file or test: make one T=tests/test_forms.py::test_…
	@[ -n "$(T)" ] || { echo "Say which: make one T=tests/test_forms.py, or T=tests/test_forms.py::test_…"; exit 1; }
	$(BIN)/python -m pytest "$(T)"

ops-test: .venv/dev ## What is in ops/, with real programs on loopback; part of `make test` too
	@bin/proxy-packages
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile tests/ops

check: .venv/dev ## Formatting, lint, types, repeated templates
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tests.repeated app/partials

prove: .venv/dev ## What a confirm page says is what the bill says: 10,000 random lives; 8 writers of events; the day of docs/adopting.md with 30,000 contracts
	$(BIN)/python -m pytest -q --hypothesis-profile prove tests/money/test_previews.py -k random
	EVENTS_SECONDS=20 $(BIN)/python -m pytest -q -s tests/ops/test_event_reader.py -k writers
	ADOPTING=whole $(BIN)/python -m pytest -q tests/test_adopting.py

format: .venv/dev ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/dev ## Measure: imports and billing of 100,000 contracts, pages per second
	$(BIN)/python -m bench.import_contracts
	$(BIN)/python -m bench.bill_close
	$(BIN)/python -m bench.import_calls
	$(BIN)/python -m bench.pages
	$(BIN)/python -m bench.changes
	$(BIN)/python -m bench.sizing

browsers: .venv/dev .build/browsers/ready ## The journeys in other engines: ENGINES="chromium firefox webkit old-webkit"
	@bin/browsers $(ENGINES)
	@status=0; for engine in $(ENGINES); do \
		echo "$$engine:"; .build/browsers/bin/python -m pytest browsers --engine $$engine || status=1; done; exit $$status
ENGINES = chromium firefox webkit old-webkit

accessibility: .venv/dev browser ## Look at every screen, and write what came of it for the policy page
	@mkdir -p .build; $(BIN)/python -m pytest -q -n $(WORKERS) e2e/test_accessibility.py --junitxml .build/accessibility.xml; \
		$(BIN)/python -m e2e.results .build/accessibility.xml

# A password on the command line stands in the list of processes and in the shell's history.
SECRETS = ACCEPTANCE_PASSWORD ACCEPTANCE_ACCOUNT_PASSWORD ACCEPTANCE_TOTP
SHOWN = $(foreach name,$(SECRETS),$(if $(filter command,$(origin $(name))),$(name)))
acceptance: .venv/dev ## Play journeys against a portal that runs already: URL=https://… NUMBER=…, see docs/acceptance.md
	@[ -z "$(strip $(SHOWN))" ] || { echo "$(strip $(SHOWN)): write it before make, or let it be asked for"; exit 2; }
	@bin/browser alone
	@$(BIN)/python -m acceptance $(TESTS)

screenshot: .venv/dev browser ## Make the README's screenshot again
	$(BIN)/python -m e2e.screenshot

# With the oldest Python that we support (PYTHON=python3.11, as Debian 12 has it): a newer one may lock what it refuses.
lock: ## Lock the dependencies anew, with hashes and without URLs
	$(PYTHON) -m venv .build/lock && .build/lock/bin/pip install --quiet pip-tools
	.build/lock/bin/pip-compile $(LOCKING) --extra demo --extra pdf --output-file requirements.lock pyproject.toml
	.build/lock/bin/pip-compile $(LOCKING) --extra dev --constraint requirements.lock \
		--output-file requirements-dev.lock pyproject.toml
	.build/lock/bin/pip-compile $(filter-out --all-build-deps,$(LOCKING)) \
		--output-file browsers/requirements.lock browsers/requirements.in
LOCKING := --quiet --upgrade --all-build-deps --generate-hashes --strip-extras --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links

clean: ## Remove what was built; the demo's data stays
	rm -rf .venv .build .pytest_cache .mypy_cache .ruff_cache .hypothesis e2e/node_modules

# --- what the targets stand on ----------------------------------------------------------------------------------------

.venv/bin/pip:
	@bin/venv $(PYTHON)

INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check --no-deps
.venv/run: .venv/bin/pip requirements.lock pyproject.toml
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --no-build-isolation --editable .
	@touch $@

.venv/dev: .venv/run requirements-dev.lock
	$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

# What drives the other engines is of another version than what drives Chromium; the rest it finds in .venv.
.build/browsers/ready: .venv/dev browsers/requirements.lock
	@rm -rf .build/browsers && $(BIN)/python -m venv .build/browsers
	.build/browsers/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r browsers/requirements.lock
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		> "$$(.build/browsers/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/portal.pth"
	@touch $@

browser:
	@bin/browser

pdf:
	@bin/pdf

checker:
	@command -v npm > /dev/null || { echo "npm is missing; install Node.js with npm (Debian: apt install npm)"; exit 1; }
	@[ -d e2e/node_modules/vnu-jar ] || npm ci --prefix e2e --loglevel=error --no-audit --no-fund
