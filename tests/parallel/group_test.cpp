#include "parallel/group.h"

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "folder.h"
#include "io/rows.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

/// Environment variables of a launcher, for as long as this lives.
class Environment {
 public:
  explicit Environment(std::map<std::string, std::string> all) : all_(std::move(all)) {
    for (const auto& [name, value] : all_) setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const auto& [name, value] : all_) unsetenv(name.c_str());
  }

 private:
  std::map<std::string, std::string> all_;
};

/// A process among others that are not there.
struct OneOfMany : Group {
  OneOfMany(int64_t rank, int64_t size) : Group(Launch{rank, size}) {}
};

/// The processes of this test program, where mpirun started several: MPI is met once a process.
const Group& everyone() {
  static const auto group = join(launched(), {"unit-tests"});
  return *group;
}

}  // namespace

TEST_CASE("Alone, a group does nothing", "[parallel]") {
  const auto group = join({}, {"nf-train"});
  CHECK(group->size() == 1);
  CHECK(group->leads());
  CHECK(group->cores() >= 1);
  CHECK(group->any(true));
  CHECK_FALSE(group->any(false));
  CHECK(told(*group, {{"a", 1}}) == json{{"a", 1}});
  CHECK(largest(*group, -2.5) == -2.5);
  const Tensor x = at::arange(6).view({2, 3});
  CHECK(sums(*group, {x})[0].is_same(x));
  CHECK(tensor_of(*group, x, 0).is_same(x));
}

TEST_CASE("The launcher tells the rank, by whatever name", "[parallel]") {
  CHECK(launched().size == 1);
  const auto in = [](const std::map<std::string, std::string>& variables) {
    const Environment environment(variables);
    const Launch found = launched();
    return std::pair(found.rank, found.size);
  };
  CHECK(in({{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "2"}}) == std::pair(1L, 2L));
  CHECK(in({{"PMI_RANK", "3"}, {"PMI_SIZE", "4"}}) == std::pair(3L, 4L));
  CHECK(in({{"PMIX_RANK", "0"}, {"SLURM_STEP_NUM_TASKS", "8"}}) == std::pair(0L, 8L));
  // Tasks of srun without MPI, and a batch script's own commands.
  CHECK(in({{"SLURM_PROCID", "1"}, {"SLURM_STEP_NUM_TASKS", "8"}}) == std::pair(0L, 1L));
  CHECK(in({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}}) == std::pair(0L, 1L));
  CHECK(in({{"PMI_RANK", "x"}, {"PMI_SIZE", "4"}}) == std::pair(0L, 1L));
}

TEST_CASE("Turns cover the rows that come next, each once", "[parallel]") {
  const Folder folder;
  const int64_t processes = GENERATE(1, 2, 3, 7), first = GENERATE(0, 5, 13), each = 4, count = 40;
  Run run = run_to(folder / "a.h5");
  RowFile file(run, count, {{"x", at::kLong, {}}});
  for (int64_t done = 0; done < count;) {
    int64_t expected = done;
    Turn turn{};
    for (int64_t rank = 0; rank < processes; ++rank) {
      run.group = std::make_shared<OneOfMany>(rank, processes);
      turn = file.next(each, first);
      CHECK(turn.begin == expected);
      CHECK(turn.end - turn.begin <= each);
      // Wherever it starts and whoever does it, the same rows go together.
      CHECK((turn.begin == done || turn.begin == count || (first + turn.begin) % each == 0));
      expected = turn.end;
    }
    CHECK(turn.all == expected);
    CHECK(turn.all > done);
    run.group = std::make_shared<Group>();
    file.put(done, {{"x", row_range(done, turn.all)}});
    file.advance(done = turn.all);
  }
}

// What follows needs many processes: tests/parallel.sh runs it by mpirun -n 3.

TEST_CASE("Processes add up in the order of their ranks", "[.mpi]") {
  const Group& group = everyone();
  REQUIRE(group.size() > 1);
  // Large and small numbers, so that another order would give other bits.
  const auto own = [](int64_t rank, int64_t n) {
    const Tensor x = Random(7).stream(std::to_string(rank)).normal(at::arange(n), {});
    return (x * x * x * 100).exp().clamp_max(1e20);
  };
  for (const int64_t n : {1, 2, 5, 1000, 100003}) {
    Tensor expected = own(0, n);
    for (int64_t r = 1; r < group.size(); ++r) expected = expected + own(r, n);
    const Tensor x = own(group.rank(), n);
    group.sum(x);
    CHECK(at::equal(x, expected));
  }
  const Tensor whole = at::full({3}, group.rank(), at::kLong);
  group.sum(whole);
  CHECK(whole[2].item<int64_t>() == group.size() * (group.size() - 1) / 2);
}

TEST_CASE("Many tensors are summed in buckets", "[.mpi]") {
  const Group& group = everyone();
  std::vector<Tensor> own, expected;
  for (const std::vector<int64_t>& shape :
       std::vector<std::vector<int64_t>>{{3, 5}, {}, {0}, {9 << 20}, {2, 1, 7}}) {
    own.push_back(at::full(shape, 1.0 + static_cast<double>(group.rank())));
    const double total = static_cast<double>(group.size() * (group.size() + 1)) / 2;
    expected.push_back(at::full(shape, total));
  }
  const auto found = sums(group, own);
  REQUIRE(found.size() == own.size());
  for (size_t i = 0; i < own.size(); ++i) CHECK(at::equal(found[i], expected[i]));
  CHECK(own[0][0][0].item<double>() == 1.0 + static_cast<double>(group.rank()));
}

TEST_CASE("Processes tell each other", "[.mpi]") {
  const Group& group = everyone();
  const int64_t last = group.size() - 1;
  CHECK(group.any(group.rank() == last));
  CHECK_FALSE(group.any(false));
  const auto all = group.gather(std::string(group.rank() * 1000, 'x'));
  REQUIRE(all.size() == static_cast<size_t>(group.size()));
  for (int64_t r = 0; r < group.size(); ++r) CHECK(all[r].size() == static_cast<size_t>(r * 1000));
  CHECK(told(group, group.rank(), last) == last);
  CHECK(largest(group, -static_cast<double>(group.rank())) == 0);

  const Tensor x = at::full({70000}, group.rank(), at::kInt);
  group.broadcast(x, last);
  CHECK(x.eq(last).all().item<bool>());
  const Tensor there = group.rank() == 1 ? at::ones({2, 3}, at::kDouble) : Tensor();
  CHECK(at::equal(tensor_of(group, there, 1), at::ones({2, 3}, at::kDouble)));
  CHECK_FALSE(tensor_of(group, there, 0).defined());
  const Tensor transposed = at::full({4, 2}, group.rank()).t();
  broadcast(group, {{"t", transposed}});
  CHECK(transposed.eq(0).all().item<bool>());

  CHECK(group.local_rank() == group.rank());
  CHECK(group.cores() >= 1);
}
