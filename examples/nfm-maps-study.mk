# How few evaluations does a student of a normalizing flow need, and a map of it by every loss? For several seeds of
# student and maps, all on one budget: FD and energy distance by evaluations, of Euler, Heun and the maps, beside the
# teacher; and against where rk4 carries the same noise, how far each ends from there and the FD of the two laws. Goes on
# wherever it was stopped.
#   OUT  folder of the results   PAIRS folder of data, teacher and couplings, as examples/chain.mk makes them
#   EXP  experiment file         ROWS  samples of each         SEEDS, FEATURES, THREADS as in the other studies
# The student here, a perceptron, has its lowest FD to the data before its end: what a map is worth is told by the FD to
# the student's ends. A U-Net's does not grow so. It takes hours, on the same pairs:
#   make nfm-maps-study EXP=data/experiments/fashion-mnist-16-unet.json OUT=nfm-maps-study-unet SEEDS=0 \
#     LOSSES='itvm itvm-b lagrangian-initial endpoint'
BIN      ?= build
OUT      ?= nfm-maps-study
PAIRS    ?= fashion-mnist-16
EXP      ?= data/experiments/fashion-mnist-16-maps.json
FEATURES ?= data/features/fashion-mnist-16.h5
ROWS     ?= 0-9999
SEEDS    ?= 0 1 2
THREADS  ?= 0
EULER    := 1 2 4 8 15 32
HEUN     := 1 3 7 15 31  # evaluations, as Euler's: N steps of heun-euler take 2 N - 1
JUMPS    := 1 2 4 8
RUN       = -c $(EXP) --threads $(THREADS) --force -q -o $@

include $(dir $(lastword $(MAKEFILE_LIST)))flow-map-losses.mk
steps.consistency := 1  # the noise of a teacher's pairs is not drawn anew

all: $(OUT)/report.html

define seed
$(shell mkdir -p $(OUT)/$1/samples)
$(OUT)/$1/student.h5: $(PAIRS)/couplings.h5
	$(BIN)/fm-train-student $$< $$(RUN) --seed $1
$(OUT)/$1/samples/euler-%.h5: $(OUT)/$1/student.h5
	$(BIN)/sample $$< $$(RUN) --seed $1 --rows $(ROWS) -s steps=$$*
$(OUT)/$1/samples/heun-%.h5: $(OUT)/$1/student.h5
	$(BIN)/sample $$< $$(RUN) --seed $1 --rows $(ROWS) -s steps=$$$$((($$* + 1) / 2)) -s solver=heun-euler
$(OUT)/$1/samples/rk4-%.h5: $(OUT)/$1/student.h5
	$(BIN)/sample $$< $$(RUN) --seed $1 --rows $(ROWS) -s steps=$$* -s solver=rk4
SAMPLES.$1 := $(EULER:%=$(OUT)/$1/samples/euler-%.h5) $(HEUN:%=$(OUT)/$1/samples/heun-%.h5)
$(foreach l,$(LOSSES),$(call map,$1,$l))
$(OUT)/$1/ends.json: $$(SAMPLES.$1) $(OUT)/$1/samples/rk4-32.h5
	$(BIN)/eval-fid $$^ --features $(FEATURES) -s metrics=fd,energy,endpoint_rmse -q > $$@.new && mv $$@.new $$@
$(OUT)/$1/laws.json: $$(SAMPLES.$1) $(OUT)/$1/samples/rk4-32.h5 $(PAIRS)/data.h5
	$(BIN)/eval-fid $$^ --features $(FEATURES) -q > $$@.new && mv $$@.new $$@
endef
define map  # seed, loss
$(OUT)/$1/$2.h5: $(OUT)/$1/student.h5 $(PAIRS)/couplings.h5
	$(BIN)/ttfm-distill $$^ $$(RUN) --seed $1 $(how.$2)
$(OUT)/$1/samples/$2-%.h5: $(OUT)/$1/$2.h5
	$(BIN)/sample $$< $$(RUN) --seed $1 --rows $(ROWS) -s steps=$$* $(columns.$2)
SAMPLES.$1 += $(addsuffix .h5,$(addprefix $(OUT)/$1/samples/$2-,$(or $(steps.$2),$(JUMPS))))

endef
$(foreach s,$(SEEDS),$(eval $(call seed,$s)))

$(OUT)/teacher.json: $(PAIRS)/samples-teacher.h5 $(PAIRS)/data.h5
	$(BIN)/eval-fid $^ --features $(FEATURES) -q > $@.new && mv $@.new $@
$(OUT)/report.html: $(SEEDS:%=$(OUT)/%/ends.json) $(SEEDS:%=$(OUT)/%/laws.json) $(OUT)/teacher.json
	$(BIN)/couplet-report $^ -s title='Maps of a student' --force -q -o $@

.DELETE_ON_ERROR:
