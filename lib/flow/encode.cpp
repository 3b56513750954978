#include "flow/encode.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "data/augment.h"

namespace couplet {

std::vector<Column> pair_columns(const Dataset& data, const EncodeOptions& options) {
  require_option(options.draws > 0, "option 'draws' must be positive, found ", options.draws);
  require_option(options.batch > 0, "option 'batch' must be positive, found ", options.batch);
  require_option(options.storage == "f32" || options.storage == "f16",
                 "option 'storage' must be f32 or f16, found ", options.storage);
  require_option(!options.flip || data.space.shape.size() == 3, "option 'flip' needs images");
  const int64_t K = options.draws;
  std::vector<Column> columns = {
      {"x1", data.x.scalar_type(), data.space.shape},
      {"label", at::kLong, {}},
      {"source", at::kLong, {}},
      {"x0", options.storage == "f16" ? at::kHalf : at::kFloat, batch_of(K, data.space.shape)},
      {"log_p", at::kFloat, {K}},
      {"norm2", at::kFloat, {K}}};
  if (options.flip) columns.push_back({"flip", at::kByte, {K}});
  return columns;
}

void encode_rows(const Pairing& pairing, const Dataset& data, const EncodeOptions& options,
                 const Run& run, RowFile& file) {
  const at::NoGradGuard no_grad;
  const int64_t K = options.draws, examples = std::max<int64_t>(1, options.batch / K);
  const Random mirror = run.random.stream("flip");
  while (file.done() < file.rows()) {
    const int64_t begin = file.done(), end = std::min(file.rows(), begin + examples);
    const Tensor rows = row_range(begin, end);
    const Tensor draws = row_range(begin * K, end * K, run.device);  // one number each pair
    const Tensor label = data.labels.index_select(0, rows);
    Tensor x1 = data.examples(rows, run.device).repeat_interleave(K, 0);
    const Tensor flip = mirror.uniform(draws, {}) <= 0.5;
    if (options.flip) x1 = mirrored(x1, flip);

    const Codes codes = pairing.noise_for(x1, label.to(run.device).repeat_interleave(K), draws);
    const Tensor norm2 = codes.x0.flatten(1).square().sum(1);
    const Tensor log_p = codes.log_p.defined() ? codes.log_p : at::full_like(norm2, NAN);

    const auto by_example = [&](const Tensor& t) { return t.unflatten(0, {end - begin, K}); };
    file.append({{"x1", data.x.narrow(0, begin, end - begin)},
                 {"label", label},
                 {"source", rows},
                 {"x0", by_example(codes.x0)},
                 {"log_p", by_example(log_p)},
                 {"norm2", by_example(norm2)},
                 {"flip", by_example(flip)}});
    run.log->progress("encoding", file.done() * K, file.rows() * K);
    if (run.stop() && file.done() < file.rows()) file.pause();
  }
}

}  // namespace couplet
