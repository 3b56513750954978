#include "io/checkpoint.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/linear.h>

#include "base/error.h"
#include "folder.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

struct Net : torch::nn::Module {
  torch::nn::Linear first{nullptr}, last{nullptr};
  Net() {
    first = register_module("first", torch::nn::Linear(2, 3));
    last = register_module("last", torch::nn::Linear(3, 2));
    register_buffer("scale", at::full({2}, 2.0));
  }
};

bool equal(const Tensors& a, const Tensors& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& item) {
           return b.contains(item.first) && at::equal(item.second, b.at(item.first));
         });
}

}  // namespace

TEST_CASE("A checkpoint comes back whole", "[io]") {
  const Folder folder;
  const Run run = run_to(folder / "model.h5");
  Net first, second;
  Checkpoint model{.kind = "velocity-field", .space = {{1, 2, 2}, 5}};
  model.facts = {{"eta", 0.1}, {"data", "abc"}, {"numbers", {{"loss", 0.5}}}};
  model.blocks = {{{{"type", "mlp"}}, named_tensors(first), named_tensors(second)},
                  {{{"type", "dit"}}, named_tensors(second), {}}};
  Label parent;
  parent.uuid = "p", parent.provenance = {{{"uuid", "p"}, {"tool", "before"}}};
  write_checkpoint(run, model, {parent, parent});

  const Checkpoint back = read_checkpoint(run.output, {"velocity-field", "flow-map"});
  CHECK(back.kind == model.kind);
  CHECK(back.space == model.space);
  CHECK(back.facts["numbers"] == model.facts["numbers"]);
  REQUIRE(back.blocks.size() == 2);
  CHECK(back.blocks[0].net == model.blocks[0].net);
  CHECK(equal(back.blocks[0].weights, model.blocks[0].weights));
  CHECK(equal(back.blocks[0].average, model.blocks[0].average));
  CHECK(back.blocks[1].average.empty());
  REQUIRE(back.label.provenance.size() == 2);  // the parent once, and its own record
  CHECK(back.label.provenance[1]["parents"] == json::array({"p"}));
  CHECK(&weights_of(back.blocks[0]) == &back.blocks[0].average);
  CHECK(&weights_of(back.blocks[0], true) == &back.blocks[0].weights);
  CHECK(&weights_of(back.blocks[1]) == &back.blocks[1].weights);
  CHECK_THROWS_AS(read_checkpoint(run.output, {"classifier"}), Error);
}

TEST_CASE("Averages of several decays come back, and one is chosen by its decay", "[io]") {
  const Folder folder;
  Run run = run_to(folder / "model.h5");
  const auto shifted = [](double more) {
    Tensors all = named_tensors(Net());
    for (auto& [name, tensor] : all) tensor = at::full_like(tensor, more);
    return all;
  };
  Checkpoint model{.kind = "velocity-field", .space = {{1, 2, 2}, 5}};
  model.blocks = {{{{"type", "mlp"}},
                   shifted(0),
                   shifted(1),
                   "0.999",
                   {{"0.9999", shifted(2)}, {"0.99", shifted(3)}}}};
  write_checkpoint(run, model, {});
  const Checkpoint back = read_checkpoint(run.output, {"velocity-field"});
  const auto taken = [&](const Checkpoint& m) {
    return weights_of(m.blocks[0]).at("scale")[0].item<double>();
  };
  CHECK(taken(back) == 1);
  CHECK(taken(with_average(back, 0.999)) == 1);
  CHECK(taken(with_average(back, 0.9999)) == 2);
  CHECK(taken(with_average(with_average(back, 0.9999), 0.999)) == 1);
  CHECK(equal(with_average(back, 0.99).blocks[0].average, shifted(3)));
  CHECK_THROWS_WITH(with_average(back, 0.5), contains("no moving average of decay 0.5") &&
                                                 contains("there are: 0.999, 0.99, 0.9999"));

  // A file of before tells the decay in its config; one without an average has none.
  run = run_to(folder / "before.h5");
  run.config = {{"train", {{"ema", 0.998}}}};
  model.blocks = {{{{"type", "mlp"}}, shifted(0), shifted(1)}};
  write_checkpoint(run, model, {});
  const Checkpoint before = read_checkpoint(run.output, {"velocity-field"});
  CHECK(taken(with_average(before, 0.998)) == 1);
  CHECK_THROWS_WITH(with_average(before, 0.999), contains("there are: 0.998)"));
  run = run_to(folder / "none.h5");
  model.blocks = {{{{"type", "mlp"}}, shifted(0), {}}};
  write_checkpoint(run, model, {});
  CHECK_THROWS_WITH(with_average(read_checkpoint(run.output, {"velocity-field"}), 0.9),
                    contains("there are: none"));
}

TEST_CASE("Weights are loaded by name, and only where all fit", "[io]") {
  Net from, to;
  load_tensors(to, named_tensors(from));
  CHECK(equal(named_tensors(to), named_tensors(from)));
  CHECK(to.first->weight.requires_grad());

  Tensors weights = named_tensors(from);
  weights.erase("last.bias");
  CHECK_THROWS_WITH(load_tensors(to, weights), contains("have no 'last.bias'"));
  CHECK_NOTHROW(load_tensors(to, weights, /*partial=*/true));
  weights["last.bais"] = at::zeros({2});
  CHECK_THROWS_WITH(load_tensors(to, weights, true), contains("no weight 'last.bais'"));
  weights = named_tensors(from);
  weights["last.bias"] = at::zeros({3});
  CHECK_THROWS_WITH(load_tensors(to, weights),
                    contains("'last.bias' has shape [3], the network's has [2]"));
}

TEST_CASE("A model carries on what its data were", "[io]") {
  Label data;
  data.kind = "dataset", data.content = "abc";
  data.facts = {{"data", "other"}, {"scale", 2.0}, {"shift", -1.0}, {"storage", "u8"}, {"more", 1}};
  const json expected = {{"data", "abc"}, {"scale", 2.0}, {"shift", -1.0}, {"storage", "u8"}};
  CHECK(carried_on(data) == expected);
  Label model;
  model.kind = "velocity-field", model.facts = expected;
  CHECK(carried_on(model) == expected);
}
