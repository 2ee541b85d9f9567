# Two commands on a fresh machine: `make demo` and `make test`. Both install what they need into .venv, once.

PYTHON ?= python3
MINUTES ?= 9
BIN := .venv/bin
QUICK := -m 'not slow' -n logical --dist loadfile --no-loadscope-reorder

.PHONY: install demo demo-dsl test test-all coverage lint clean

install: .venv/installed

# torch first and by itself, so that nothing that depends on it chooses another build
.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "idiolect needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[train,dev]'
	@touch $@

# real code that nobody here wrote: the networkx that torch brought along
demo: install
	$(BIN)/idiolect specialize "$$($(BIN)/python -c 'import networkx; print(*networkx.__path__)')" \
		--out .idiolect/demo --minutes $(MINUTES)

# a language that no model has met, where training pays
demo-dsl: install
	$(BIN)/idiolect specialize samples/dsl/programs --language samples/dsl/language.toml \
		--out .idiolect/demo-dsl --minutes $(MINUTES)

test: install
	$(BIN)/python -m pytest $(QUICK)

test-all: install
	$(BIN)/python -m pytest

# apart from `test`: to count lines makes tests of plain Python take up to twice as long
coverage: install
	$(BIN)/python -m pytest $(QUICK) --cov --cov-report=
	$(BIN)/coverage report --skip-covered --sort=cover | tail -n 25

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

clean:
	rm -rf .venv .idiolect build dist *.egg-info
