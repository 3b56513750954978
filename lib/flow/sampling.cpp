#include "flow/sampling.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "base/finite.h"
#include "flow/loading.h"

namespace couplet {

namespace {

constexpr const char* diverged = "the model diverges with these options (steps, solver, guidance)";

/// A byte cannot say that a number is not finite; the same command would come to it again.
Tensor bytes_of(const Tensor& x, const Scaling& scaling, int64_t first, RowFile& file) {
  const int64_t bad = finite_rows(x).logical_not().nonzero().size(0);
  if (bad > 0) file.discard();
  require(bad == 0, bad, " of the ", x.size(0), " samples from row ", first,
          " on hold numbers that are not finite, which bytes cannot keep: ", diverged);
  return scaling.to_bytes(x);
}

}  // namespace

void check_labels(const Requests& requests, const SampleRows& rows, const SamplingOptions& options,
                  const Checkpoint& model) {
  const int64_t unlabelled = requests.unlabelled(rows);
  require_null_branch(unlabelled > 0 && model.space.classes > 0, model);
  // A flow guides without labels too; a map of a range is always told a scale.
  const bool acts =
      model.kind == "normalizing-flow" || model.facts.value("guidance", json::array()).size() == 2;
  require_option(acts || options.guidance == 0 || unlabelled < rows.end - rows.begin,
                 "option 'guidance' has no effect on samples without a label");
}

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
  bool finite = true;
  const auto make = [&](int64_t begin, int64_t end) {
    const Tensor row = row_range(rows.begin + begin, rows.begin + end, run.device);
    const int64_t before = generator.evaluated ? generator.evaluated() : 0;
    const Tensor x0 = requests.x0(row), label = requests.labels(row);
    const Tensor x = generator.generate(x0, label, row);
    if (!as_bytes) finite = finite && finite_rows(x).logical_not().nonzero().size(0) == 0;
    Tensors out = {
        {"x", as_bytes ? bytes_of(x, scaling, rows.begin + begin, file) : scaling.to_stored(x)},
        {"label", label},
        {"row", row}};
    if (generator.evaluated) {  // of this batch, whose rows took the same steps
      const double nfe = static_cast<double>(generator.evaluated() - before);
      out["nfe"] = at::full({x.size(0)}, nfe / static_cast<double>(x.size(0)));
    }
    for (const auto& [name, column] : columns) out[name] = column({x0, label, row, x});
    file.put(begin, out);
  };
  const auto tell = [&] {
    if (run.group->any(!finite))
      run.log->warn(text("samples hold numbers that are not finite: ", diverged));
  };
  while (file.done() < file.rows()) {
    const Turn turn = file.next(batch);
    if (turn.begin < turn.end) make(turn.begin, turn.end);
    file.advance(turn.all, plan);
    run.log->progress("sampling", file.done(), file.rows());
    if (run.stop() && file.done() < file.rows()) tell(), file.pause();
  }
  tell();
  return plan;
}

}  // namespace couplet
