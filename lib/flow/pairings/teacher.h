// The codes of a normalizing flow.
#pragma once
#include "flow/pairing.h"

namespace couplet {

struct TeacherOptions {
  int64_t calibration = 10000;
  std::string align = "none";
  std::string precision = "fp32";
  void describe(auto&& option) {
    option("calibration", calibration, "encodings from which sigma_f is estimated");
    option(
        "align", align,
        "none, or procrustes: turn the codes by the orthogonal matrix that brings them nearest to "
        "the data");
    option("precision", precision,
           "fp32, or bf16: autocast around the flow, faster, with the error of the codes noted");
  }
};

/// x0 = f(x1 + eta e) / sigma_f with fresh e ~ N(0, I); sigma_f^2 = E[f(x1 + eta e)^2], one number
/// (NFM, arXiv 2603.09014). A flow of dequantised bytes gets its own noise instead: U within a grey
/// level; x1 stays the clean example. The label is always the example's own. Errors: no flow.
std::shared_ptr<Pairing> make_teacher(const TeacherOptions& options, const PairingInputs& inputs);

}  // namespace couplet
