# Every target works from a fresh clone: it makes .venv with the locked packages first. PYTHON=… chooses the Python.
.DEFAULT_GOAL := help
.PHONY: help demo lab test check bench soak pictures lock clean extension
PATH := $(CURDIR)/.venv/bin:$(PATH)
quietly := scripts/quietly

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' Makefile

demo: .venv/installed-demo extension  ## the first workflow: run, kill, resume, ask its lineage
	@python scripts/demo.py

lab: .venv/installed-demo extension  ## JupyterLab with the first notebook
	@jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) notebooks/01_quickstart.ipynb

test: .venv/installed-dev extension  ## all tests but the long ones
	@pytest -m "not soak and not benchmark" -n logical --maxprocesses 4 --dist loadfile

check: .venv/installed-dev extension  ## format, lint, types, layers, doctests, lock, TypeScript
	@$(quietly) "format" ruff format --check .
	@$(quietly) "lint" ruff check .
	@$(quietly) "types" mypy
	@$(quietly) "layers" lint-imports
	@$(quietly) "doctests" pytest --doctest-modules twingraph_lab
	@$(quietly) "lock" python scripts/lock.py --check
	@scripts/check-extension

bench: .venv/installed-dev extension  ## speed, as ratio to bare Dask; written to .bench/results.json
	@pytest tests/benchmarks -m benchmark -s

soak: .venv/installed-dev  ## the long fault tests, for MINUTES=10, from SEED=…
	@scripts/soak

pictures: .venv/installed-dev extension  ## the README's pictures, from the real thing in Chromium
	@python scripts/pictures.py

lock: .venv/installed-dev  ## resolve pyproject.toml into constraints/locked.txt
	@python scripts/lock.py

extension:
	@python scripts/extension.py

clean:  ## remove what make made: environment, caches, build/
	rm -rf .venv build dist twingraph_lab/labextension extension/node_modules extension/lib .bench .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/installed-%: pyproject.toml constraints/locked.txt
	@python="$$(scripts/python)" && "$$python" scripts/install.py $*
