#include "flow/sampling.h"

#include <ATen/ATen.h>

#include <regex>

#include "base/error.h"

namespace couplet {

SampleRows parse_rows(const std::string& given) {
  std::smatch part;
  require_option(std::regex_match(given, part, std::regex("([0-9]{1,15})(-([0-9]{1,15}))?")),
                 "--rows wants FIRST-LAST or a count, found '", given, "'");
  const int64_t first = std::stoll(part[1]);
  const SampleRows rows =
      part[3].matched ? SampleRows{first, std::stoll(part[3]) + 1} : SampleRows{0, first};
  require_option(rows.begin < rows.end, "--rows ", given, " names no row");
  return rows;
}

Requests::Requests(const Space& space, const std::string& label, const Random& noise)
    : space_(space), each_(label == "each" && space.classes > 0), noise_(noise) {
  if (label == "each" || label == "none") return;
  const bool number = !label.empty() && label.size() < 10 &&
                      label.find_first_not_of("0123456789") == std::string::npos;
  require_option(number && std::stoll(label) < space.classes,
                 "option 'label' must be each, none or ", "a class below ", space.classes,
                 ", found '", label, "'");
  label_ = std::stoll(label);
}

Tensor Requests::x0(const Tensor& rows) const { return noise_.normal(rows, space_.shape); }

Tensor Requests::labels(const Tensor& rows) const {
  return each_ ? rows.remainder(space_.classes) : at::full_like(rows, label_);
}

void sample_rows(const Generator& generator, const Requests& requests, const SampleRows& rows,
                 int64_t batch, const Scaling& scaling, bool as_bytes,
                 const std::map<std::string, ColumnOf>& columns, const Run& run, RowFile& file) {
  const at::NoGradGuard no_grad;
  while (file.done() < file.rows()) {
    const int64_t begin = rows.begin + file.done(), end = std::min(rows.end, begin + batch);
    const Tensor row = row_range(begin, end, run.device);
    const Tensor x0 = requests.x0(row), label = requests.labels(row);
    const Tensor x = generator.generate(x0, label);
    Tensors out = {{"x", as_bytes ? scaling.to_bytes(x) : x}, {"label", label}, {"row", row}};
    for (const auto& [name, column] : columns) out[name] = column(x0, label);
    file.append(out);
    run.log->progress("sampling", file.done(), file.rows());
    if (run.stop() && file.done() < file.rows()) file.pause();
  }
}

}  // namespace couplet
