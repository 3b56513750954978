#include "flow/sampling.h"

#include <ATen/ATen.h>

namespace couplet {

void sample_rows(const Generator& generator, const Requests& requests, const SampleRows& rows,
                 int64_t batch, const Scaling& scaling, bool as_bytes,
                 const std::map<std::string, ColumnOf>& columns, const Run& run, RowFile& file) {
  const at::NoGradGuard no_grad;
  while (file.done() < file.rows()) {
    const int64_t begin = rows.begin + file.done(), end = std::min(rows.end, begin + batch);
    const Tensor row = row_range(begin, end, run.device);
    const Tensor x0 = requests.x0(row), label = requests.labels(row);
    const bool planned = !generator.plan->is_null();
    const Tensor x = generator.generate(x0, label);
    if (!planned && !generator.plan->is_null()) {
      run.log->say("parallel decoding: " + generator.plan->dump());
    }
    Tensors out = {{"x", as_bytes ? scaling.to_bytes(x) : scaling.to_stored(x)},
                   {"label", label},
                   {"row", row}};
    for (const auto& [name, column] : columns) out[name] = column(x0, label);
    file.append(out);
    run.log->progress("sampling", file.done(), file.rows());
    if (run.stop() && file.done() < file.rows()) file.pause();
  }
}

}  // namespace couplet
