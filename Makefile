# What can be done here: `make help`. Only Python, make and a package registry are needed.

PYTHON ?= python3
DOMAIN_COVERAGE = 100
COVERAGE = 95
JOBS ?= 3

IN = .venv/bin/python -m
STAMP = .venv/complete
OLDEST = 3.11
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help demo tour test test-browser bench chaos check format lock
.DELETE_ON_ERROR:

help:  ## show this
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name words; \
	do printf '  make %-13s %s\n' "$$name" "$$words"; done

demo: $(STAMP)  ## a Slack-like page with the bot in it; ARGS="--port 9000" and so on
	@$(IN) bot demo $(ARGS)

tour: $(STAMP)  ## a whole incident without a browser, as a transcript
	@$(IN) bot demo --tour $(ARGS)

test: $(STAMP)  ## all tests, several at a time; ARGS="-k thread" and so on
	@$(IN) pytest -n $(JOBS) --dist worksteal $(ARGS)

test-browser: $(STAMP)  ## only the tests that drive Debian's Chromium
	@$(IN) pytest -m browser $(ARGS)

bench: $(STAMP)  ## how fast it is; ARGS="acking calls" for a part, SIZES=1000,10000,100000 for the full run
	@$(IN) bench $(ARGS) $(if $(SIZES),--sizes $(SIZES))

chaos: $(STAMP)  ## people act while processes are killed and Slack fails; ROUNDS=20, SEED= of a run to play again
	@$(IN) tests.chaos $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SEED),--seed $(SEED))

check: $(STAMP)  ## everything that CI runs
	$(IN) ruff format --check .
	$(IN) ruff check .
	$(IN) mypy
	.venv/bin/python .venv/bin/lint-imports
	@$(MAKE) tour
	@$(MAKE) test ARGS="-p tests.quick_coverage --cov --cov-report="
	@$(IN) coverage report --include='domain/*' --fail-under=$(DOMAIN_COVERAGE)
	@$(IN) coverage report --fail-under=$(COVERAGE)

format: $(STAMP)  ## put the code in order
	@$(IN) ruff check --fix .
	@$(IN) ruff format .

lock: $(STAMP)  ## renew requirements.lock from pyproject.toml; ARGS=--upgrade for newer versions
	@$(IN) uv pip compile --quiet --system-certs --universal --python-version $(OLDEST) --all-extras --generate-hashes \
		--no-header --no-strip-extras -o requirements.lock pyproject.toml $(ARGS)

# Made anew whenever it is not known to be whole: an interrupted installation can leave half a package behind.
$(STAMP): requirements.lock pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < tuple(map(int, "$(OLDEST)".split("."))))' 2>/dev/null || { \
		echo "Python $(OLDEST) or newer is needed, and $(PYTHON) is $$("$(PYTHON)" -V 2>/dev/null || echo missing)." >&2; \
		echo "Name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@if test -e .venv; then echo "Renewing .venv, about a minute..."; \
		else echo "Creating .venv, about a minute..."; fi >&2
	@"$(PYTHON)" -m venv --clear .venv
	@$(IN) pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements.lock
	@$(IN) pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation -e .
	@touch $(STAMP)
