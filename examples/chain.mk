# The whole chain as a Makefile over the binaries: each rule is one command line, each file is kept, and
# `make -f examples/chain.mk` goes on wherever it was stopped.
#   OUT  folder of the results     EXP  experiment file        DATA  arguments of couplet-convert
#   ROWS samples of each model     SEED decides every draw     FEATURES  classifier for the FD
#   THREADS of each tool; 0: one a core (with `make -j2`, 1: two tools at a time)
#   PAIRS folder of data, teacher and pairs, which chains with other students may share
BIN      ?= build
OUT      ?= demo
PAIRS    ?= $(OUT)
EXP      ?= data/experiments/digits.json
FEATURES ?= data/features/digits.h5
DATA     ?= data/digits.csv.gz
ROWS     ?= 0-4999
SEED     ?= 0
THREADS  ?= 0
STEPS    := 1 2 4 8 32
JUMPS    := 1 2 4 8
RUN       = -c $(EXP) --seed $(SEED) --threads $(THREADS) --force -o $@

SHARED   := $(addprefix $(PAIRS)/,data.h5 teacher.h5 teacher.h5.jsonl couplings.h5 independent.h5 samples-teacher.h5)
SAMPLES  := $(PAIRS)/samples-teacher.h5 $(STEPS:%=$(OUT)/samples-independent-%.h5) \
            $(STEPS:%=$(OUT)/samples-student-%.h5) $(JUMPS:%=$(OUT)/samples-map-%.h5)

all: $(OUT)/report.html

$(shell mkdir -p $(OUT) $(PAIRS))
$(PAIRS)/data.h5:
	$(BIN)/couplet-convert $(DATA) $(RUN)
# First what the data themselves have: a classifier or a split that does not fit ends here, not after the training.
$(PAIRS)/teacher.h5: $(PAIRS)/data.h5 | $(OUT)/floor.json
	$(BIN)/nf-train $< $(RUN)
$(PAIRS)/couplings.h5: $(PAIRS)/teacher.h5
	$(BIN)/nf-encode-couplings $< $(RUN)
$(PAIRS)/independent.h5: $(PAIRS)/data.h5
	$(BIN)/nf-encode-couplings $< $(RUN) -s coupling=independent
$(OUT)/student.h5: $(PAIRS)/couplings.h5
	$(BIN)/fm-train-student $< $(RUN)
$(OUT)/student-independent.h5: $(PAIRS)/independent.h5
	$(BIN)/fm-train-student $< $(RUN)
$(OUT)/map.h5: $(OUT)/student.h5 $(PAIRS)/couplings.h5
	$(BIN)/ttfm-distill $^ $(RUN)

$(PAIRS)/samples-teacher.h5: $(PAIRS)/teacher.h5
	$(BIN)/sample $< $(RUN) --rows $(ROWS) -s denoise=true
$(OUT)/samples-student-%.h5: $(OUT)/student.h5
	$(BIN)/sample $< $(RUN) --rows $(ROWS) -s steps=$*
$(OUT)/samples-independent-%.h5: $(OUT)/student-independent.h5
	$(BIN)/sample $< $(RUN) --rows $(ROWS) -s steps=$*
$(OUT)/samples-map-%.h5: $(OUT)/map.h5
	$(BIN)/sample $< $(RUN) --rows $(ROWS) -s steps=$*
$(OUT)/paths-%.h5: $(OUT)/%.h5
	$(BIN)/sample $< $(RUN) --rows 0-499 -s curvature=true

$(OUT)/floor.json: $(PAIRS)/data.h5
	$(BIN)/eval-fid $< $< --features $(FEATURES) -s split=test > $@.new && mv $@.new $@
$(OUT)/metrics.json: $(SAMPLES) $(PAIRS)/data.h5
	$(BIN)/eval-fid $^ --features $(FEATURES) > $@.new && mv $@.new $@
$(OUT)/paths.json: $(OUT)/paths-student.h5 $(OUT)/paths-student-independent.h5 $(PAIRS)/data.h5
	$(BIN)/eval-fid $^ --metrics columns > $@.new && mv $@.new $@
$(OUT)/report.html: $(OUT)/metrics.json $(OUT)/floor.json $(OUT)/paths.json $(OUT)/map.h5
	$(BIN)/couplet-report $(filter-out $(OUT)/%,$(SHARED)) $(OUT)/*.h5 $(OUT)/*.jsonl $(OUT)/*.json --force -o $@

.SECONDARY:
.DELETE_ON_ERROR:
