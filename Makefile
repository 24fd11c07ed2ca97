# All commands use the environment in .venv and create it if it is missing. PYTHON selects the interpreter (3.11 or
# newer), VENV another folder.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python

# Test files run in parallel, in their order. Kernel tests mostly wait, and the longest files come first.
PARALLEL := -n 4 --dist loadfile --no-loadscope-reorder
QUICK := $(addprefix tests/,core wire document display tape project/test_import_law.py) \
	$(addprefix tests/notebook/,config test_options.py test_cell_request.py test_comparison_request.py) \
	$(addprefix tests/session/,limits/test_budget.py limits/test_usage_meter.py test_history.py test_turn.py test_timing.py)

MEASURED := $(addprefix tests/,core wire context document display tape tools client session batch prompts notebook/config) \
	$(addprefix tests/notebook/,test_options.py test_cell_request.py test_comparison_request.py) \
	$(addprefix tests/notebook/panel/,test_controls.py test_layout.py test_listing.py test_state.py)

KERNELS := build/kernels/6.31.0 build/kernels/7.3.0
OLD_FRAMES := pandas==2.0.3 numpy==1.26.0 polars==1.0.0 pyarrow==14.0.0 pytz
AXE := 4.14.1

.PHONY: help demo lab quick test test-browser chaos reports coverage browser kernels frames test-all test-oldest lint types bench graph docs docs-links tapes weights weights-tools release-check clean

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make demo      run the first lesson with the embedded model: no API key, one small download
demo: $(VENV)/demo weights
	MIMO_PRESET=local $(RUN) notebooks/run.py notebooks/00_first_answer.ipynb notebooks/executed/00_first_answer.ipynb

## make lab       open JupyterLab on the lessons, with the embedded model
lab: $(VENV)/lab weights
	MIMO_PRESET=local $(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) notebooks

## make quick     run the tests without a kernel, a model or a network, in under a minute
quick: $(VENV)/test
	MIMO_FUZZ=short $(RUN) -m pytest -n 2 --dist loadfile -q -m "not slow and not thorough" $(QUICK) $(ARGS)

## make test      run all tests except slow and browser tests; lists each skipped test with its reason
test: $(VENV)/test weights
	$(RUN) -m pytest $(PARALLEL) -m "not slow" --ignore=tests/browser $(ARGS)

## make test-browser  run the tests in JupyterLab and Notebook 7; run `make browser` first
test-browser: $(VENV)/browser
	$(RUN) -m pytest -m "not slow" tests/browser $(ARGS)

## make chaos     run 500 random schedules of server and network faults; ARGS="-k seed-17-" runs one of them
chaos: $(VENV)/test
	$(RUN) -m pytest -n 4 tests/chaos $(ARGS)

## make reports   test public bug reports of other tools; prints a table of links, tests and results
reports: $(VENV)/test
	$(RUN) -m pytest -n 2 --dist loadfile -q --links tests/reports $(ARGS)

## make coverage  print branch coverage by package, without kernel and browser tests
coverage: $(VENV)/test
	MIMO_FUZZ=short $(RUN) -m pytest -n 2 --dist loadfile -q -m "not slow and not thorough" --ignore=tests/client/local \
	    --cov=mimo_magics --cov-branch --cov-report=json:build/coverage.json $(MEASURED) $(ARGS)
	PYTHONPATH=tests $(RUN) -m support.coverage build/coverage.json

## make browser   install the requirements of the browser tests, except chromium
browser: $(VENV)/browser kernels build/axe.min.js

kernels: $(KERNELS)

## make frames    install old versions of pandas, polars and pyarrow for a test; needs Python 3.11
frames: build/frames

## make test-all  run all tests: long fuzzing, chaos, a larger model, other Pythons, the oldest dependencies; prints the coverage
test-all: $(VENV)/test $(VENV)/release weights weights-tools
	MIMO_FUZZ=long $(RUN) -m pytest $(ARGS)
	for version in 3.12 3.13 3.14; do \
	    if python=$$($(RUN) tests/support/pythons.py $$version); then \
	        $(MAKE) test PYTHON=$$python VENV=build/python$$version || exit 1; \
	    fi; \
	done
	$(MAKE) test-oldest
	$(MAKE) release-check ARGS=
	$(MAKE) coverage ARGS=

