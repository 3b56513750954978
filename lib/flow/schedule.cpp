#include "flow/schedule.h"

#include <cmath>

#include "base/error.h"
#include "flow/chain.h"
#include "flow/coupling.h"
#include "flow/interpolant.h"
#include "flow/pairings/ou_step.h"
#include "flow/pool.h"

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
  check(plan.push);
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

}  // namespace couplet
