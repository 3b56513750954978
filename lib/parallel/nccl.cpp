#include <ATen/core/Tensor.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAGuard.h>
#include <nccl.h>

#include "base/error.h"
#include "parallel/devices.h"

namespace couplet {

namespace {

void check(ncclResult_t result, const char* what) {
  require(result == ncclSuccess, "NCCL, ", what, ": ", ncclGetErrorString(result), " (",
          ncclGetLastError(nullptr), "); NCCL_DEBUG=INFO tells more");
}

ncclDataType_t type_of(const Tensor& x) {
  switch (x.scalar_type()) {
    case at::kFloat:
      return ncclFloat32;
    case at::kDouble:
      return ncclFloat64;
    case at::kLong:
      return ncclInt64;
    case at::kHalf:
      return ncclFloat16;
    case at::kBFloat16:
      return ncclBfloat16;
    case at::kByte:
    case at::kBool:
      return ncclUint8;
    default:
      fail("tensors of ", at::toString(x.scalar_type()), " do not go between GPUs");
  }
}

struct Nccl : Devices {
  c10::Device device;
  ncclComm_t comm = nullptr;

  Nccl(const Group& group, c10::Device device) : device(device) {
    // The lead makes a name for the group; it travels as numbers, by MPI.
    ncclUniqueId id{};
    if (group.leads()) check(ncclGetUniqueId(&id), "naming the group");
    std::vector<int> bytes(std::begin(id.internal), std::end(id.internal));
    bytes = told(group, bytes).get<std::vector<int>>();
    std::copy(bytes.begin(), bytes.end(), std::begin(id.internal));
    const c10::cuda::CUDAGuard guard(device);
    check(
        ncclCommInitRank(&comm, static_cast<int>(group.size()), id, static_cast<int>(group.rank())),
        "joining (each process needs a GPU of its own)");
  }
  ~Nccl() override { ncclCommDestroy(comm); }

  // On the stream of the computation, in its order: the host does not wait.
  void sum(const Tensor& x) const override {
    const c10::cuda::CUDAGuard guard(device);
    check(ncclAllReduce(x.const_data_ptr(), x.mutable_data_ptr(), x.numel(), type_of(x), ncclSum,
                        comm, at::cuda::getCurrentCUDAStream()),
          "summing");
  }
  void broadcast(const Tensor& x, int64_t root) const override {
    const c10::cuda::CUDAGuard guard(device);
    check(ncclBroadcast(x.const_data_ptr(), x.mutable_data_ptr(), x.numel(), type_of(x),
                        static_cast<int>(root), comm, at::cuda::getCurrentCUDAStream()),
          "broadcasting");
  }
};

}  // namespace

std::unique_ptr<const Devices> link_devices(const Group& group, c10::Device device) {
  return std::make_unique<Nccl>(group, device);
}

}  // namespace couplet
