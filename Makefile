# Everything happens in .venv, which is made when it is missing. PYTHON chooses the interpreter (3.11 or newer).
PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python

.PHONY: help demo lab test test-all lint types bench weights install-check clean

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make demo      a real answer in a real notebook: no key, one small download
demo: .venv/demo weights
	MIMO_PRESET=local $(RUN) notebooks/run.py notebooks/00_first_answer.ipynb notebooks/executed/00_first_answer.ipynb

## make lab       JupyterLab on the notebooks, with the same embedded model
lab: .venv/lab weights
	MIMO_PRESET=local $(BIN)/jupyter lab notebooks

## make test      the fast tests; what had to be skipped is listed at the end with the reason
test: .venv/test
	$(RUN) -m pytest -m "not slow" $(ARGS)

## make test-all  every test: long fuzzing, larger models, other Pythons, oldest dependencies
test-all: .venv/test
	$(RUN) -m mimo_magics.weights qwen2.5-coder-0.5b
	MIMO_FUZZ=long $(RUN) -m pytest $(ARGS)

## make lint      ruff, as check and as format
lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

## make types     mypy --strict
types: .venv/test
	$(BIN)/mypy

## make bench     figures side by side with others, as ratios
bench: .venv/test
	$(RUN) benchmarks/stream.py

weights: .venv/demo
	@$(RUN) -m mimo_magics.weights smollm2-135m

# what a stranger does: an empty environment, pip install, %load_ext
install-check:
	rm -rf build/empty
	$(PYTHON) -m venv build/empty
	build/empty/bin/pip install --quiet .
	printf '%%load_ext mimo_magics\n%%mimo_config\n' | build/empty/bin/ipython --no-banner --colors=NoColor | grep 'preset = mimo-v2'

clean:
	rm -rf .venv build dist

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; make PYTHON=...")'
	$(PYTHON) -m venv .venv

# one stamp for each extra, so that an environment is installed once and again when pyproject.toml changes
.venv/demo .venv/lab .venv/test: .venv/%: .venv/bin/python pyproject.toml
	@echo "Installing mimo-magics with the extra '$*' into .venv (a minute or so) ..."
	@$(RUN) -m pip install --quiet --editable ".[$*]"
	@touch $@
