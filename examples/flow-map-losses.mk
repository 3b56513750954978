# Losses of flow maps as the studies compare them: LOSSES, and of each how.LOSS (options of ttfm-distill), columns.LOSS
# (options of sample) and steps.LOSS (in how many jumps it is sampled, where they are not those of all).
initial                       := -s distil.loss.stop_gradient=true -s distil.loss.lambda_initial=1
weighed                       := -s distil.adaptive=1 -s distil.diagonal=0.25
LOSSES                        := itvm itvm-both itvm-uniform itvm-start itvm-solutions itvm-b itvm-b-midpoint itvm-b-uniform lagrangian \
                                 lagrangian-stopped lagrangian-initial lagrangian-ends eulerian eulerian-stopped meanflow meanflow-pairs \
                                 shortcut consistency endpoint
how.itvm                      := -s distil.loss=itvm
how.itvm-both                 := -s distil.loss=itvm -s distil.encode=0.5
columns.itvm-both             := -s round_trip=true
how.itvm-uniform              := -s distil.loss=itvm -s distil.loss.between=uniform
how.itvm-start                := -s distil.loss=itvm -s distil.loss.between=s+tau
# Points where sampling goes: on the field's own ways.
how.itvm-solutions            := -s distil.loss=itvm -s coupling=independent -s distil.solution_steps=8
how.itvm-b                    := -s distil.loss=itvm -s distil.loss.form=b
how.itvm-b-midpoint           := -s distil.loss=itvm -s distil.loss.form=b -s distil.loss.between=midpoint
how.itvm-b-uniform            := -s distil.loss=itvm -s distil.loss.form=b -s distil.loss.between=uniform
how.lagrangian                := -s distil.loss=lagrangian
how.lagrangian-stopped        := -s distil.loss=lagrangian -s distil.loss.stop_gradient=true
how.lagrangian-initial        := -s distil.loss=lagrangian $(initial)
# s near 0 and t near 1 more often: longer jumps.
how.lagrangian-ends           := $(how.lagrangian-stopped) -s distil.times=beta -s distil.times.alpha=0.5 -s distil.times.beta=0.5
how.eulerian                  := -s distil.loss=eulerian
how.eulerian-stopped          := -s distil.loss=eulerian -s distil.loss.stop_gradient=true
how.meanflow                  := -s distil.loss=meanflow $(weighed)
how.meanflow-pairs            := -s distil.loss=meanflow -s distil.loss.velocity=pairs $(weighed)
how.shortcut                  := -s distil.loss=shortcut
how.consistency               := -s distil.loss=consistency
how.endpoint                  := -s distil.loss=endpoint -s coupling=stored -s push.steps=10
steps.endpoint                := 1

# What ITVM's numbers do, and more steps: tau, r by s, the target network's decay.
FURTHER                       := itvm-tau-02 itvm-tau-10 itvm-b-start itvm-current itvm-slow itvm-longer lagrangian-stopped-longer
how.itvm-tau-02               := $(how.itvm) -s distil.loss.tau=0.02
how.itvm-tau-10               := $(how.itvm) -s distil.loss.tau=0.1
how.itvm-b-start              := $(how.itvm-b) -s distil.loss.between=s+tau
how.itvm-current              := $(how.itvm) -s distil.loss.target_ema=0
how.itvm-slow                 := $(how.itvm) -s distil.loss.target_ema=0.9999
how.itvm-longer               := $(how.itvm) -s train.steps=16000
how.lagrangian-stopped-longer := $(how.lagrangian-stopped) -s train.steps=16000
