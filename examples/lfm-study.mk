# Is a chain of small steps (local flow matching) better than one field? The same steps in all, the same data, for the
# tree and the rose: -log p of the test points in nats beside the entropy of the density, which nothing can undercut
# (1.953 and 2.486); maps distilled from the chain beside Euler's steps; pictures; on digits a chain beside one field at
# equal evaluations. Goes on wherever it was stopped.
#   OUT   folder of the results   EXP   experiment file   DENSITIES  pictures in data/densities
#   TOTAL optimiser steps of each student, shared by its blocks   POINTS drawn, a tenth of them for the test
#   SEED  decides every draw      THREADS of each tool; with `make -j2`, 1
BIN       ?= build
OUT       ?= lfm-study
EXP       ?= data/experiments/lfm.json
DENSITIES ?= tree rose
TOTAL     ?= 20000
JUMPS     ?= 3000
POINTS    ?= 220000
SEED      ?= 0
THREADS   ?= 0
WIDTH     ?= 128
RUN        = -c $(EXP) --seed $(SEED) --threads $(THREADS) --force -q -o $@

# Students: how many blocks, and how the data end and the noise end of each are paired. The wide one has as many
# parameters as the four blocks together, the narrow ones as many as the one field.
STUDENTS      := fm lfm4 lfm6
STUDENTS.tree := fm-wide lfm4-narrow lfm4-apart lfm4-cold fm-trigonometric lfm4-trigonometric
ou            = coupling='[{"type":"ou-step","gamma":$1,"rho":$2,"blocks":$3$4},"independent"]' -s push.steps=10
blocks.fm    := 1
how.fm       := -s coupling=independent
blocks.lfm4  := 4
how.lfm4     := -s $(call ou,0.1,1.5,3)
blocks.lfm6  := 6
how.lfm6     := -s $(call ou,0.025,1.25,5)
blocks.fm-wide     := 1
how.fm-wide        := $(how.fm) -s net.hidden=$(shell echo $$((2 * $(WIDTH))))
blocks.lfm4-narrow := 4
how.lfm4-narrow    := $(how.lfm4) -s net.hidden=$(shell echo $$(($(WIDTH) / 2)))
blocks.lfm4-apart  := 4
how.lfm4-apart     := -s $(call ou,0.1,1.5,3,$(shell echo ',"dependent":false'))
blocks.lfm4-cold   := 4
how.lfm4-cold      := $(how.lfm4) -s warm=false
blocks.fm-trigonometric   := 1
how.fm-trigonometric      := $(how.fm) -s loss.interpolant=trigonometric
blocks.lfm4-trigonometric := 4
how.lfm4-trigonometric    := $(how.lfm4) -s loss.interpolant=trigonometric
MAPS         := 1 2 4
EULER        := 1 2 4 8

all: $(OUT)/report.html

$(shell mkdir -p $(OUT))
define density  # picture
$(OUT)/$1.h5: data/densities/$1.png
	$(BIN)/couplet-convert $$< -s density=true -s rows=$(POINTS) -s test=0.0909 $$(RUN)
endef
define student  # picture, student
$(OUT)/$1-$2.h5: $(OUT)/$1.h5
	$(BIN)/fm-train-student $$< $$(RUN) -s net.hidden=$(WIDTH) $$(how.$2) -s train.steps=$$$$(($(TOTAL) / $(blocks.$2)))
$(OUT)/$1-$2-nll.json: $(OUT)/$1-$2.h5 $(OUT)/$1.h5
	$(BIN)/eval-fid $$^ -c $(EXP) --threads $(THREADS) -q > $$@.new && mv $$@.new $$@
RESULTS += $(OUT)/$1-$2-nll.json
endef
define map  # picture, maps
$(OUT)/$1-map$2.h5: $(OUT)/$1-lfm4.h5 $(OUT)/$1.h5
	$(BIN)/ttfm-distill $$^ --blocks $2 $$(RUN) -s train.steps=$$$$(($(JUMPS) / $2))
$(OUT)/$1-samples-map$2.h5: $(OUT)/$1-map$2.h5
	$(BIN)/sample $$< $$(RUN) --rows 0-9999
