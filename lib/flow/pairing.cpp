#include "flow/pairing.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "base/threads.h"
#include "flow/generator.h"
#include "nn/autocast.h"

namespace couplet {

namespace {

struct Independent : Pairing {
  Random random;
  explicit Independent(const PairingInputs& inputs) : random(inputs.run->random.stream("noise")) {}
  Codes noise_for(const Tensor& x1, const Tensor&, const Tensor& draws) const override {
    return {random.normal(draws, x1.sizes().slice(1)), {}};
  }
};

struct TeacherOptions {
  int64_t calibration = 10000;
  std::string precision = "fp32";
  void describe(auto&& option) {
    option("calibration", calibration, "encodings from which sigma_f is estimated");
    option("precision", precision,
           "fp32, or bf16: autocast around the flow, faster, with the error of the codes noted");
  }
};

/// x0 = f(x1 + eta e) / sigma_f with fresh e ~ N(0, I); sigma_f^2 = E[f(x1 + eta e)^2], one number
/// (NFM, arXiv 2603.09014). The label is always the example's own.
struct Teacher : Pairing {
  std::shared_ptr<NormalizingFlow> flow;
  json error;
  bool bf16;
  double eta, sigma_f = 1;
  Random random;

  Teacher(const TeacherOptions& options, const PairingInputs& inputs)
      : bf16(options.precision == "bf16"), random(inputs.run->random.stream("eta")) {
    require_option(bf16 || options.precision == "fp32",
                   "option 'coupling.precision' must be fp32 or bf16, found ", options.precision);
    require_option(options.calibration > 0, "option 'coupling.calibration' must be positive");
    require_option(
        inputs.model != nullptr && inputs.model->kind == "normalizing-flow",
        "the coupling 'teacher' needs a normalizing flow; a dataset alone gives 'independent'");
    require_option(inputs.model->facts.value("noise", "gaussian") == "gaussian",
                   "the coupling 'teacher' needs a flow trained with Gaussian noise; this one had ",
                   inputs.model->facts.value("noise", ""));
    flow = load_flow(*inputs.model, inputs.run->device);
    eta = inputs.model->facts.at("eta").get<double>();
    sigma_f = scale_of_codes(options.calibration, inputs);
    if (bf16) error = error_of_bf16(inputs);
  }

  Codes encode(const Tensor& x1, const Tensor& label, const Tensor& draws, const Random& noise,
               bool bf16) const {
    Codes codes{at::empty_like(x1), at::empty({x1.size(0)}, x1.options())};
    over_shares(x1.size(0), x1.device(), [&](int64_t begin, int64_t count) {
      const auto share = [&](const Tensor& t) { return t.narrow(0, begin, count); };
      const at::NoGradGuard no_grad;
      const Autocast autocast(bf16, x1.device().type());
      const Tensor x = share(x1) + eta * noise.normal(share(draws), x1.sizes().slice(1));
      const Encoded encoded = flow->encode(x, share(label));
      share(codes.x0).copy_(encoded.z);
      share(codes.log_p).copy_(log_prob(encoded));
    });
    return codes;
  }

  double scale_of_codes(int64_t count, const PairingInputs& inputs) const {
    constexpr int64_t batch = 256;
    const Random noise = inputs.run->random.stream("calibration");
    Tensor sum = at::zeros({}, at::TensorOptions(at::kDouble).device(inputs.run->device));
    for (int64_t i = 0; i < count; i += batch) {
      const Tensor draws = row_range(i, std::min(count, i + batch), inputs.run->device);
      const Tensor example = draws.remainder(inputs.x1.size(0));
      const Codes codes = encode(inputs.x1.index_select(0, example),
                                 inputs.label.index_select(0, example), draws, noise, bf16);
      sum += codes.x0.square().sum(at::kDouble);
    }
    return std::sqrt(sum.item<double>() / static_cast<double>(count * inputs.x1[0].numel()));
  }

  Codes noise_for(const Tensor& x1, const Tensor& label, const Tensor& draws) const override {
    Codes codes = encode(x1, label, draws, random, bf16);
    codes.x0 = codes.x0 / sigma_f;
    return codes;
  }
  json facts() const override {
    json facts = {{"eta", eta}, {"sigma_f", sigma_f}};
    if (bf16) facts["bf16_error"] = error;
    return facts;
  }

  /// Of codes x0, each about one in size, and of log p in nats a dimension, against fp32.
  json error_of_bf16(const PairingInputs& inputs) const {
    const int64_t rows = std::min<int64_t>(256, inputs.x1.size(0));
    const Tensor draws = row_range(0, rows, inputs.run->device);
    const Tensor x1 = inputs.x1.narrow(0, 0, rows), label = inputs.label.narrow(0, 0, rows);
    const Codes exact = encode(x1, label, draws, random, false);
    const Codes rough = encode(x1, label, draws, random, true);
    const Tensor off = (rough.x0 - exact.x0) / sigma_f;
    const Tensor nats = (rough.log_p - exact.log_p).abs() / static_cast<double>(x1[0].numel());
    return {{"rms", off.square().mean().sqrt().item<double>()},
            {"max", off.abs().max().item<double>()},
            {"log_p", nats.mean().item<double>()}};
  }
};

std::shared_ptr<Pairing> make_independent_pairing(const NoOptions&, const PairingInputs& inputs) {
  return std::make_shared<Independent>(inputs);
}
std::shared_ptr<Pairing> make_teacher_pairing(const TeacherOptions& options,
                                              const PairingInputs& inputs) {
  return std::make_shared<Teacher>(options, inputs);
}

}  // namespace

const Registry<Pairing, const PairingInputs&>& pairings() {
  static const Registry<Pairing, const PairingInputs&> table(
      "pairing",
      {
          {"teacher", "the codes of a normalizing flow (NFM, 2603.09014)", make_teacher_pairing},
          {"independent", "noise that knows nothing of the data", make_independent_pairing},
      });
  return table;
}

}  // namespace couplet
