// The Philox4x32-10 generator (Salmon et al. 2011), for host and device alike.
#pragma once
#include <cmath>
#include <cstdint>

#ifdef __CUDACC__
#define COUPLET_EVERYWHERE __host__ __device__ inline
#else
#define COUPLET_EVERYWHERE inline
#endif

namespace couplet::cuda {

struct Four {
  uint32_t word[4];
};

/// Four random words at the place (row, block) of the stream named by key.
COUPLET_EVERYWHERE Four philox(uint64_t key, uint64_t row, uint64_t block) {
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  uint32_t c0 = static_cast<uint32_t>(row), c1 = static_cast<uint32_t>(row >> 32);
  uint32_t c2 = static_cast<uint32_t>(block), c3 = static_cast<uint32_t>(block >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = 0xD2511F53ull * c0, p1 = 0xCD9E8D57ull * c2;
    const uint32_t n0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
    const uint32_t n2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c0 = n0, c1 = static_cast<uint32_t>(p1), c2 = n2, c3 = static_cast<uint32_t>(p0);
    k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

/// A word as a number in (0, 1]: the same bits everywhere, since the scaling is exact.
COUPLET_EVERYWHERE float unit(uint32_t word) {
  return static_cast<float>(word) * 0x1p-32f + 0x1p-33f;
}

struct FourNumbers {
  float number[4];
};

/// Four N(0, 1) draws out of four words (Box and Muller 1958).
COUPLET_EVERYWHERE FourNumbers normals(const Four& four) {
  FourNumbers out;
  for (int pair = 0; pair < 4; pair += 2) {
    const float radius = sqrtf(-2.0f * logf(unit(four.word[pair])));
    const float angle = 6.283185307f * unit(four.word[pair + 1]);
    out.number[pair] = radius * cosf(angle);
    out.number[pair + 1] = radius * sinf(angle);
  }
  return out;
}

/// Place i of a keyed permutation of 0 .. size - 1: a Feistel network, walked until it lands
/// inside.
COUPLET_EVERYWHERE uint64_t permuted(uint64_t key, uint64_t epoch, uint64_t i, uint64_t size) {
  int half = 1;
  while ((uint64_t{1} << (2 * half)) < size) ++half;
  const uint64_t mask = (uint64_t{1} << half) - 1;
  do {
    uint64_t left = i >> half, right = i & mask;
    for (uint64_t round = 0; round < 8; ++round) {
      const uint64_t mixed = philox(key, epoch, (right << 3) | round).word[0] & mask;
      const uint64_t next = left ^ mixed;
      left = right, right = next;
    }
    i = (left << half) | right;
  } while (i >= size);
  return i;
}

}  // namespace couplet::cuda
