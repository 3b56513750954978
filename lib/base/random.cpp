#include "base/random.h"

#include <ATen/ATen.h>

#include "base/space.h"
#include "cuda/random.h"

namespace couplet {

namespace {

// SplitMix64's finaliser: spreads every bit of x over the word.
uint64_t mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

}  // namespace

Random Random::stream(std::string_view name) const {
  uint64_t key = mix(key_);
  for (unsigned char c : name) key = mix(key ^ c);
  return Random(key);
}

Tensor Random::uniform(const Tensor& rows, at::IntArrayRef shape) const {
  const auto sizes = batch_of(rows.size(0), shape.vec());
  if (rows.is_meta()) return at::empty(sizes, rows.options().dtype(at::kFloat));
  const int64_t count = c10::multiply_integers(shape);
  return (rows.is_cpu() ? cpu::uniform : cuda::uniform)(rows, key_, count).view(sizes);
}

Tensor Random::normal(const Tensor& rows, at::IntArrayRef shape) const {
  const auto sizes = batch_of(rows.size(0), shape.vec());
  if (rows.is_meta()) return at::empty(sizes, rows.options().dtype(at::kFloat));
  const int64_t count = c10::multiply_integers(shape);
  return (rows.is_cpu() ? cpu::normal : cuda::normal)(rows, key_, count).view(sizes);
}

Tensor Random::permute(const Tensor& rows, int64_t size) const {
  if (rows.is_meta()) return at::empty_like(rows);
  return (rows.is_cpu() ? cpu::permute : cuda::permute)(rows, key_, size);
}

Tensor row_range(int64_t begin, int64_t end, c10::Device device) {
  return at::arange(begin, end, at::TensorOptions(at::kLong).device(device));
}

}  // namespace couplet
