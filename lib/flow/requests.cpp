#include "flow/requests.h"

#include <ATen/ATen.h>

#include <regex>

#include "base/error.h"
#include "data/augment.h"
#include "formats/arrays.h"
#include "formats/npz.h"

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

Requests::Requests(const Space& space, const std::string& label, const Random& noise,
                   const std::string& file, int64_t rows)
    : space_(space), each_(label == "each" && space.classes > 0), noise_(noise) {
  if (!file.empty()) {
    read(file);
    require_option(rows <= given_x0_.size(0), "--rows: ", file, " has ", given_x0_.size(0),
                   " rows");
  }
  if (label == "each" || label == "none") return;
  const bool number = !label.empty() && label.size() < 10 &&
                      label.find_first_not_of("0123456789") == std::string::npos;
  require_option(number && std::stoll(label) < space.classes,
                 "option 'label' must be each, none or ", "a class below ", space.classes,
                 ", found '", label, "'");
  label_ = std::stoll(label);
}

void Requests::read(const std::string& path) {
  Tensors arrays;
  if (is_npz(path)) {
    arrays = read_npz(path);
  } else if (is_artifact(path)) {
    pairs_ = std::make_shared<Pairs>(read_pairs(path));
    arrays = {{"x0", pairs_->x0.select(1, 0)}, {"label", pairs_->label}};
  } else {
    const h5::File file = h5::File::open(path);
    for (const char* name : {"x0", "label"}) {
      if (file.has(name)) arrays[name] = file.read(name);
    }
  }
  require(arrays.contains("x0"), path, ": has no array 'x0'");
  given_x0_ = arrays["x0"].to(at::kFloat);
  require(given_x0_.dim() > 0 && given_x0_.sizes().slice(1) == at::IntArrayRef(space_.shape), path,
          ", x0: has sizes ", given_x0_.sizes(), ", expected (rows, *",
          at::IntArrayRef(space_.shape), ")");
  if (each_ && arrays.contains("label")) {
    given_label_ = arrays["label"].to(at::kLong);
    const auto n = given_label_.numel();
    require(given_label_.dim() == 1 && n == given_x0_.size(0), path, ", label: has sizes ",
            given_label_.sizes(), " for ", given_x0_.size(0), " rows");
    require(given_label_.ge(-1).logical_and(given_label_.lt(space_.classes)).all().item<bool>(),
            path, ", label: the model has ", space_.classes, " classes");
  }
}

Tensor Requests::x0(const Tensor& rows) const {
  if (!given_x0_.defined()) return noise_.normal(rows, space_.shape);
  return given_x0_.index_select(0, rows.cpu()).to(rows.device());
}

Tensor Requests::x1(const Tensor& rows) const {
  const Tensor index = rows.cpu();
  const Tensor x1 = pairs_->scaling.apply(pairs_->x1.index_select(0, index).to(rows.device()));
  if (!pairs_->flip.defined()) return x1;
  const Tensor flip = pairs_->flip.select(1, 0).index_select(0, index);
  return mirrored(x1, flip.to(rows.device(), at::kBool));
}

std::string Requests::data() const { return pairs_->artifact.fact("data"); }

int64_t Requests::unlabelled(const SampleRows& rows) const {
  return labels(row_range(rows.begin, rows.end)).lt(0).sum().item<int64_t>();
}

Tensor Requests::labels(const Tensor& rows) const {
  if (given_label_.defined()) {
    return given_label_.index_select(0, rows.cpu()).to(rows.device());
  }
  return each_ ? rows.remainder(space_.classes) : at::full_like(rows, label_);
}

}  // namespace couplet
