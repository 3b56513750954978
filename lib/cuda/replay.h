// Work on a GPU that is recorded once and launched again as a whole.
#pragma once
#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <vector>

namespace couplet::cuda {

/// f(x, label), whose many small launches become one by a CUDA graph: the second call with x of the
/// sizes of the call before records them, later ones with these sizes replay them; other calls run
/// as they are. f must do the same on the device each time it is called, read nothing back, and use
/// no tensor that moves; what it holds while it runs stays taken. Without CUDA every call runs as
/// it is.
class Replay {
 public:
  using Function = std::function<at::Tensor(const at::Tensor& x, const at::Tensor& label)>;
  explicit Replay(Function f);
  ~Replay();
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& label);

 private:
  struct Recorded;
  Function f_;
  std::vector<int64_t> sizes_;  // of the call before
  std::unique_ptr<Recorded> recorded_;
};

}  // namespace couplet::cuda
