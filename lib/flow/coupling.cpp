#include "flow/coupling.h"

#include "flow/couplings/fresh.h"
#include "flow/couplings/stored.h"
#include "flow/pairings/independent.h"
#include "flow/pairings/minibatch_ot.h"
#include "flow/pairings/ou_step.h"
#include "flow/pairings/pushed.h"
#include "flow/pairings/semidiscrete_ot.h"
#include "flow/pairings/sinkhorn.h"
#include "flow/pairings/teacher.h"

namespace couplet {

const Registry<Coupling, const CouplingInputs&>& couplings() {
  static const Registry<Coupling, const CouplingInputs&> table(
      "coupling",
      {
          {"stored", "the pairs of a couplings file", make_stored},
          {"independent", "data of the file, with noise drawn afresh",
           fresh<NoOptions, make_independent>},
          {"teacher", "data of a normalizing flow, with codes made afresh",
           fresh<TeacherOptions, make_teacher>},
          {"minibatch-ot", "n noises and n examples drawn afresh and matched exactly",
           fresh<MinibatchOtOptions, make_minibatch_ot>},
          {"sinkhorn", "n noises and n examples drawn afresh and matched by an entropic plan",
           fresh<SinkhornOptions, make_sinkhorn>},
          {"semidiscrete-ot", "noise drawn afresh, with the example that its potentials give it",
           fresh<SemidiscreteOtOptions, make_semidiscrete_ot>},
          {"ou-step",
           "data of the file, with where a step of diffusion takes them (LFM, 2410.02548)",
           fresh<OuStepOptions, make_ou_step>},
          {"pushed", "data of a velocity field, with where it carries them",
           fresh<PushedOptions, make_pushed>},
      });
  return table;
}

}  // namespace couplet
