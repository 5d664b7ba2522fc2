# Everything is installed into .venv and node_modules, Node and the CDK's command line included, and only what a
# requirements file or a lock file knows by its hash.
#
# The PATH that is exported here is for what the recipes start. The recipes themselves name .venv/bin, since make 3.81, the
# one of macOS, looks a command up on the PATH that it was started with, unless the line needs a shell.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# Many processes import the same modules, so that Python keeps what it compiled, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE

VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' ses_secure_user/__init__.py)
INSTALL := install --quiet --no-compile --require-hashes --only-binary :all:
NPM_CI := .venv/bin/npm ci --ignore-scripts --no-audit --no-fund

.PHONY: bench clean clean-tree demo reference release requirements scan template test tests types

demo: .venv/ready .venv/bin/cdk
	.venv/bin/python demo.py

bench: .venv/ready .venv/bin/cdk
	.venv/bin/python -m bench.bench
	.venv/bin/python -m bench.scanners

test: .venv/ready .venv/bin/cdk .venv/checkov/ready .venv/deploy/ready .venv/floor/ready \
		local_aws/iam/node_modules/.package-lock.json
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	+$(MAKE) --jobs=2 types tests

types: .venv/ready
	.venv/bin/mypy

tests: .venv/ready
	.venv/bin/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

reference: .venv/ready
	.venv/bin/python -m sphinx --fail-on-warning --keep-going --quiet docs/reference build/reference

template: .venv/ready
	mkdir -p dist
	.venv/bin/python -m ses_secure_user template > dist/ses-secure-user-$(VERSION).template.json

# What a release consists of, in dist: the same bytes for everyone who builds the same commit. `make release SCAN=` leaves
# the scan out, where no vulnerability service can be reached.
SCAN ?= scan
release: clean-tree $(SCAN) template .venv/release/ready
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) .venv/bin/python -m build --no-isolation
	.venv/release/bin/twine check --strict dist/*.whl dist/*.tar.gz
	.venv/release/bin/uv venv --quiet --clear --no-config --python .venv/bin/python .venv/shipped
	.venv/release/bin/uv pip install --quiet --no-config --python .venv/shipped --only-binary :all: \
		--constraint requirements-dev.txt "dist/ses_secure_user-$(VERSION)-py3-none-any.whl[cli]"
	sed 's/^dynamic = .*/version = "$(VERSION)"/' pyproject.toml > .venv/shipped/pyproject.toml
	.venv/release/bin/cyclonedx-py environment --pyproject .venv/shipped/pyproject.toml --mc-type library \
		--spec-version 1.7 --output-reproducible --output-file dist/ses-secure-user-$(VERSION).cdx.json .venv/shipped
	.venv/bin/python -m release.bill_of_materials dist/ses-secure-user-$(VERSION).cdx.json
	cd dist && sums=$$(sha256sum * || shasum --algorithm 256 *) && echo "$$sums" > SHA256SUMS

# Ask PyPI and npm which pinned versions have known vulnerabilities. It fails where it cannot ask: nothing is known then.
scan: .venv/release/ready .venv/bin/cdk
	.venv/release/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off \
		--requirement requirements.txt --requirement requirements-node.txt --requirement requirements-dev.txt
	.venv/bin/npm audit

clean-tree:
	@test -z "$$(git status --porcelain)" || { git status --short; echo "commit these before a release"; exit 1; }
	rm -rf dist

# The versions that the files have are kept where they fit: `make requirements UPGRADE=--upgrade` takes the newest.
requirements: COMPILE = .venv/release/bin/uv pip compile --quiet $(UPGRADE)
requirements: .venv/release/ready
	$(COMPILE) pyproject.toml --extra cli --group dev --output-file requirements-dev.txt
	$(COMPILE) pyproject.toml --constraint requirements-dev.txt --output-file requirements.txt
	$(COMPILE) --group node --constraint requirements-dev.txt --output-file requirements-node.txt
	$(COMPILE) --group release --output-file requirements-release.txt
	$(COMPILE) --group checkov --output-file tests/construct/requirements-checkov.txt
	$(COMPILE) --group floor --output-file tests/project/requirements-floor.txt

.venv/ready: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.13 …")'
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip $(INSTALL) --requirement requirements-dev.txt
	touch $@

.venv/bin/cdk: package-lock.json .venv/ready
	$(NPM_CI)
	ln -sf ../../node_modules/.bin/cdk $@

.venv/checkov/ready: tests/construct/requirements-checkov.txt .venv/ready
	$(PYTHON) -m venv .venv/checkov
	.venv/checkov/bin/python -m pip $(INSTALL) --requirement $<
	touch $@

.venv/deploy/ready: requirements.txt .venv/ready
	$(PYTHON) -m venv .venv/deploy
	.venv/deploy/bin/python -m pip $(INSTALL) --requirement $<
	touch $@

.venv/floor/ready: tests/project/requirements-floor.txt .venv/ready
	$(PYTHON) -m venv .venv/floor
	.venv/floor/bin/python -m pip $(INSTALL) --requirement $<
	touch $@

.venv/release/ready: requirements-release.txt .venv/ready
	$(PYTHON) -m venv .venv/release
	.venv/release/bin/python -m pip $(INSTALL) --requirement $<
	touch $@

local_aws/iam/node_modules/.package-lock.json: local_aws/iam/package-lock.json .venv/ready
	$(NPM_CI) --prefix local_aws/iam
	touch $@

clean:
	rm -rf .venv node_modules local_aws/iam/node_modules cdk.out dist build
