# synthmark: `make demo` shows what it does, `make test` runs the tests, `make check` checks all.

PYTHON ?= python3
BIN := .venv/bin
EXIFTOOL := $(shell command -v exiftool)
FFMPEG := $(shell command -v ffmpeg)
DESELECT := $(if $(EXIFTOOL),$(if $(FFMPEG),,-m "not ffmpeg"),\
	-m "not exiftool$(if $(FFMPEG),, and not ffmpeg)")

# Tests run without a network where the kernel lets them, in the hands of the same user.
OFFLINE := $(shell for way in "unshare --net" "unshare --map-current-user --net"; do \
	$$way true 2>/dev/null && echo "$$way" && break; done)

.PHONY: demo test check format lint types layers bench clean

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt --group dev --editable .
	touch $@

demo: .venv/installed
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh demo

test: .venv/installed
	@$(if $(EXIFTOOL),,echo "exiftool is not installed: the tests marked exiftool are deselected")
	@$(if $(FFMPEG),,echo "ffmpeg is not installed: the tests marked ffmpeg are deselected")
	@$(if $(OFFLINE),,echo "no network namespace is to be had: only Python's sockets are closed to the tests")
	$(OFFLINE) $(BIN)/pytest -n 2 -q $(DESELECT)
	NUMBA_DISABLE_JIT=1 $(BIN)/pytest -q -m kernel

check: format lint types layers test

format: .venv/installed
	$(BIN)/ruff format --check src tests benchmarks examples

lint: .venv/installed
	$(BIN)/ruff check src tests benchmarks examples

types: .venv/installed
	$(BIN)/mypy

layers: .venv/installed
	$(BIN)/lint-imports

bench: .venv/installed
	@test -n "$(DATA)" || { echo "make bench DATA=DIR: name the folder of pictures" >&2; exit 2; }
	$(BIN)/pip install --quiet --constraint constraints.txt --group bench
	$(BIN)/pip install --quiet --constraint constraints.txt --no-deps invisible-watermark blind-watermark
	for name in chain.pictures chain.whole chain.hostile chain.memory image.speed image.averaging \
		chain.threads chain.kill; do \
		$(BIN)/python -m benchmarks.$$name --data "$(DATA)" || exit; \
	done
	$(BIN)/python -m benchmarks.chain.rewrite

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache demo
