#include "flow/sampling.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "base/finite.h"

namespace couplet {

namespace {

/// Samples as they are stored. A byte cannot say that a number is not finite, and the same command
/// would come to it again; of floats the first batch with one is told of.
Tensor stored(const Tensor& x, const Scaling& scaling, bool as_bytes, int64_t first, bool& warned,
              const Run& run, RowFile& file) {
  const int64_t bad = warned ? 0 : finite_rows(x).logical_not().nonzero().size(0);
  const std::string what = text(bad, " of the ", x.size(0), " samples from row ", first,
                                " on hold numbers that are not finite");
  const std::string why = "the model diverges with these options (steps, solver, guidance)";
  if (bad > 0 && as_bytes) file.discard();
  require(bad == 0 || !as_bytes, what, ", which bytes cannot keep: ", why);
  if (bad > 0) run.log->warn(what + ": " + why);
  warned = warned || bad > 0;
  return as_bytes ? scaling.to_bytes(x) : scaling.to_stored(x);
}

}  // namespace

json sample_rows(const Generator& generator, const Requests& requests, const SampleRows& rows,
                 int64_t batch, const Scaling& scaling, bool as_bytes,
                 const std::map<std::string, ColumnOf>& columns, const Run& run, RowFile& file) {
  const at::NoGradGuard no_grad;
  json plan = file.note();  // of the run that this one goes on from
  if (generator.try_out && plan.is_null() && run.leads()) {
    const Tensor row = row_range(rows.begin, std::min(rows.end, rows.begin + batch), run.device);
    plan = generator.try_out(requests.x0(row), requests.labels(row));
    run.log->say("parallel decoding: " + plan.dump());
    plan.erase("speed");  // a timing is no fact of the samples
  }
  plan = told(*run.group, plan);
  if (generator.follow) generator.follow(plan);
  bool warned = false;
  const auto make = [&](int64_t begin, int64_t end) {
    const Tensor row = row_range(rows.begin + begin, rows.begin + end, run.device);
    const int64_t before = generator.evaluated ? generator.evaluated() : 0;
    const Tensor x0 = requests.x0(row), label = requests.labels(row);
    const Tensor x = generator.generate(x0, label, row);
    Tensors out = {{"x", stored(x, scaling, as_bytes, rows.begin + begin, warned, run, file)},
                   {"label", label},
                   {"row", row}};
    if (generator.evaluated) {  // of this batch, whose rows took the same steps
      const double nfe = static_cast<double>(generator.evaluated() - before);
      out["nfe"] = at::full({x.size(0)}, nfe / static_cast<double>(x.size(0)));
    }
    for (const auto& [name, column] : columns) out[name] = column({x0, label, row, x});
    file.put(begin, out);
  };
  while (file.done() < file.rows()) {
    const Turn turn = file.next(batch);
    if (turn.begin < turn.end) make(turn.begin, turn.end);
    file.advance(turn.all, plan);
    run.log->progress("sampling", file.done(), file.rows());
    if (run.stop() && file.done() < file.rows()) file.pause();
  }
  return plan;
}

}  // namespace couplet
