# Every target installs what it needs into .venv by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev

.PHONY: demo run test test-long bench lint lock image clean

$(STAMP): pyproject.toml requirements.lock
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	# Compiles the rule engine once; every later start loads it.
	$(BIN)/python -c "from pipelines.rules.matcher import RuleSet; RuleSet.compile([])"
	touch $@

$(DEV_STAMP): $(STAMP) requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

# The bundled scenario through the whole system; ONCE=1 ends by itself.
demo: $(STAMP)
	$(BIN)/wirewatch demo $(if $(ONCE),--once)

# The default catalogue against the real network; CONFIG=FILE for your own settings.
run: $(STAMP)
	$(BIN)/wirewatch run $(if $(CONFIG),--config $(CONFIG))

lint: $(DEV_STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: lint
	$(BIN)/pytest
	sh tools/test_wheel.sh $(BIN)/python

# More kills, and 200,000 random rules on random texts instead of 5,000.
test-long: lint
	WIREWATCH_KILLS=50 WIREWATCH_RULE_CASES=200000 $(BIN)/pytest

bench: $(DEV_STAMP)
	$(BIN)/python -m bench

# Exact versions and hashes of everything, and no index.
lock: $(DEV_STAMP)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --extra dev --extra ner -c requirements.lock pyproject.toml -o requirements-dev.lock

image:
	docker build -f deploy/Dockerfile -t wirewatch .

clean:
	rm -rf $(VENV) build dist .build *.egg-info
