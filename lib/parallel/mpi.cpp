#include "parallel/mpi.h"

#include <ATen/ATen.h>
#define OMPI_SKIP_MPICXX 1  // its old C++ classes, whose library is not linked
#include <mpi.h>
#include <sched.h>

#include <algorithm>

#include "base/error.h"
#include "parallel/devices.h"
#include "parallel/waiting.h"

namespace couplet {

namespace {

// MPI counts in int: what is longer goes in pieces.
constexpr int64_t piece_bytes = 1 << 27;

// Up to so many bytes in all, everyone gets everything and adds up by itself.
constexpr int64_t small_bytes = 1 << 15;

std::vector<int> offsets_of(const std::vector<int>& sizes) {
  std::vector<int> offsets(sizes.size());
  for (size_t r = 1; r < sizes.size(); ++r) offsets[r] = offsets[r - 1] + sizes[r - 1];
  return offsets;
}

class MpiGroup : public Group {
 public:
  explicit MpiGroup(const Launch& launch) : Group(launch) {
    int given = 0, found = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &given);
    MPI_Comm_size(MPI_COMM_WORLD, &found);
    require(found == launch.size, "the launcher started ", launch.size, " processes, MPI sees ",
            found, "; start them by the mpirun of the MPI that this was built with (or srun ",
            "--mpi=pmix, pmi2)");
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine_);
    MPI_Comm_rank(machine_, &local_rank_);
    cores_ = share_of_cores();
  }
  ~MpiGroup() override {
    devices_.reset();
    MPI_Comm_free(&machine_);
    MPI_Finalize();
  }

  int64_t local_rank() const override { return local_rank_; }
  int64_t cores() const override { return cores_; }

  void sum(const Tensor& x) const override {
    TORCH_INTERNAL_ASSERT(x.is_contiguous());
    if (!x.is_cpu()) return devices(x.device()).sum(x);
    const Waiting others;
    const at::NoGradGuard no_grad;
    const auto most = piece_bytes / static_cast<int64_t>(x.element_size());
    for (const Tensor& piece : x.view(-1).split(most)) sum_piece(piece);
  }

  void broadcast(const Tensor& x, int64_t root) const override {
    TORCH_INTERNAL_ASSERT(x.is_contiguous());
    if (!x.is_cpu()) return devices(x.device()).broadcast(x, root);
    const Waiting others;
    auto* data = static_cast<char*>(x.mutable_data_ptr());
    const auto size = static_cast<int64_t>(x.nbytes());
    for (int64_t at = 0; at < size; at += piece_bytes) {
      const auto count = static_cast<int>(std::min(piece_bytes, size - at));
      MPI_Bcast(data + at, count, MPI_BYTE, static_cast<int>(root), MPI_COMM_WORLD);
    }
  }

  bool any(bool flag) const override {
    const Waiting others;
    const int own = flag ? 1 : 0;
    int all = 0;
    MPI_Allreduce(&own, &all, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    return all != 0;
  }

  std::vector<std::string> gather(const std::string& own) const override {
    const Waiting others;
    const int length = static_cast<int>(own.size());
    std::vector<int> lengths(size());
    MPI_Allgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, MPI_COMM_WORLD);
    const std::vector<int> offsets = offsets_of(lengths);
    std::string text(offsets.back() + lengths.back(), '\0');
    MPI_Allgatherv(own.data(), length, MPI_BYTE, text.data(), lengths.data(), offsets.data(),
                   MPI_BYTE, MPI_COMM_WORLD);
    std::vector<std::string> all;
    for (int64_t r = 0; r < size(); ++r) all.push_back(text.substr(offsets[r], lengths[r]));
    return all;
  }

  [[noreturn]] void abort(int status) const override {
    MPI_Abort(MPI_COMM_WORLD, status);
    Group::abort(status);
  }

 private:
  /// MPI's own sums may take any order. Here each process adds up a part of the numbers, in the
  /// order of ranks, and all get the parts: as many bytes as the best of orders.
  void sum_piece(const Tensor& x) const {
    const int64_t P = size(), n = x.numel();
    const auto bytes_each = static_cast<int64_t>(x.element_size());
    if (P * n * bytes_each <= small_bytes) {
      const Tensor all = at::empty({P, n}, x.options());
      MPI_Allgather(x.const_data_ptr(), static_cast<int>(n * bytes_each), MPI_BYTE,
                    all.mutable_data_ptr(), static_cast<int>(n * bytes_each), MPI_BYTE,
                    MPI_COMM_WORLD);
      return add_up(all, x);
    }
    std::vector<int> sizes(P);
    for (int64_t r = 0; r < P; ++r) {
      sizes[r] = static_cast<int>(((r + 1) * n / P - r * n / P) * bytes_each);
    }
    const std::vector<int> offsets = offsets_of(sizes);
    const int own = sizes[rank()];
    const std::vector<int> received(P, own);
    const Tensor all = at::empty({P, own / bytes_each}, x.options());
    MPI_Alltoallv(x.const_data_ptr(), sizes.data(), offsets.data(), MPI_BYTE,
                  all.mutable_data_ptr(), received.data(), offsets_of(received).data(), MPI_BYTE,
                  MPI_COMM_WORLD);
    add_up(all, x.narrow(0, offsets[rank()] / bytes_each, own / bytes_each));
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, x.mutable_data_ptr(), sizes.data(),
                   offsets.data(), MPI_BYTE, MPI_COMM_WORLD);
  }

  static void add_up(const Tensor& rows, const Tensor& out) {
    out.copy_(rows[0]);
    for (int64_t r = 1; r < rows.size(0); ++r) out.add_(rows[r]);
  }

  /// The cores that the processes of this machine may use, divided by their number.
  int64_t share_of_cores() const {
    cpu_set_t own, all;
    CPU_ZERO(&own);
    sched_getaffinity(0, sizeof own, &own);
    MPI_Allreduce(&own, &all, sizeof own, MPI_BYTE, MPI_BOR, machine_);
    int processes = 1;
    MPI_Comm_size(machine_, &processes);
    return std::max(1, std::min(CPU_COUNT(&own), CPU_COUNT(&all) / processes));
  }

  const Devices& devices(c10::Device device) const {
    if (!devices_) devices_ = link_devices(*this, device);
    return *devices_;
  }

  MPI_Comm machine_ = MPI_COMM_NULL;
  int local_rank_ = 0;
  int64_t cores_ = 1;
  mutable std::unique_ptr<const Devices> devices_;
};

}  // namespace

std::shared_ptr<const Group> join_mpi(const Launch& launch) {
  return std::make_shared<MpiGroup>(launch);
}

}  // namespace couplet
