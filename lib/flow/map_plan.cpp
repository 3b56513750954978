#include "flow/map_plan.h"

#include "base/error.h"
#include "flow/blocks.h"
#include "flow/chain.h"
#include "flow/interpolant.h"
#include "flow/loading.h"
#include "flow/pool.h"

namespace couplet {

Checkpoint beginning(const std::vector<std::string>& files, bool needs_teacher,
                     const UntaughtOptions& untaught, double ema, const Run& run) {
  require_option(files.size() <= 2, "give a velocity field and the pairs, or the pairs alone");
  if (files.size() == 2) {
    require_option(unchanged(untaught), "options 'net' and 'interpolant' have no effect: those of ",
                   files[0], " are taken");
    return chosen_average(read_checkpoint(files[0], {"velocity-field"}), /*raw=*/false, ema);
  }
  const Label data = read_label(files[0]);
  require_option(data.kind != "velocity-field",
                 "the pairs are missing: give couplings, or with -s ",
                 "coupling=independent the data, after ", files[0]);
  require_option(!needs_teacher, "the loss needs a teacher: give a velocity field before ",
                 files[0],
                 "; none is needed with -s distil.loss=meanflow -s "
                 "distil.loss.velocity=pairs");
  require_option(ema == 0, "option 'ema' has no effect without a teacher");
  Checkpoint field{.kind = "velocity-field", .facts = carried_on(data), .label = data};
  field.facts["interpolant"] = untaught.interpolant;
  interpolant(untaught.interpolant);
  field.space.shape = data.facts.at("shape").get<std::vector<int64_t>>();
  field.space.classes = data.facts.at("classes").get<int64_t>();
  seed_weights(run);
  const auto net = backbones().make(untaught.net, field.space, 1);
  field.blocks = {{write_options(untaught)["net"], named_tensors(*net), {}}};
  return field;
}

namespace {

// Whether the pairs of a map are the student's own: those of its blocks, or their ends.
bool own_pairs(const Checkpoint& student, const MapPlan& plan) {
  return plan.joins || student.facts.contains("schedule");
}

}  // namespace

size_t maps_of(const Checkpoint& student, const MapPlan& plan) {
  require_whole(student);
  check(plan.push);
  const auto blocks = static_cast<int64_t>(student.blocks.size());
  const int64_t count = plan.count == 0 ? blocks : plan.count;
  require_option(plan.count >= 0 && blocks % count == 0, "--blocks ", plan.count,
                 ": does not divide the ", blocks, " blocks of the student");
  require_option(plan.joins || count == blocks, "--blocks ", plan.count, ": only the loss ",
                 "'endpoint' joins several blocks in one map (-s distil.loss=endpoint)");
  require_option(plan.joins || blocks > 1 || unchanged(plan.push),
                 "option 'push' has no effect on a student of one block without 'endpoint'");
  if (own_pairs(student, plan)) {
    require_option(plan.coupling.at("type") == "stored" && plan.data.empty(),
                   "option 'coupling' or --data has no effect: the pairs are the student's own");
    const std::string& pairs = plan.files.back();
    const Label source = read_label(pairs);
    require(blocks_passed(source) == 0, pairs, ": has passed ", blocks_passed(source),
            " blocks already; give the data");
    const std::string own = student.facts.at("data");  // an imported one does not know
    require(own.empty() || carried_on(source)["data"] == own, pairs,
            ": are other data than those that the student was trained on");
  }
  return static_cast<size_t>(count);
}

std::shared_ptr<Coupling> pairs_of(const Checkpoint& student, const MapPlan& plan, size_t first,
                                   size_t last, const Run& run) {
  const std::string &from = plan.files.front(), &pairs = plan.files.back();
  std::string file = pairs;
  json coupling = plan.coupling;
  if (own_pairs(student, plan)) {
    file = pool(student, first, pairs, plan.push, run);
    if (plan.joins) {
      file = pool(student, last, pairs, plan.push, run);
    } else {
      coupling = student.facts.at("schedule").at(first);
    }
  }
  const bool pushed = !plan.joins && first > 0;
  const auto pi = couplings().make(coupling, {file, &run, plan.data, pushed});
  require(pi->space() == student.space, pairs, ": its shape or classes differ from those of ",
          from);
  const json known = student.facts.at("data");  // of an imported one empty
  if (known != "" && known != carried_on(pi->source())["data"])
    run.log->warn(pairs + ": are other data than those that " + from + " was trained on");
  return pi;
}

}  // namespace couplet
