#include "base/operations.h"

#include <ATen/core/Tensor.h>
#include <ATen/record_function.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/types.h"

namespace couplet {

namespace {

using Arguments = c10::ArrayRef<const c10::IValue>;

int64_t size(const c10::IValue& tensor, int64_t dim) { return tensor.toTensor().size(dim); }
int64_t numel(const c10::IValue& tensor) { return tensor.toTensor().numel(); }

// A is (…, M, K), B (…, K, N).
int64_t product(const c10::IValue& a, const c10::IValue& b) { return 2 * numel(a) * size(b, -1); }

// Every output takes each of a filter's weights once.
int64_t filtering(int64_t outputs, const c10::IValue& weight) {
  return 2 * outputs * numel(weight) / size(weight, 0);
}

int64_t convolution(Arguments a) {
  const Tensor x = a[0].toTensor(), w = a[1].toTensor();
  const auto of = [](const c10::IValue& list, int64_t dim) {  // one number may stand for all
    const auto values = list.toIntVector();
    return values[values.size() == 1 ? 0 : dim];
  };
  int64_t outputs = x.size(0) * w.size(0);
  for (int64_t d = 0; d < x.dim() - 2; ++d) {
    const int64_t reach = of(a[5], d) * (w.size(d + 2) - 1) + 1;
    outputs *= (x.size(d + 2) + 2 * of(a[4], d) - reach) / of(a[3], d) + 1;
  }
  return filtering(outputs, a[1]);
}

// Gradients to the input and to the weight, each as much as the convolution.
int64_t convolution_backward(Arguments a) {
  const auto wanted = a[10].toBoolList();
  return (int64_t{wanted[0]} + int64_t{wanted[1]}) * filtering(numel(a[0]), a[2]);
}

// Two products of queries with keys' and values' rows.
int64_t attention(const c10::IValue& q, const c10::IValue& k) { return 2 * numel(q) * size(k, -2); }

using Count = int64_t (*)(Arguments);
Count counted(std::string_view name) {
  static const std::map<std::string_view, Count> counts = {
      {"aten::mm", [](Arguments a) { return product(a[0], a[1]); }},
      {"aten::bmm", [](Arguments a) { return product(a[0], a[1]); }},
      {"aten::addmm", [](Arguments a) { return product(a[1], a[2]); }},
      {"aten::addmm_", [](Arguments a) { return product(a[1], a[2]); }},
      {"aten::baddbmm", [](Arguments a) { return product(a[1], a[2]); }},
      {"aten::baddbmm_", [](Arguments a) { return product(a[1], a[2]); }},
      {"aten::convolution", convolution},
      {"aten::convolution_backward", convolution_backward}};
  if (const auto found = counts.find(name); found != counts.end()) return found->second;
  const bool fused = name.starts_with("aten::_scaled_dot_product_") && !name.ends_with("_math");
  if (!fused || name.find("_fused_") != std::string_view::npos) return nullptr;
  if (name.find("_backward") == std::string_view::npos)
    return [](Arguments a) { return 2 * attention(a[0], a[1]); };
  return [](Arguments a) { return 5 * attention(a[1], a[2]); };  // it computes the weights anew
}

std::atomic<int64_t> total{0};

std::unique_ptr<at::ObserverContext> on_call(const at::RecordFunction& call) {
  if (const Count count = counted(call.name())) total += count(call.inputs());
  return nullptr;
}

}  // namespace

int64_t operations() {
  static const auto begun = at::addGlobalCallback(
      at::RecordFunctionCallback(on_call).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  (void)begun;
  return total;
}

}  // namespace couplet
