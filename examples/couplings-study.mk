# Which pairs make the best student? One student for each coupling, all on one budget and from the same teachers, for
# several seeds; quality by evaluations and curvature of the paths in OUT/report.html. Goes on wherever it was stopped.
#   OUT  folder of the results     EXP  experiment file        DATA  arguments of couplet-convert
#   ROWS samples of each student   SEEDS of pairs and students FEATURES  classifier for the FD
#   PAIRS_SEED  one seed for the pairs in files, where making them is what takes long
BIN      ?= build
OUT      ?= couplings-study
EXP      ?= data/experiments/digits.json
FEATURES ?= data/features/digits.h5
DATA     ?= data/digits.csv.gz
ROWS     ?= 0-4999
SEEDS    ?= 0 1 2
THREADS  ?= 0
OTHER    ?= 0.1
STEPS    := 1 2 4 8 32
OF_PAIRS := $(or $(PAIRS_SEED),$(SEEDS))
RUN       = -c $(EXP) --threads $(THREADS) --force -q -o $@

# Pairs in files: from what, and how. Pairs drawn afresh while training: the same.
STORED   ?= sinkhorn semidiscrete-ot teacher-1 teacher-4 teacher-16 turned-1 turned-4 turned-16 other-eta-4
FRESH    := independent minibatch-ot minibatch-ot-mixed teacher-fresh turned-fresh
from.sinkhorn        := data
how.sinkhorn         := -s coupling=sinkhorn -s draws=4
from.semidiscrete-ot := data
how.semidiscrete-ot  := -s coupling=semidiscrete-ot -s draws=4
from.teacher-1       := teacher
how.teacher-1        := -s draws=1
from.teacher-4       := teacher
how.teacher-4        := -s draws=4
from.teacher-16      := teacher
how.teacher-16       := -s draws=16
from.turned-1        := teacher
how.turned-1         := -s draws=1 -s coupling.align=procrustes
from.turned-4        := teacher
how.turned-4         := -s draws=4 -s coupling.align=procrustes
from.turned-16       := teacher
how.turned-16        := -s draws=16 -s coupling.align=procrustes
from.other-eta-4     := other
how.other-eta-4      := -s draws=4
from.independent     := data
how.independent      := -s coupling=independent
from.minibatch-ot    := data
how.minibatch-ot     := -s coupling=minibatch-ot -s coupling.n=256
from.minibatch-ot-mixed := data
how.minibatch-ot-mixed  := -s coupling=minibatch-ot -s coupling.n=256 -s coupling.mixed=true
from.teacher-fresh   := teacher
how.teacher-fresh    := -s coupling=teacher
from.turned-fresh    := teacher
how.turned-fresh     := -s coupling=teacher -s coupling.align=procrustes

all: $(OUT)/report.html

$(shell mkdir -p $(SEEDS:%=$(OUT)/%/samples) $(SEEDS:%=$(OUT)/%/paths) $(OF_PAIRS:%=$(OUT)/%))
$(OUT)/data.h5:
	$(BIN)/couplet-convert $(DATA) $(RUN)
$(OUT)/teacher.h5: $(OUT)/data.h5
	$(BIN)/nf-train $< $(RUN)
$(OUT)/other.h5: $(OUT)/data.h5
	$(BIN)/nf-train $< $(RUN) -s loss.eta=$(OTHER)

define pairs  # seed, coupling
$(OUT)/$1/pairs-$2.h5: $(OUT)/$(from.$2).h5
	$(BIN)/nf-encode-couplings $$< $$(RUN) --seed $1 $(how.$2)
endef
$(foreach s,$(OF_PAIRS),$(foreach c,$(STORED),$(eval $(call pairs,$s,$c))))

define student  # seed, coupling
ifneq ($(filter $2,$(STORED)),)
$(OUT)/$1/$2.h5: $(OUT)/$(or $(PAIRS_SEED),$1)/pairs-$2.h5
	$(BIN)/fm-train-student $$< $$(RUN) --seed $1
else
$(OUT)/$1/$2.h5: $(OUT)/$(from.$2).h5
	$(BIN)/fm-train-student $$< $$(RUN) --seed $1 $(how.$2)
endif
$(OUT)/$1/samples/$2-%.h5: $(OUT)/$1/$2.h5
	$(BIN)/sample $$< $$(RUN) --seed $1 --rows $(ROWS) -s steps=$$*
$(OUT)/$1/paths/$2-32.h5: $(OUT)/$1/$2.h5
	$(BIN)/sample $$< $$(RUN) --seed $1 --rows 0-499 -s steps=32 -s curvature=true
RESULTS.$1 += $(STEPS:%=$(OUT)/$1/samples/$2-%.h5) $(OUT)/$1/paths/$2-32.h5
endef
$(foreach s,$(SEEDS),$(foreach c,$(FRESH) $(STORED),$(eval $(call student,$s,$c))))
PAIRS := $(STORED:%=$(OUT)/$(firstword $(OF_PAIRS))/pairs-%.h5)

define results  # seed: all its samples against one pass over the data
$(OUT)/$1/results.json: $(RESULTS.$1) $(OUT)/data.h5
	$(BIN)/eval-fid $$^ --features $(FEATURES) -q > $$@.new && mv $$@.new $$@
endef
$(foreach s,$(SEEDS),$(eval $(call results,$s)))

$(OUT)/samples-teacher.h5: $(OUT)/teacher.h5
	$(BIN)/sample $< $(RUN) --rows $(ROWS) -s denoise=true
$(OUT)/teacher.json: $(OUT)/samples-teacher.h5 $(OUT)/data.h5
	$(BIN)/eval-fid $^ --features $(FEATURES) -q > $@.new && mv $@.new $@
$(OUT)/report.html: $(SEEDS:%=$(OUT)/%/results.json) $(OUT)/teacher.json
	$(BIN)/couplet-report $(PAIRS) $(OUT)/teacher.h5 $^ -s title='Couplings' --force -q -o $@

.DELETE_ON_ERROR:
