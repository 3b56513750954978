#include "flow/verification.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace couplet {

namespace {

json error_of(const Tensor& back, const Tensor& x) {
  const Tensor error = (back - x).abs();
  return {{"max", error.max().item<double>()}, {"mean", error.mean().item<double>()}};
}

}  // namespace

json round_trips(NormalizingFlow& flow, const Dataset& data, int64_t count, c10::Device device) {
  const at::NoGradGuard no_grad;
  const Tensor rows = held_out_rows(data, count);
  const Tensor x = data.examples(rows, device),
               label = data.labels.index_select(0, rows).to(device);

  json result = error_of(flow.decode(flow.encode(x, label).z, label), x);
  result["examples"] = rows.size(0);
  result["blocks"] = json::array();
  Tensor link = flow.arranged(x);
  for (const auto& block : flow.blocks()) {
    const Tensor z = block->encode(link, label).z;
    result["blocks"].push_back(error_of(block->decode(z, label, {}), link));
    link = z;
  }
  return result;
}

}  // namespace couplet
