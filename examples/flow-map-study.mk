# Which loss makes the best flow map? One field on eight Gaussians and one on digits, a map of each by every loss on one
# budget, for several seeds: how far 1, 2, 4 and 8 jumps end from where the field carries the same noise (endpoint_rmse,
# against 64 steps of rk4), and how far their law is from the data's (kl on the plane, fd of digits), beside Euler's
# steps of the field. Goes on wherever it was stopped.
#   OUT folder of the results   SEEDS of the maps   THREADS of each tool; with `make -j2`, 1
BIN      ?= build
OUT      ?= flow-map-study
SEEDS    ?= 0 1
THREADS  ?= 0
FEATURES ?= data/features/digits.h5
STEPS    := 1 2 4 8
RUN       = --threads $(THREADS) --force -q -o $@

include $(dir $(lastword $(MAKEFILE_LIST)))flow-map-losses.mk

# On what: the data, the experiment file, how many samples; of digits as they come, not cut at black and white.
PARTS          := plane digits
exp.plane      := data/experiments/flow-map.json
data.plane     := law:ring -s rows=1000000
rows.plane     := 0-19999
features.plane :=
exp.digits     := data/experiments/flow-map-digits.json
data.digits    := data/digits.csv.gz -c data/experiments/flow-map-digits.json
rows.digits    := 0-3999
features.digits := --features $(FEATURES)
columns.digits := -s floats=true
losses.plane   := $(FURTHER)

all: $(PARTS:%=$(OUT)/%/report.html)

# Ways from noise to data in the plane, to be drawn: the field in small steps and in Euler's four, and two maps' jumps.
FIRST       := $(OUT)/plane/$(firstword $(SEEDS))
paths.plane := $(OUT)/plane/paths-rk4-32.h5 $(OUT)/plane/paths-euler-4.h5 $(FIRST)/paths-itvm.h5 $(FIRST)/paths-lagrangian.h5
WAYS         = -c $(exp.plane) --rows 0-249 -s path=true $(RUN)
$(OUT)/plane/paths-rk4-32.h5: $(OUT)/plane/field.h5
	$(BIN)/sample $< -s solver=rk4 -s steps=32 $(WAYS)
$(OUT)/plane/paths-euler-4.h5: $(OUT)/plane/field.h5
	$(BIN)/sample $< -s steps=4 $(WAYS)
$(FIRST)/paths-%.h5: $(FIRST)/%.h5
	$(BIN)/sample $< -s steps=2 $(WAYS)

define part  # part
$(shell mkdir -p $(foreach s,$(SEEDS),$(OUT)/$1/$s))
$(OUT)/$1/data.h5:
	$(BIN)/couplet-convert $(data.$1) $$(RUN)
$(OUT)/$1/field.h5: $(OUT)/$1/data.h5
	$(BIN)/fm-train-student $$< -c $(exp.$1) $$(RUN)
$(OUT)/$1/truth.h5: $(OUT)/$1/field.h5
	$(BIN)/sample $$< -c $(exp.$1) --rows $(rows.$1) -s solver=rk4 -s steps=64 $(columns.$1) $$(RUN)
$(OUT)/$1/euler-%.h5: $(OUT)/$1/field.h5
	$(BIN)/sample $$< -c $(exp.$1) --rows $(rows.$1) -s steps=$$* -s round_trip=true $(columns.$1) $$(RUN)
SAMPLES.$1 := $(STEPS:%=$(OUT)/$1/euler-%.h5) $(OUT)/$1/euler-16.h5
$(foreach s,$(SEEDS),$(foreach l,$(LOSSES) $(losses.$1),$(call map,$1,$s,$l)))
$(OUT)/$1/ends.json: $$(SAMPLES.$1) $(OUT)/$1/truth.h5
	$(BIN)/eval-fid $$^ -c $(exp.$1) -q > $$@.new && mv $$@.new $$@
$(OUT)/$1/laws.json: $$(SAMPLES.$1) $(OUT)/$1/truth.h5 $(OUT)/$1/data.h5
	$(BIN)/eval-fid $$^ -c $(exp.$1) $(features.$1) -q > $$@.new && mv $$@.new $$@
$(OUT)/$1/report.html: $(OUT)/$1/ends.json $(OUT)/$1/laws.json $(paths.$1)
	$(BIN)/couplet-report $$^ -s title='Flow maps: $1' --force -q -o $$@
endef
define map  # part, seed, loss
$(OUT)/$1/$2/$3.h5: $(OUT)/$1/field.h5 $(OUT)/$1/data.h5
	$(BIN)/ttfm-distill $$^ -c $(exp.$1) --seed $2 $(how.$3) $$(RUN)
$(foreach n,$(or $(steps.$3),$(STEPS)),$(call jumps,$1,$2,$3,$n))
endef
define jumps  # part, seed, loss, steps
$(OUT)/$1/$2/$3-$4.h5: $(OUT)/$1/$2/$3.h5
	$(BIN)/sample $$< -c $(exp.$1) --rows $(rows.$1) -s steps=$4 $(columns.$3) $(columns.$1) $$(RUN)
SAMPLES.$1 += $(OUT)/$1/$2/$3-$4.h5

endef
$(foreach p,$(PARTS),$(eval $(call part,$p)))

.DELETE_ON_ERROR:
