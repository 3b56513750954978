# make setup [CUDA=0|1]   what the build needs: Debian's packages; LibTorch and CMake in a cache folder
# make                    build; make install PREFIX=DIR
# make demo               the whole chain on handwritten digits, with a report
# make couplings-study    a student for each kind of pairs, three seeds; SIZE=8 digits, 16 Fashion-MNIST
# make lfm-study          a chain of small steps (local flow matching) beside one field, on two densities
# make flow-map-study     a flow map by every loss, on the plane and on digits
# make nfm-maps-study     the same of a normalizing flow's student on Fashion-MNIST, beside Euler and Heun
# make test               all tests; make format, make clean
# make fuzz N=10000       damaged files for every reader, under sanitizers
# make peers, make bench  Python programs to be measured against; our speed beside theirs
NAME    := couplet
TORCH   := 2.13.0
CACHE   := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/$(NAME)
VENV    := $(CACHE)/torch-$(TORCH)
PEERS   := $(CACHE)/peers
BUILD   ?= build
PREFIX  ?= /usr/local
CUDA    ?= $(if $(shell command -v nvidia-smi),1,0)
SUDO    := $(if $(filter 0,$(shell id -u)),,sudo)
APT     := g++ ccache ninja-build python3-venv libhdf5-dev libcli11-dev nlohmann-json3-dev catch2 \
           libpng-dev libjpeg-dev libssl-dev zlib1g-dev libxxhash-dev libopenmpi-dev openmpi-bin dataset-fashion-mnist
PIP     := $(VENV)/bin/pip --disable-pip-version-check install -q --no-cache-dir

export CCACHE_DIR         := $(CACHE)/ccache
export CCACHE_BASEDIR     := $(CURDIR)
export CCACHE_NOHASHDIR   := 1
export CCACHE_SLOPPINESS  := pch_defines,time_macros
export CCACHE_PCH_EXTSUM  := 1

all: $(BUILD)/build.ninja
	@$(VENV)/bin/cmake --build $(BUILD)

$(BUILD)/build.ninja:
	@[ -e $(VENV)/.cpu ] || { echo 'run "make setup" first' >&2; exit 1; }
	$(VENV)/bin/cmake -S . -B $(BUILD) -G Ninja -DLIBTORCH_VENV=$(VENV) -DCMAKE_INSTALL_PREFIX=$(PREFIX) \
	  -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_CUDA_COMPILER_LAUNCHER=ccache

setup: apt venv $(if $(filter 1,$(CUDA)),cuda)

apt:
	@missing=; for p in $(APT); do dpkg-query -Wf '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "installing$$missing"; $(SUDO) apt-get -qq update && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $$missing >/dev/null; fi

venv: apt
	@mkdir -p $(CACHE); exec 9>$(CACHE)/lock; flock 9; [ -e $(VENV)/.cpu ] || { set -ex; python3 -m venv $(VENV); \
	  $(PIP) cmake==4.4.4 clang-format==14.0.6; \
	  $(PIP) --no-deps torch==$(TORCH) nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85; touch $(VENV)/.cpu; }

# The wheel's own CUDA, compiler included; nvcc looks for lib64 and for libcudart.so without a version.
cuda: venv
	@exec 9>$(CACHE)/lock; flock 9; [ -e $(VENV)/.cuda ] || { set -ex; \
	  $(PIP) torch==$(TORCH) 'cuda-toolkit[nvcc,cccl,crt,nvvm,culibos,profiler]==13.0.3'; \
	  cd $(VENV)/lib/python3*/site-packages/nvidia/cu13; ln -sfn lib lib64; ln -sf libcudart.so.13 lib/libcudart.so; \
	  touch $(VENV)/.cuda; }

test: all
	@cd $(BUILD) && $(VENV)/bin/ctest --output-on-failure

# Damaged files, N for each reader, under sanitizers, in a build folder of its own; READERS="npz png" to choose.
# LibTorch was built without them: what crosses the border is not judged. What fails is kept in fuzz-failures/.
N ?= 1000
fuzz:
	@[ -e $(VENV)/.cpu ] || { echo 'run "make setup" first' >&2; exit 1; }
	@$(VENV)/bin/cmake -S . -B $(BUILD)-fuzz -G Ninja -DSANITIZE=ON -DLIBTORCH_VENV=$(VENV) \
	  -DCMAKE_CXX_COMPILER_LAUNCHER=ccache >/dev/null
	@$(VENV)/bin/cmake --build $(BUILD)-fuzz
	@ASAN_OPTIONS=detect_leaks=0:alloc_dealloc_mismatch=0:detect_container_overflow=0:detect_odr_violation=0 \
	  UBSAN_OPTIONS=print_stacktrace=1 $(BUILD)-fuzz/tests/fuzz/fuzz --count $(N) --keep fuzz-failures $(READERS)

# Speed, as ratios to Python programs that do the same; RUN="train decode --threads 2" to choose.
bench: all
	$(VENV)/bin/cmake -DBUILD_BENCH=ON $(BUILD) >/dev/null
	$(VENV)/bin/cmake --build $(BUILD) --target bench
	@$(PEERS)/bin/python bench/run.py --build $(BUILD) --peers $(PEERS)/bin/python $(RUN)

peers: $(PEERS)/.done $(PEERS)/.torchcfm $(PEERS)/.fidelity
$(PEERS)/.done:
	python3 -m venv $(PEERS)
	$(PEERS)/bin/pip --disable-pip-version-check install -q --no-cache-dir torch==$(TORCH) numpy h5py \
	  pot==0.9.7.post1 ott-jax==0.6.0 geomloss==0.3.1 scipy==1.17.1 jax==0.10.2
	touch $@
$(PEERS)/.torchcfm: $(PEERS)/.done  # its U-Net alone: without what the rest of it needs
	$(PEERS)/bin/pip --disable-pip-version-check install -q --no-cache-dir --no-deps torchcfm==1.0.7
	touch $@
$(PEERS)/.fidelity: $(PEERS)/.done
	$(PEERS)/bin/pip --disable-pip-version-check install -q --no-cache-dir --no-deps \
	  torch-fidelity==0.4.0 pytorch-fid==0.3.0 torchvision==0.28.0 pillow tqdm
	touch $@

# The chain on real data; both go on where they were stopped.
ready:
	@[ -e $(VENV)/.cpu ] || $(MAKE) setup
	@$(MAKE) --no-print-directory all
demo: ready
	@$(MAKE) --no-print-directory -f examples/chain.mk BIN=$(BUILD) OUT=demo
	@echo "see demo/report.html"

# NET=unet or dit: another student on the pairs of the same teacher.
SIZE ?= 16
ROWS  = $(if $(NET),0-4999,0-9999)
fashion-mnist: ready
	@$(MAKE) --no-print-directory -f examples/chain.mk BIN=$(BUILD) OUT=fashion-mnist-$(SIZE)$(NET:%=-%) \
	  PAIRS=fashion-mnist-$(SIZE) EXP=data/experiments/fashion-mnist-$(SIZE)$(NET:%=-%).json \
	  DATA=/usr/share/datasets/fashion-mnist ROWS=$(ROWS) \
	  FEATURES=data/features/fashion-mnist-$(if $(filter 16,$(SIZE)),16,28).h5

# CIFAR10=FOLDER of its binary version, or of images train/CLASS/*.jpg (or png) and test/CLASS/*.jpg; NET=unet or dit;
# SIZE=gpu.
cifar10: SHARED := cifar10$(if $(filter gpu,$(SIZE)),-gpu)
cifar10: STUDENT = $(SHARED)-$(or $(NET),unet)
cifar10: ready
	@[ -d "$(CIFAR10)" ] || { echo 'where are the images? make cifar10 CIFAR10=FOLDER' >&2; exit 1; }
	@$(MAKE) --no-print-directory -f examples/chain.mk BIN=$(BUILD) OUT=$(STUDENT) PAIRS=$(SHARED) \
	  EXP=data/experiments/$(STUDENT).json DATA=$(CIFAR10) ROWS=$(if $(filter gpu,$(SIZE)),0-9999,0-999) \
	  FEATURES=data/features/cifar10.h5

# One student for each coupling and seed; SIZE=8: digits, 16: Fashion-MNIST.
couplings-study: ready
	@$(MAKE) --no-print-directory -f examples/couplings-study.mk BIN=$(BUILD) OUT=couplings-study-$(SIZE) \
	  $(if $(filter 8,$(SIZE)),,EXP=data/experiments/fashion-mnist-16-couplings.json PAIRS_SEED=0 \
	  DATA=/usr/share/datasets/fashion-mnist FEATURES=data/features/fashion-mnist-16.h5)

lfm-study flow-map-study: ready
	@$(MAKE) --no-print-directory -f examples/$@.mk BIN=$(BUILD)

nfm-maps-study: ready
	@$(MAKE) --no-print-directory -f examples/chain.mk BIN=$(BUILD) OUT=fashion-mnist-16 \
	  EXP=data/experiments/fashion-mnist-16.json DATA=/usr/share/datasets/fashion-mnist ROWS=0-9999 \
	  fashion-mnist-16/couplings.h5 fashion-mnist-16/samples-teacher.h5
	@$(MAKE) --no-print-directory -f examples/$@.mk BIN=$(BUILD)

format:
	find lib tools tests bench -name '*.h' -o -name '*.cpp' -o -name '*.cu' | xargs $(VENV)/bin/clang-format -i

install: all
	$(VENV)/bin/cmake --install $(BUILD) --prefix $(PREFIX)

clean:
	rm -rf $(BUILD)

.PHONY: all setup apt venv cuda test fuzz bench peers ready demo fashion-mnist cifar10 couplings-study lfm-study flow-map-study nfm-maps-study format install clean
