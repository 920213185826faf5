# make demo    set up, then run a whole campaign against simulated people
# make test    set up, then every check and every test
# make check   the fast part: format, lint, types, imports, unit tests
# make torture the promise under every fault, at the full counts of GUARANTEES.md; one suite: SUITE=kills

# The Python that comes first, or the operating system's own of the same version: distributions build theirs with
# profile-guided optimization, which one that was compiled by hand mostly lacks.
TELL_VERSION := import sys; print(sys.version_info[:2])
PYTHON ?= $(shell test -z "$$VIRTUAL_ENV" \
	&& /usr/bin/python3 -c 'import ensurepip' 2>/dev/null \
	&& test "$$(/usr/bin/python3 -c '$(TELL_VERSION)')" = "$$(python3 -c '$(TELL_VERSION)')" \
	&& echo /usr/bin/python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
UV_INSTALL := $(BIN)/python -m uv --quiet pip install --python $(BIN)/python

# Tests start hundreds of processes: each would compile the program anew if nothing were kept.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check static politely alone together torture clean

demo: $(VENV)/installed
	$(BIN)/campaign demo

# Tests that measure time come first: what they compile is there for all the processes of the others. They leave
# most of two processors free, and what is done politely leaves a processor to them at once.
test: $(VENV)/installed-test
	$(MAKE) --no-print-directory --jobs 2 alone politely
	$(MAKE) --no-print-directory together

check: static
	$(BIN)/python -m pytest -n 3 --dist worksteal -m "not e2e and not alone"

static: $(VENV)/installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

politely: $(VENV)/installed-test
	nice -n 19 $(MAKE) --no-print-directory static

alone: $(VENV)/installed-test
	$(BIN)/python -m pytest -m alone

# Now and then they wait, so there are more of them than processors; each has to find all the tests first.
together: $(VENV)/installed-test
	$(BIN)/python -m pytest -n 4 --dist worksteal -m "not alone"

torture: $(VENV)/installed-test
	$(BIN)/python -m tests.torture $(SUITE)

# The stamps make a second run start at once, also without a network.
$(VENV)/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --constraint constraints.txt --editable .
	touch $@

# Tests use a small part of what is installed, and compile that when they come to it. There is much of it, which uv
# unpacks quickly. It does not read what pip was told of indexes, but has settings of its own; where there is no uv,
# or it fails, pip does it.
$(VENV)/installed-test: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	{ $(PIP) install --only-binary uv --constraint constraints.txt uv \
		&& $(UV_INSTALL) --constraint constraints.txt --editable ".[test]"; } \
		|| $(PIP) install --no-compile --constraint constraints.txt --editable ".[test]"
	touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) build dist campaign-demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
