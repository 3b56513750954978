// MKL's choice of kernels.
#pragma once

namespace couplet {

/// MKL, which LibTorch calls for products of matrices, takes its AVX-512 kernels only on processors
/// that say they are Intel's. A program that calls this takes them wherever the processor has the
/// instructions, unless the environment says COUPLET_MKL=vendor. To be called before the first
/// product; without effect where LibTorch has no MKL.
void choose_mkl_kernels();

}  // namespace couplet
