// The processes of one run, one for each device.
#pragma once
#include <memory>

#include "base/types.h"
#include "parallel/launch.h"

namespace couplet {

/// Each process has a rank; rank 0 leads: it alone speaks and gives files their names. What goes
/// between processes (sums, questions, …) all of them have to call, in the same order. This class
/// is the group of one, where none of it does anything.
class Group {
 public:
  Group() = default;
  Group(const Group&) = delete;
  /// Waits for the others.
  virtual ~Group() = default;

  int64_t rank() const { return launch_.rank; }
  int64_t size() const { return launch_.size; }
  bool leads() const { return rank() == 0; }
  /// Number among the processes of this machine.
  virtual int64_t local_rank() const { return 0; }
  /// How many of the machine's cores are this process's share.
  virtual int64_t cores() const;

  /// The sum of a contiguous tensor over all processes, in its place; added up in the order of
  /// ranks on a CPU, in an order of NCCL's own on GPUs: equal bits for as many processes.
  virtual void sum(const Tensor& x) const;
  /// The tensor of one process, at all, in place; all have one of the same size and type.
  virtual void broadcast(const Tensor& x, int64_t root = 0) const;
  /// Whether any says yes. Nobody goes on before all have come here.
  virtual bool any(bool flag) const { return flag; }
  /// What each says, by rank.
  virtual std::vector<std::string> gather(const std::string& own) const { return {own}; }
  /// Ends all processes at once, with this exit status.
  [[noreturn]] virtual void abort(int status) const;

 protected:
  explicit Group(const Launch& launch) : launch_(launch) {}

 private:
  Launch launch_;
};

/// Joins the processes that were started together; alone: the group of one. command: what this one
/// was asked to do. Errors: no MPI in this build, or not the launcher's; other commands than the
/// lead's.
std::shared_ptr<const Group> join(const Launch& launch, const std::vector<std::string>& command);

/// What one process says, at all.
json told(const Group& group, const json& own, int64_t root = 0);
/// The largest of what they have.
double largest(const Group& group, double own);
/// The sum over processes of each tensor of a list, all of one type and device; in buckets, since
/// many small messages cost more than a large one.
std::vector<Tensor> sums(const Group& group, const std::vector<Tensor>& own);
/// The tensor of one process, of whatever size (or undefined), at all, on the CPU.
Tensor tensor_of(const Group& group, const Tensor& own, int64_t root);
/// The tensors of the lead, at all.
void broadcast(const Group& group, const Tensors& tensors);

}  // namespace couplet
