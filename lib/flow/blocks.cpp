#include "flow/blocks.h"

#include <ATen/Context.h>

#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "flow/chain.h"
#include "flow/coupling.h"
#include "flow/interpolant.h"
#include "flow/pairings/ou_step.h"
#include "flow/pool.h"
#include "flow/solver.h"
#include "flow/time_grid.h"

namespace couplet {

namespace {

bool is_chain(const std::vector<json>& schedule) {
  return schedule.size() > 1 || schedule[0].at("type") == "ou-step";
}

/// The coupling, or of stored pairs the one that they were made by.
std::string type_of_pairs(const json& coupling, const std::string& pairs) {
  const std::string type = coupling.at("type");
  if (type != "stored") return type;
  return read_label(pairs).config.value("coupling", json::object()).value("type", "");
}

Run keeping(const Run& run) {
  Run own = run;
  own.output = run.partial("blocks.h5");
  return own;
}

/// The trained blocks must be the first of this schedule.
void check_schedule(const ChainInputs& inputs, const Checkpoint& chain) {
  const json theirs = chain.facts.value("schedule", json::array());
  require(!theirs.empty(), inputs.from, ": is no block of a chain, but a student by itself");
  require(inputs.schedule.size() >= chain.blocks.size(), inputs.from, ": has ", chain.blocks.size(),
          " blocks, the schedule ", inputs.schedule.size());
  for (size_t n = 0; n < chain.blocks.size(); ++n) {
    require(theirs.at(n) == inputs.schedule[n], inputs.from, ": its block ", n + 1,
            " was trained with the coupling ", theirs.at(n).dump(), ", the schedule has ",
            inputs.schedule[n].dump());
  }
}

}  // namespace

std::vector<json> schedule_of(const Components& coupling, const std::string& from) {
  if (!from.empty() && coupling.value == Components(couplings(), "stored").value) {
    const json theirs = read_label(from).facts.value("schedule", json::array());
    if (!theirs.empty()) return theirs;
  }
  return one_each(coupling.value);
}

std::string law_of_pairs(const json& coupling, const std::string& pairs) {
  return type_of_pairs(coupling, pairs) == "independent" ? "independent" : "coupled";
}

Checkpoint first_blocks(const ChainInputs& inputs) {
  const auto& [from, pairs, schedule, interpolant] = inputs;
  for (size_t n = 1; n < schedule.size(); ++n) {
    const std::string type = schedule[n].at("type");
    require_option(type != "stored" && type != "teacher" && type != "pushed",
                   "option 'coupling': '", type,
                   "' can only be the first block's: the others begin at pushed data");
    require_option(type_of_pairs(schedule[n - 1], pairs) == "ou-step", "option 'coupling': block ",
                   n, " ends at noise, and block ", n + 1,
                   " comes after it; list the couplings from ",
                   "data to noise, ou-step before all others");
  }
  const Label source = read_label(pairs);
  const size_t passed = blocks_passed(source);
  Checkpoint chain{.kind = "velocity-field"};
  if (from.empty()) {
    require(!is_chain(schedule) || passed == 0, pairs, ": has passed ", passed,
            " blocks already; give them with --from");
    chain.facts["numbers"] = json::object();
    if (is_chain(schedule)) chain.facts["schedule"] = schedule;
    chain.facts.update(carried_on(source));  // not those of a pool, whose x0 have no scaling
    chain.facts["pairs"] = is_chain(schedule) ? "coupled" : law_of_pairs(schedule[0], pairs);
  } else {
    chain = read_checkpoint(from, {"velocity-field"});
    check_schedule(inputs, chain);
    chain.facts["schedule"] = schedule;
    const std::string path = chain.facts.at("interpolant").get<std::string>();
    require(path == interpolant, from, ": its blocks have the interpolant ", path, ", not ",
            interpolant);
    require(carried_on(source)["data"] == chain.facts.at("data"), from,
            ": was trained on other data than those of ", pairs);
    check_passed(pairs, from, chain);
  }
  chain.facts["interpolant"] = interpolant;
  return chain;
}

void check_chain(const Checkpoint& chain, const std::vector<json>& schedule, const ChainPlan& plan,
                 const Run& run) {
  require_option(schedule.size() > 1 || (plan.warm && unchanged(plan.push)),
                 "options 'warm' and 'push' have no effect on a student of one block");
  fixed_solver(plan.push.solver), time_grid("uniform", plan.push.steps);
  require(chain.blocks.empty() || !plan.warm || chain.blocks.back().net == plan.net,
          "the blocks before have the network ",
          chain.blocks.empty() ? "" : chain.blocks.back().net.dump(), ", asked for is ",
          plan.net.dump(), "; give the same options 'net', or warm=false");
  const std::string path = chain.facts.at("interpolant").get<std::string>();
  if (interpolant(path).last < 1) {
    require_option(!is_chain(schedule), "option 'loss.interpolant': ", path,
                   " is infinitely fast at t = 1, where the blocks of a chain meet");
    if (chain.facts.at("pairs") == "coupled") {
      run.log->warn("of coupled pairs the velocity of " + path + " is infinite at t = 1");
    }
  }
  if (schedule.back().at("type") == "ou-step") {
    double time = 0;
    for (const json& block : schedule) time += block.value("gamma", 0.);
    run.log->warn(text("the chain ends before noise: exp(-", time, ") = ", std::exp(-time),
                       " of the data are left, where sampling begins with none"));
  }
}

size_t last_block(const Checkpoint& chain, const std::vector<json>& schedule, int64_t count) {
  const size_t have = chain.blocks.size();
  require_option(count >= 0, "--blocks must be 0 or more, found ", count);
  require(have < schedule.size(), "all ", have, " blocks of the schedule are trained");
  const size_t left = schedule.size() - have;
  require_option(static_cast<size_t>(count) <= left, "--blocks ", count, ": of the ",
                 schedule.size(), " blocks of the schedule ", left, " remain");
  return count == 0 ? schedule.size() : have + static_cast<size_t>(count);
}

Checkpoint beginning(const std::vector<std::string>& files, bool needs_teacher,
                     const UntaughtOptions& untaught, double ema, const Run& run) {
  require_option(files.size() <= 2, "give a velocity field and the pairs, or the pairs alone");
  if (files.size() == 2) {
    require_option(unchanged(untaught), "options 'net' and 'interpolant' have no effect: those of ",
                   files[0], " are taken");
    return chosen_average(read_checkpoint(files[0], {"velocity-field"}), /*raw=*/false, ema);
  }
  require_option(!needs_teacher, "the loss needs a teacher: give a velocity field before ",
                 files[0],
                 "; none is needed with -s distil.loss=meanflow -s "
                 "distil.loss.velocity=pairs");
  require_option(ema == 0, "option 'ema' has no effect without a teacher");
  const Label data = read_label(files[0]);
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
  fixed_solver(plan.push.solver);
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
    const Label source = read_label(plan.pairs);
    require(blocks_passed(source) == 0, plan.pairs, ": has passed ", blocks_passed(source),
            " blocks already; give the data");
    const std::string own = student.facts.at("data");  // an imported one does not know
    require(own.empty() || carried_on(source)["data"] == own, plan.pairs,
            ": are other data than those that the student was trained on");
  }
  return static_cast<size_t>(count);
}

