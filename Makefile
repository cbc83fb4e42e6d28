# The front door.  `make` builds; everything else explains itself by `make help`.  The build itself is CMake's.

BUILD   := build/release
PREFIX  ?= /usr/local
PEERS   ?= $(or $(TMPDIR),/tmp)/jsonata-peers
SILENT  := >build/make.log 2>&1 || { cat build/make.log; exit 1; }

.DEFAULT_GOAL := build
.PHONY: build demo test bench bench-jsonata peers lint install clean help

help:
	@echo 'make           build $(BUILD)/bin/{aws-lambda-component,jsonata}'
	@echo 'make demo      install what is missing, build, and show the main job at work'
	@echo 'make test      install what is missing, build, and run all tests'
	@echo 'make bench     compare speeds with peers that are installed'
	@echo 'make bench-jsonata   libjsonata and other engines of JSONata on 18 workloads'
	@echo 'make peers     install those other engines to $$PEERS ($(PEERS))'
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

bench-jsonata:
	@scripts/need.sh build test bench
	@mkdir -p build
	@cmake --preset release -DALC_TESTS=ON -Wno-dev $(SILENT)
	@cmake --build --preset release --target jsonata_cli cold_bench $(SILENT)
	@tests/bench/compare.py --bin $(BUILD)/bin --peers $(PEERS) $(BENCH)

peers:
	@scripts/install-peers.sh $(PEERS)

lint:
	@scripts/need.sh build test lint
	@scripts/lint.sh

install: build
	@cmake --install $(BUILD)

clean:
	@rm -rf build
