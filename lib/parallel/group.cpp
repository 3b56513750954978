#include "parallel/group.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "base/error.h"
#include "parallel/mpi.h"

namespace couplet {

int64_t Group::cores() const { return std::max(1u, std::thread::hardware_concurrency()); }
void Group::sum(const Tensor&) const {}
void Group::broadcast(const Tensor&, int64_t) const {}
void Group::abort(int status) const { std::_Exit(status); }

std::shared_ptr<const Group> join(const Launch& launch, const std::vector<std::string>& command) {
  if (launch.size == 1) return std::make_shared<const Group>();
  auto group = join_mpi(launch);
  const json own = command, lead = told(*group, own);
  // All have to know: whoever went on alone would wait for the others for ever.
  require_option(!group->any(own != lead),
                 "processes of one run need one command; these were started together, but the "
                 "first has another (for runs of their own: srun --mpi=none)");
  return group;
}

json told(const Group& group, const json& own, int64_t root) {
  if (group.size() == 1) return own;
  return json::parse(group.gather(group.rank() == root ? own.dump() : "").at(root));
}

double largest(const Group& group, double own) {
  if (group.size() == 1) return own;
  for (const auto& one : group.gather(json(own).dump())) {
    own = std::max(own, json::parse(one).get<double>());
  }
  return own;
}

std::vector<Tensor> sums(const Group& group, const std::vector<Tensor>& own) {
  if (group.size() == 1) return own;
  constexpr int64_t bucket_bytes = 25 << 20;
  std::vector<Tensor> all;
  for (size_t begin = 0, end = 0; begin < own.size(); begin = end) {
    std::vector<Tensor> flat;
    std::vector<int64_t> sizes;
    for (int64_t bytes = 0; end < own.size() && (end == begin || bytes < bucket_bytes); ++end) {
      flat.push_back(own[end].reshape(-1));
      sizes.push_back(own[end].numel());
      bytes += static_cast<int64_t>(own[end].nbytes());
    }
    const Tensor bucket = at::cat(flat);
    group.sum(bucket);
    const std::vector<Tensor> parts = bucket.split_with_sizes(sizes);
    for (const Tensor& part : parts) all.push_back(part.view_as(own[all.size()]));
  }
  return all;
}

Tensor tensor_of(const Group& group, const Tensor& own, int64_t root) {
  if (group.size() == 1) return own;
  json form;
  if (group.rank() == root && own.defined()) {
    form = {{"sizes", own.sizes().vec()}, {"type", static_cast<int>(own.scalar_type())}};
  }
  form = told(group, form, root);
  if (form.is_null()) return {};
  const Tensor all = group.rank() == root
                         ? own.cpu().contiguous()
                         : at::empty(form["sizes"].get<std::vector<int64_t>>(),
                                     static_cast<at::ScalarType>(form["type"].get<int>()));
  group.broadcast(all, root);
  return all;
}

void broadcast(const Group& group, const Tensors& tensors) {
  if (group.size() == 1) return;
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : tensors) {
    const Tensor whole = tensor.contiguous();
    group.broadcast(whole);
    if (!whole.is_same(tensor)) Tensor(tensor).copy_(whole);
  }
}

}  // namespace couplet