SAMPLES.$1 += $(OUT)/$1-samples-map$2.h5
endef
define euler  # picture, steps of one field
$(OUT)/$1-samples-fm$2.h5: $(OUT)/$1-fm.h5
	$(BIN)/sample $$< $$(RUN) --rows 0-9999 -s steps=$2
SAMPLES.$1 += $(OUT)/$1-samples-fm$2.h5
endef
define measured  # picture
$(OUT)/$1-samples-lfm4.h5: $(OUT)/$1-lfm4.h5
	$(BIN)/sample $$< $$(RUN) --rows 0-9999 -s solver=rk4 -s steps=10
$(OUT)/$1-samples.json: $$(SAMPLES.$1) $(OUT)/$1-samples-lfm4.h5 $(OUT)/$1.h5
	$(BIN)/eval-fid $$^ --threads $(THREADS) -q -s energy_rows=10000 > $$@.new && mv $$@.new $$@
$(OUT)/$1-paths-%.h5: $(OUT)/$1-%.h5
	$(BIN)/sample $$< $$(RUN) --rows 0-249 -s solver=rk4 -s steps=10 -s path=true
RESULTS += $(OUT)/$1-samples.json $(OUT)/$1-samples-lfm4.h5 $(OUT)/$1-paths-fm.h5 $(OUT)/$1-paths-lfm4.h5
endef
$(foreach d,$(DENSITIES),$(eval $(call density,$d))\
  $(foreach s,$(STUDENTS) $(STUDENTS.$d),$(eval $(call student,$d,$s)))\
  $(foreach n,$(MAPS),$(eval $(call map,$d,$n)))\
  $(foreach n,$(EULER),$(eval $(call euler,$d,$n)))\
  $(eval $(call measured,$d)))

# Digits: the field of the experiment file, and a chain of four on as many steps in all; by evaluations a sample.
DIGITS     := data/experiments/digits.json
DIGITS_RUN  = -c $(DIGITS) --seed $(SEED) --threads $(THREADS) --force -q -o $@
$(OUT)/digits.h5: data/digits.csv.gz
	$(BIN)/couplet-convert $< $(DIGITS_RUN)
$(OUT)/digits-fm.h5: $(OUT)/digits.h5
	$(BIN)/fm-train-student $< $(DIGITS_RUN) $(how.fm) -s train.steps=1400
$(OUT)/digits-lfm4.h5: $(OUT)/digits.h5
	$(BIN)/fm-train-student $< $(DIGITS_RUN) $(how.lfm4) -s train.steps=350
define digits  # evaluations
$(OUT)/digits-fm-$1.h5: $(OUT)/digits-fm.h5
	$(BIN)/sample $$< $$(DIGITS_RUN) --rows 0-4999 -s steps=$1
$(OUT)/digits-lfm4-$1.h5: $(OUT)/digits-lfm4.h5
	$(BIN)/sample $$< $$(DIGITS_RUN) --rows 0-4999 -s steps=$$$$(($1 / 4))
DIGITS_SAMPLES += $(OUT)/digits-fm-$1.h5 $(OUT)/digits-lfm4-$1.h5
endef
$(foreach n,4 8 16 32 64,$(eval $(call digits,$n)))
$(OUT)/digits.json: $(DIGITS_SAMPLES) $(OUT)/digits.h5
	$(BIN)/eval-fid $^ --features data/features/digits.h5 -q > $@.new && mv $@.new $@
RESULTS += $(OUT)/digits.json

# -log p in nats of each student, the lowest last.
$(OUT)/table.txt: $(filter %-nll.json,$(RESULTS))
	@for f in $^; do echo "$$(basename $$f -nll.json) $$(sed 's/.*"nats":\([-0-9.e+]*\).*/\1/' $$f)"; done | sort -k2,2nr > $@
	@cat $@
$(OUT)/report.html: $(RESULTS) $(OUT)/table.txt
	$(BIN)/couplet-report $(filter-out %.txt,$^) -s title='Local flow matching' --force -q -o $@

.DELETE_ON_ERROR:
