// What stands in for the kernels where there is no CUDA compiler: their CPU twins.
#include "cuda/random.h"
#include "cuda/replay.h"

namespace couplet::cuda {

at::Tensor uniform(const at::Tensor& rows, uint64_t key, int64_t count) {
  return cpu::uniform(rows.cpu(), key, count).to(rows.device());
}

at::Tensor normal(const at::Tensor& rows, uint64_t key, int64_t count) {
  return cpu::normal(rows.cpu(), key, count).to(rows.device());
}

at::Tensor permute(const at::Tensor& rows, uint64_t key, int64_t size) {
  return cpu::permute(rows.cpu(), key, size).to(rows.device());
}

struct Replay::Recorded {};
Replay::Replay(Function f) : f_(std::move(f)) {}
Replay::~Replay() = default;
at::Tensor Replay::operator()(const at::Tensor& x, const at::Tensor& label) { return f_(x, label); }

}  // namespace couplet::cuda