BlockPairs pairs_of(const Checkpoint& student, const MapPlan& plan, size_t first, size_t last,
                    const Run& run) {
  if (!own_pairs(student, plan)) return {plan.coupling, plan.pairs, false};
  const std::string before = pool(student, first, plan.pairs, plan.push, run);
  if (!plan.joins) return {student.facts.at("schedule").at(first), before, first > 0};
  return {{{"type", "stored"}}, pool(student, last, plan.pairs, plan.push, run), false};
}

std::string block_name(const std::string& noun, size_t block, size_t blocks) {
  return blocks == 1 ? "" : text(noun, block + 1);
}

Run run_of_block(const Run& run, const std::string& name) {
  Run own = run;
  if (!name.empty()) own.random = run.random.stream(name);
  return own;
}

void seed_weights(const Run& run) { at::manual_seed(run.random.stream("initial weights").key()); }

Checkpoint taken_up(const Checkpoint& chain, const Run& run) {
  const std::string path = keeping(run).output;
  if (!told(*run.group, std::filesystem::exists(path)).get<bool>()) return chain;
  Checkpoint kept = read_checkpoint(path, {chain.kind});
  kept.label = chain.label;
  run.log->say(text("resuming after block ", kept.blocks.size()));
  return kept;
}

void keep(const Checkpoint& chain, const Run& run) {
  write_checkpoint(keeping(run), chain, {});
  if (!run.leads()) return;
  for (const auto& entry : std::filesystem::directory_iterator(run.output + ".partial")) {
    const bool spent = entry.path().filename().string().starts_with("state");
    if (spent) std::filesystem::remove(entry.path());
  }
}

}  // namespace couplet
