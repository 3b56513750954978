// What flow maps are distilled from: a velocity field, its blocks, and their pairs.
#pragma once
#include "base/options.h"
#include "flow/coupling.h"
#include "flow/pairings/pushed.h"
#include "nn/backbone.h"

namespace couplet {

/// Of a map that nobody teaches.
struct UntaughtOptions {
  Component net{backbones(), "dit"};
  std::string interpolant = "linear";
  void describe(auto&& option) {
    option("net", net, "without a teacher: the network");
    option("interpolant", interpolant, "without a teacher: the path between noise and data");
  }
};
/// What a map begins as: the velocity field in the first of two files, with the average of a decay
/// (0: the first); or, of the pairs alone, a field with weights by the run's random numbers.
/// Errors: no teacher where one is needed; options without effect.
Checkpoint beginning(const std::vector<std::string>& files, bool needs_teacher,
                     const UntaughtOptions& untaught, double ema, const Run& run);

/// How a student, of the first of two files or by itself, is to be distilled: count maps (0: one
/// for each block), on the pairs of a coupling drawn from the last (data: where its dataset has
/// moved). joins: by a loss that asks for the ends alone, so that one map may take the place of
/// several blocks.
struct MapPlan {
  std::vector<std::string> files;
  json coupling;
  std::string data;
  int64_t count;
  bool joins;
  PushedOptions push;
};
/// Into how many maps. Errors: a count that does not divide the blocks; pairs that are not the
/// student's data; options without effect.
size_t maps_of(const Checkpoint& student, const MapPlan& plan);

/// The pairs of the map of the blocks first + 1 .. last: those of the plan; of a chain those that
/// the block was trained on; or, for a loss that needs the ends, where the blocks carry the data:
/// the pool of `last`, whose x1 is that of `first`. Errors: another space. Warns of other data.
std::shared_ptr<Coupling> pairs_of(const Checkpoint& student, const MapPlan& plan, size_t first,
                                   size_t last, const Run& run);

}  // namespace couplet
