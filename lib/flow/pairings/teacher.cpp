#include "flow/pairings/teacher.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "base/threads.h"
#include "data/noising.h"
#include "flow/loading.h"
#include "nn/autocast.h"
#include "transport/procrustes.h"

namespace couplet {

namespace {

constexpr int64_t batch = 256;

struct Codes {
  Tensor z, log_p;
};

struct Teacher : Pairing {
  Batches batches;
  c10::Device device;
  std::shared_ptr<NormalizingFlow> flow;
  bool bf16;
  std::optional<Noising> noised;
  double sigma_f = 1;
  Tensor Q;  ///< (D, D) orthogonal, or undefined
  json told;
  Random random;

  Teacher(const TeacherOptions& options, const PairingInputs& inputs)
      : batches(inputs.batches),
        device(inputs.run->device),
        bf16(options.precision == "bf16"),
        random(inputs.run->random.stream("eta")) {
    require_option(bf16 || options.precision == "fp32",
                   "option 'coupling.precision' must be fp32 or bf16, found ", options.precision);
    require_option(options.align == "none" || options.align == "procrustes",
                   "option 'coupling.align' must be none or procrustes, found ", options.align);
    require_option(options.calibration > 0, "option 'coupling.calibration' must be positive");
    require_option(
        inputs.model != nullptr && inputs.model->kind == "normalizing-flow",
        "the coupling 'teacher' needs a normalizing flow; a dataset alone gives 'independent' and "
        "the couplings by optimal transport");
    flow = load_flow(*inputs.model, device);
    const json& facts = inputs.model->facts;
    told["eta"] = facts.at("eta"), told["noise"] = facts.value("noise", "gaussian");
    noised.emplace(told["noise"], told["eta"].get<double>(), inputs.data);
    calibrate(options, inputs.run->random.stream("calibration"));
    told["sigma_f"] = sigma_f;
    if (bf16) told["bf16_error"] = error_of_bf16();
  }

  Codes encode(const Tensor& x1, const Tensor& label, const Tensor& numbers, const Random& noise,
               bool bf16) const {
    Codes codes{at::empty_like(x1), at::empty({x1.size(0)}, x1.options())};
    over_shares(x1.size(0), x1.device(), [&](int64_t begin, int64_t count) {
      const auto share = [&](const Tensor& t) { return t.narrow(0, begin, count); };
      const at::NoGradGuard no_grad;
      const Autocast autocast(bf16, x1.device().type());
      const Tensor x = (*noised)(share(x1), share(numbers), noise);
      const Encoded encoded = flow->encode(x, share(label));
      share(codes.z).copy_(encoded.z);
      share(codes.log_p).copy_(log_prob(encoded));
    });
    return codes;
  }

  /// sigma_f, and Q where it is asked for, from the first examples, each with noise of its own.
  void calibrate(const TeacherOptions& options, const Random& noise) {
    const int64_t D = batches.space().dims(), examples = std::min<int64_t>(batches.size(), 10000);
    const auto in_double = at::TensorOptions(at::kDouble).device(device);
    Tensor squares = at::zeros({}, in_double);
    Tensor moment;  // of x1 and z
    if (options.align == "procrustes") moment = at::zeros({D, D}, at::TensorOptions(device));
    for (int64_t i = 0; i < options.calibration; i += batch) {
      const Tensor numbers = row_range(i, std::min(options.calibration, i + batch), device);
      const auto [x1, label] = batches.take(numbers.remainder(examples));
      const Tensor z = encode(x1, label, numbers, noise, bf16).z;
      squares += z.square().sum(at::kDouble);
      if (moment.defined()) moment.addmm_(x1.flatten(1).t(), z.flatten(1));
    }
    sigma_f = std::sqrt(squares.item<double>() / static_cast<double>(options.calibration * D));
    if (!moment.defined()) return;
    require_option(options.calibration > 2 * D, "option 'coupling.align': ", options.calibration,
                   " encodings do not tell the axes of ", D,
                   " dimensions; raise coupling.calibration");
    Q = nearest_rotation(moment);
    told["align"] = "procrustes";
  }

  NewPairs make(const Tensor& numbers) const override {
    const Tensor example = batches.examples(numbers), flip = batches.flips(numbers);
    const auto [x1, label] = batches.take(example, flip);
    const Codes codes = encode(x1, label, numbers, random, bf16);
    Tensor x0 = codes.z / sigma_f;
    if (Q.defined()) x0 = x0.flatten(1).matmul(Q.t()).view_as(x0);
    return {{x0, x1, label}, example, flip, codes.log_p};
  }

  json facts() const override { return told; }
  Tensors tables() const override { return Q.defined() ? Tensors{{"rotation", Q}} : Tensors(); }

  /// Of codes x0, each about one in size, and of log p in nats a dimension, against fp32.
  json error_of_bf16() const {
    const Tensor numbers = row_range(0, std::min<int64_t>(batch, batches.size()), device);
    const auto [x1, label] = batches.take(numbers);
    const Codes exact = encode(x1, label, numbers, random, false);
    const Codes rough = encode(x1, label, numbers, random, true);
    const Tensor off = (rough.z - exact.z) / sigma_f;
    const Tensor nats = (rough.log_p - exact.log_p).abs() / static_cast<double>(x1[0].numel());
    return {{"rms", off.square().mean().sqrt().item<double>()},
            {"max", off.abs().max().item<double>()},
            {"log_p", nats.mean().item<double>()}};
  }
};

}  // namespace

std::shared_ptr<Pairing> make_teacher(const TeacherOptions& options, const PairingInputs& inputs) {
  return std::make_shared<Teacher>(options, inputs);
}

}  // namespace couplet
