# Five verbs. Each makes .venv if it is not there; nothing else has to be installed by hand.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test check docs bench

demo: $(READY)
	@$(BIN)/provenance demo

test: $(READY)
	$(BIN)/pytest -n auto

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	PROVENANCE_THOROUGH=1 $(BIN)/pytest -n auto -m slow
	PROVENANCE_THOROUGH=1 $(BIN)/pytest -n auto tests/properties
	$(PYTHON) scripts/check_wheel.py
	$(PYTHON) scripts/check_offline.py $(BIN)

docs: $(READY)
	$(BIN)/pytest -n auto -m "slow or not slow" tests/docs

# In an environment of its own: a peer is under the GPL, and no dependency.
BENCH := .venv-bench
PEERS := pymerkle==7.0.0

bench: $(BENCH)/.ready
	@mkdir -p build && rm -f build/benchmarks.jsonl
	PROVENANCE_BENCHMARK_RESULTS=build/benchmarks.jsonl $(BENCH)/bin/pytest -m benchmark -s -q tests/benchmarks
	$(BENCH)/bin/python scripts/benchmark_page.py build/benchmarks.jsonl

$(BENCH)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --constraint constraints.txt pip
	$(BENCH)/bin/python -m pip install --quiet --constraint constraints.txt --group dev --editable '.[cards,kms,pdf,pkcs11,postgres,recovery,s3,web]' $(PEERS)
	@touch $(BENCH)/.ready

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "python 3.11 or newer is needed")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev --editable '.[cards,kms,pdf,pkcs11,postgres,recovery,s3,web]'
	@touch $(READY)
