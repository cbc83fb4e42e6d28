# The front door.  `make` builds; everything else explains itself by `make help`.  The build itself is CMake's.

BUILD   := build/release
PREFIX  ?= /usr/local
REFERENCE ?= $(or $(ALC_REFERENCE),$(or $(TMPDIR),/tmp)/elasticio-reference)
PEERS   ?= $(or $(TMPDIR),/tmp)/jsonata-peers
SILENT  := >build/make.log 2>&1 || { cat build/make.log; exit 1; }

.DEFAULT_GOAL := build
.PHONY: build demo test bench bench-jsonata bench-worker bench-local soak test-faults reference peers lint install clean help

help:
	@echo 'make           build $(BUILD)/bin/{aws-lambda-component,jsonata}'
	@echo 'make demo      install what is missing, build, and show the main job at work'
	@echo 'make test      install what is missing, build, and run all tests'
	@echo 'make bench     compare speeds with peers that are installed'
	@echo 'make bench-jsonata   libjsonata and other engines of JSONata on 18 workloads'
	@echo 'make peers     install those other engines to $$PEERS ($(PEERS))'
	@echo 'make bench-worker    the component as a step, beside the reference runtime and the floor'
	@echo 'make bench-local     the local Lambda beside the floor: calls per second, CPU per call'
	@echo 'make reference install that runtime (npm) to $$REFERENCE ($(REFERENCE))'
	@echo 'make test-faults   the fault suite in its long form: an hour or so'
	@echo 'make soak      load for SECONDS (600): memory and descriptors must not grow'
	@echo 'make lint      clang-tidy and cppcheck'
	@echo 'make install   install to $$PREFIX ($(PREFIX))'
	@echo 'make clean     remove build/'

build:
	@scripts/need.sh build
	@cmake --preset release -DALC_TESTS=OFF -DCMAKE_INSTALL_PREFIX=$(PREFIX) -Wno-dev --log-level=WARNING
	@cmake --build --preset release

demo:
	@scripts/need.sh build demo
	@mkdir -p build
	@cmake --preset release -DALC_TESTS=OFF -Wno-dev $(SILENT)
	@cmake --build --preset release $(SILENT)
	@examples/demo.sh $(BUILD)

test:
	@scripts/need.sh build test
	@scripts/test.sh

bench:
	@scripts/need.sh build test bench
	@mkdir -p build
	@cmake --preset release -DALC_TESTS=ON -Wno-dev $(SILENT)
	@cmake --build --preset release $(SILENT)
	@$(BUILD)/bin/json_bench
	@tests/bench/worker/worker_bench.py --bin $(BUILD)/bin --reference $(REFERENCE) $(BENCH)

bench-jsonata:
	@scripts/need.sh build test bench
	@mkdir -p build
	@cmake --preset release -DALC_TESTS=ON -Wno-dev $(SILENT)
	@cmake --build --preset release --target jsonata_cli cold_bench $(SILENT)
	@tests/bench/compare.py --bin $(BUILD)/bin --peers $(PEERS) $(BENCH)

bench-worker:
	@scripts/need.sh build test bench
	@mkdir -p build
	@cmake --preset release -DALC_TESTS=ON -Wno-dev $(SILENT)
	@cmake --build --preset release --target aws-lambda-component echo_lambda tls_front worker_load worker_floor \
		worker_bare_curl worker_bare_all $(SILENT)
	@tests/bench/worker/worker_bench.py --bin $(BUILD)/bin --reference $(REFERENCE) $(BENCH)

bench-local:
	@scripts/need.sh build test bench
	@mkdir -p build
	@cmake --preset release -DALC_TESTS=ON -Wno-dev $(SILENT)
	@cmake --build --preset release --target aws-lambda-component local_bootstrap local_floor local_load $(SILENT)
	@tests/bench/local/local_bench.py --bin $(BUILD)/bin $(BENCH)

soak:
	@scripts/need.sh build test bench
	@mkdir -p build
	@cmake --preset release -DALC_TESTS=ON -Wno-dev $(SILENT)
	@cmake --build --preset release --target aws-lambda-component echo_lambda tls_front worker_load $(SILENT)
	@tests/bench/worker/soak.py --bin $(BUILD)/bin --seconds $(or $(SECONDS),600) --messages $(or $(MESSAGES),0)

test-faults:
	@scripts/need.sh build test
	@mkdir -p build
	@cmake --preset release -DALC_TESTS=ON -Wno-dev $(SILENT)
	@cmake --build --preset release --target aws-lambda-component $(SILENT)
	@ALC_BIN=$(BUILD)/bin /usr/bin/python3 -B -W ignore tests/step/faults.py $(or $(FAULTS),--long)

# The public packages of the reference runtime, for step.reference and bench-worker.
reference:
	@command -v npm >/dev/null || { echo 'make reference: npm is not installed' >&2; exit 1; }
	@npm install --no-audit --no-fund --silent --prefix $(REFERENCE) elasticio-sailor-nodejs@2.7.8 jsonata@2.2.2
	@echo 'export ALC_REFERENCE=$(REFERENCE)'

peers:
	@scripts/install-peers.sh $(PEERS)

lint:
	@scripts/need.sh build test lint
	@scripts/lint.sh

install: build
	@cmake --install $(BUILD)

clean:
	@rm -rf build
