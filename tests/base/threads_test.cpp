#include "base/threads.h"

#include <ATen/Parallel.h>

#include <atomic>

#include "base/error.h"
#include "testing.h"

using namespace couplet;

TEST_CASE("Work goes side by side, and an error comes out when all have ended", "[base]") {
  const int before = at::get_num_threads();
  {
    const SideBySide threads(3);
    std::vector<int> seen(3);
    threads([&](int64_t i) { seen[i] = at::get_num_threads(); });
    CHECK(seen == std::vector<int>{1, 1, 1});
    std::atomic<int> ended = 0;
    CHECK_THROWS_WITH(threads([&](int64_t i) {
                        ++ended;
                        if (i > 0) throw Error("thread " + std::to_string(i));
                      }),
                      "thread 1");
    CHECK(ended == 3);
  }
  CHECK(at::get_num_threads() == before);
}

TEST_CASE("Shares cover each row of a batch once", "[base]") {
  const int before = at::get_num_threads(), threads = GENERATE(1, 2, 3);
  const int64_t rows = GENERATE(0, 1, 31, 32, 100);
  at::set_num_threads(threads);
  std::atomic<int64_t> calls = 0;
  const Tensor seen = at::zeros({rows});
  over_shares(rows, at::kCPU, [&](int64_t begin, int64_t count) {
    seen.narrow(0, begin, count).add_(1);
    ++calls;
  });
  at::set_num_threads(before);
  CHECK(seen.eq(1).all().item<bool>());
  CHECK(calls == std::clamp<int64_t>(rows / 16, 1, threads));
}

TEST_CASE("Shares go in runs of so many rows that no more than a limit are at work", "[base]") {
  const int before = at::get_num_threads();
  at::set_num_threads(2);
  const Tensor seen = at::zeros({75});
  std::atomic<int64_t> longest = 0;
  over_shares(
      75, at::kCPU,
      [&](int64_t begin, int64_t count) {
        seen.narrow(0, begin, count).add_(1);
        if (count > longest) longest = count;
      },
      20);
  at::set_num_threads(before);
  CHECK(seen.eq(1).all().item<bool>());
  CHECK(longest == 10);
}

TEST_CASE("A list falls into runs of about as many numbers", "[base]") {
  const auto sizes = [](const std::vector<int64_t>& numels, int64_t n) {
    std::vector<Tensor> all;
    for (const int64_t numel : numels) all.push_back(at::empty({numel}));
    std::vector<size_t> found;
    size_t next = 0;
    for (const Part& part : even_parts(all, n)) {
      CHECK(part.begin == next);
      next += part.size;
      found.push_back(part.size);
    }
    CHECK(next == all.size());
    return found;
  };
  using Sizes = std::vector<size_t>;
  CHECK(sizes({1, 1, 1, 1}, 2) == Sizes{2, 2});
  CHECK(sizes({10, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 2) == Sizes{1, 10});
  CHECK(sizes({1, 1, 10}, 2) == Sizes{2, 1});
  CHECK(sizes({5}, 3) == Sizes{0, 1, 0});
  CHECK(sizes({}, 2) == Sizes{0, 0});
  CHECK(sizes({3, 4, 5}, 1) == Sizes{3});
}