test-oldest: $(VENV)/release
	$(RUN) -m uv venv --quiet --clear --seed --python $(PYTHON) build/oldest
	$(RUN) -m uv pip install --quiet --python build/oldest --resolution lowest-direct --editable ".[test]"
	build/oldest/bin/python -m pytest $(PARALLEL) -m "not slow" --ignore=tests/browser

## make lint      run ruff check and ruff format --check
lint: $(VENV)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

## make types     run mypy --strict
types: $(VENV)/test
	$(BIN)/mypy

## make bench     run the benchmarks beside other tools; prints ratios
bench: $(VENV)/test
	$(RUN) benchmarks/stream.py
	$(RUN) benchmarks/load.py
	$(RUN) benchmarks/commands.py
	$(RUN) benchmarks/saved.py
	$(RUN) benchmarks/history.py
	$(RUN) benchmarks/compare.py
	$(RUN) benchmarks/memory.py
	$(RUN) benchmarks/blocks.py
	$(RUN) benchmarks/context.py
	$(RUN) benchmarks/context_questions.py
	$(RUN) benchmarks/structured.py --short
	$(RUN) benchmarks/schema_rates.py
	$(RUN) benchmarks/fix_rates.py
	$(RUN) benchmarks/map.py --short
	$(RUN) benchmarks/label_texts.py --short
	$(RUN) benchmarks/frontend.py --short

## make graph     print figures of the import graph, and draw it for the documentation
graph: $(VENV)/test
	PYTHONPATH=tests $(RUN) -m support.graph

## make docs      build the documentation site into build/site; a warning is an error
docs: $(VENV)/docs
	$(RUN) -m sphinx -q -n -W --keep-going -c docs -d build/doctrees . build/site

## make docs-links  check all links of the site to other hosts
docs-links: $(VENV)/docs
	$(RUN) -m sphinx -q -b linkcheck -c docs -d build/doctrees . build/links

## make tapes     run the lessons with the embedded model, record their tapes and save their outputs
tapes: $(VENV)/test weights weights-tools
	$(RUN) notebooks/record.py notebooks/0*.ipynb
	$(RUN) notebooks/record.py --replay notebooks/zh-TW/0*.ipynb

weights: $(VENV)/demo
	@$(RUN) -m mimo_magics.client.local.weights smollm2-135m

## make weights-tools  download the model that calls tools (478 MB), for some tests and lessons
weights-tools: $(VENV)/demo
	@$(RUN) notebooks/larger_weights.py qwen2.5-coder-0.5b

## make release-check  build wheel and sdist into dist, and test them in empty environments on each Python
release-check: $(VENV)/release weights
	PYTHONPATH=tests $(RUN) -m support.release $(ARGS)

clean:
	rm -rf .venv build dist

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

# Other versions of ipykernel, each in a folder that precedes the environment on the path.
$(KERNELS): build/kernels/%: | $(VENV)/test
	$(RUN) -m pip install --quiet --no-deps --target $@ ipykernel==$* nest-asyncio

# The old libraries of data frames, in a folder that precedes the environment on the path.
build/frames: | $(VENV)/test
	$(RUN) -m pip install --quiet --no-deps --target $@.new $(OLD_FRAMES)
	mv $@.new $@

build/axe.min.js:
	mkdir -p build
	npm pack --silent --pack-destination build axe-core@$(AXE)
	tar -xzf build/axe-core-$(AXE).tgz -C build --strip-components=1 --touch package/axe.min.js

# One stamp for each extra: an environment is installed once, and again when pyproject.toml changes.
$(VENV)/demo $(VENV)/docs $(VENV)/lab $(VENV)/test $(VENV)/browser $(VENV)/release: $(VENV)/%: $(VENV)/bin/python pyproject.toml
	@echo "Installing mimo-magics with the extra '$*' into $(VENV) (a minute or so) ..."
	@$(RUN) -m pip install --quiet --editable ".[$*]"
	@touch $@
