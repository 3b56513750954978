// Pairs made many at a time: noise and data of one group are matched with each other.
#pragma once
#include <functional>

#include "flow/pairing.h"

namespace couplet {

/// The data row of a group that each of its noise rows goes with, (n) int64; how far the plan's
/// marginals are from what they should be.
struct Matched {
  Tensor row;
  double error = 0;
};
/// data, x0: the n examples and noises (n, *shape) of a group; numbers (n): those of its pairs.
using Match = std::function<Matched(const Batch& data, const Tensor& x0, const Tensor& numbers)>;

/// Numbers g n .. g n + n - 1 are one group: n noises, and the n examples that a shuffled epoch
/// has at these numbers. A group is matched when the first of its pairs is asked for, and
/// remembered for a while.
std::shared_ptr<Pairing> make_grouped(int64_t n, Match match, const PairingInputs& inputs);

/// The options that groups share.
struct GroupOptions {
  int64_t n;
  bool mixed = false;
  void describe(auto&& option) {
    option(
        "n", n,
        "pairs that are matched with each other; 0: as many as there are examples, at most 10000");
    option("mixed", mixed,
           "match across classes, which skews the noise that a class is paired with (C2OT, "
           "2503.10636)");
  }
};

/// Warns that classes are mixed. Errors: there are none.
void warn_of_mixing(const PairingInputs& inputs);

/// How many n says; warns where classes are mixed. Errors: n negative or larger.
int64_t group_size(const GroupOptions& options, const PairingInputs& inputs);

/// f(rows of noise and of data) -> how these match, counted among them, for each class on its own,
/// or mixed for all at once. Noise takes the class of the example at its own number, so that both
/// have as many of each. Classes go side by side on a CPU's threads.
Matched match_within(const Tensor& label, bool mixed,
                     const std::function<Matched(const Tensor& rows)>& f);

}  // namespace couplet
