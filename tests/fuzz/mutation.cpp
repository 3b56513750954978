#include "mutation.h"

#include <algorithm>
#include <random>

namespace couplet::fuzz {

namespace {

using Dice = std::mt19937_64;  // the standard says which numbers it gives

size_t below(Dice& dice, size_t count) { return count == 0 ? 0 : dice() % count; }

// Counts, sizes and places are mostly in the first bytes and the last.
size_t place(Dice& dice, size_t size) {
  const size_t near = std::min<size_t>(size, 512);
  switch (below(dice, 4)) {
    case 0:
      return below(dice, near);
    case 1:
      return size - 1 - below(dice, near);
    default:
      return below(dice, size);
  }
}

uint64_t edge(Dice& dice) {
  static const uint64_t edges[] = {0,          1,          2,          7,          0x7f,
                                   0x80,       0xff,       0x100,      0x7fff,     0x8000,
                                   0xffff,     0x10000,    0x7fffffff, 0x80000000, 0xffffffff,
                                   1ull << 32, 1ull << 40, ~0ull >> 1, 1ull << 63, ~0ull,
                                   ~0ull - 7,  1ull << 31, 0x10001,    1000000,    0xfffffffe};
  return edges[below(dice, std::size(edges))];
}

void write_edge(Dice& dice, std::string& bytes) {
  const size_t at = place(dice, bytes.size()), width = size_t{1} << below(dice, 4);
  const uint64_t value = edge(dice);
  const bool little = below(dice, 3) > 0;
  for (size_t i = 0; i < width && at + i < bytes.size(); ++i) {
    bytes[at + i] = static_cast<char>(value >> (8 * (little ? i : width - 1 - i)));
  }
}

// Of texts: another number where there is one.
void change_digits(Dice& dice, std::string& bytes) {
  const size_t at = bytes.find_first_of("0123456789", place(dice, bytes.size()));
  if (at == std::string::npos) return;
  static const std::string numbers[] = {"-1",         "99999999999999999999", "1e999", "0", "nan",
                                        "4294967296", "9223372036854775807",  ""};
  const size_t end = std::min(bytes.find_first_not_of("0123456789", at), bytes.size());
  bytes.replace(at, end - at, numbers[below(dice, std::size(numbers))]);
}

void damage(Dice& dice, const std::vector<std::string>& seeds, std::string& bytes) {
  if (bytes.empty()) return;
  const size_t at = place(dice, bytes.size());
  const size_t length = 1 + below(dice, std::min<size_t>(bytes.size() - at, 64));
  switch (below(dice, 10)) {
    case 0:
    case 1:
      bytes[at] = static_cast<char>(bytes[at] ^ 1 << below(dice, 8));
      return;
    case 2:
      for (size_t i = 0; i < length; ++i) bytes[at + i] = static_cast<char>(dice());
      return;
    case 3:
    case 4:
    case 5:
      return write_edge(dice, bytes);
    case 6:
      bytes.erase(at, length);
      return;
    case 7:
      bytes.insert(at, bytes.substr(below(dice, bytes.size()), length));
      return;
    case 8: {
      const std::string& other = seeds[below(dice, seeds.size())];
      if (below(dice, 2) == 0 || other.empty()) return void(bytes.resize(at));
      bytes = bytes.substr(0, at) + other.substr(std::min(at, other.size()));
      return;
    }
    default:
      return change_digits(dice, bytes);
  }
}

}  // namespace

std::string mutated(const std::vector<std::string>& seeds, uint64_t number) {
  Dice dice(number);
  dice.discard(4);
  std::string bytes = seeds[below(dice, seeds.size())];
  for (size_t left = 1 + below(dice, 4); left > 0; --left) damage(dice, seeds, bytes);
  return bytes;
}

}  // namespace couplet::fuzz
