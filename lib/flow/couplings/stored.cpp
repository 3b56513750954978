#include "flow/couplings/stored.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "data/augment.h"
#include "data/resident.h"
#include "io/pairs.h"

namespace couplet {

namespace {

const std::string& required_pairs(const std::string& path) {
  const std::string kind = read_label(path).kind;
  require(
      kind == "couplings", path, ": holds ", kind, ", expected couplings; ",
      "nf-encode-couplings makes them of a dataset or a flow, or -s coupling=independent (of a ",
      "flow teacher) draws pairs afresh");
  return path;
}

struct Stored : Coupling {
  Pairs pairs;
  c10::Device device;
  Random shuffle;

  explicit Stored(const CouplingInputs& inputs)
      : pairs(read_pairs(required_pairs(inputs.file))),
        device(inputs.run->device),
        shuffle(inputs.run->random.stream("pairs")) {
    require_option(inputs.data.empty(), "--data has no effect: ", inputs.file, " holds its data");
    if (pairs.artifact.label.facts.contains("shard")) {
      inputs.run->log->warn(inputs.file +
                            " is one shard of its pairs; couplet-convert merge joins "
                            "them all");
    }
    keep_on(device, {&pairs.x0, &pairs.x1, &pairs.label, &pairs.flip});
  }

  Space space() const override { return pairs.space; }
  const Label& source() const override { return pairs.artifact.label; }

  CoupledBatch draw(const Tensor& rows) const override {
    const int64_t K = pairs.draws();
    const Tensor pair = shuffle.permute(rows.to(pairs.x1.device()), pairs.size() * K);
    const Tensor example = pair.div(K, "floor");
    const auto take = [&](const Tensor& from, const Tensor& index) {
      return from.index_select(0, index).to(device).to(at::kFloat);
    };
    Tensor x1 = pairs.scaling.apply(take(pairs.x1, example));
    if (pairs.flip.defined()) {
      const Tensor flip = pairs.flip.flatten().index_select(0, pair).to(device, at::kBool);
      x1 = mirrored(x1, flip);
    }
    return {take(pairs.x0.flatten(0, 1), pair), x1,
            pairs.label.index_select(0, example).to(device)};
  }
};

}  // namespace

std::shared_ptr<Coupling> make_stored(const NoOptions&, const CouplingInputs& inputs) {
  return std::make_shared<Stored>(inputs);
}

}  // namespace couplet
