#include "io/array.h"

#include <filesystem>

#include "base/error.h"
#include "base/random.h"
#include "folder.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

std::string bytes_of_tensor(const Tensor& t) {
  return {static_cast<const char*>(t.const_data_ptr()), t.nbytes()};
}

}  // namespace

TEST_CASE("rows of an array in a file are read when they are asked for, in any order", "[io]") {
  const Folder folder;
  const Tensor all = Random(1).normal(row_range(0, 50), {2, 3});
  write_bytes(folder / "x", "head" + bytes_of_tensor(all) + "tail");
  const Array array = array_in_file(folder / "x", 4, {50, 2, 3}, at::kFloat);
  CHECK(array.rows() == 50);
  CHECK(array.sizes() == std::vector<int64_t>{50, 2, 3});
  CHECK(at::equal(array.all(), all));
  const Tensor some = at::tensor({7, 8, 9, 3, 49, 0, 1}, at::kLong);
  CHECK(at::equal(array.take(some), all.index_select(0, some)));
  CHECK(at::equal(array.take(at::empty({0}, at::kLong)), all.slice(0, 0, 0)));
  CHECK_THROWS_WITH(array_in_file(folder / "x", 4, {51, 2, 3}, at::kFloat),
                    contains("ends before its data"));
  CHECK_THROWS_WITH(array_in_file(folder / "x", ~uint64_t{0}, {1}, at::kByte),
                    contains("ends before its data"));
  CHECK_THROWS_WITH(array_in_file(folder / "x", 0, {1l << 40, 1l << 40}, at::kByte),
                    contains("ends before its data"));
  std::filesystem::resize_file(folder / "x", 100);
  CHECK(at::equal(array.slice(0, 2), all.slice(0, 0, 2)));
  CHECK_THROWS_WITH(array.all(), contains("ends too early"));
}

TEST_CASE("what is done to an array is done to the rows that are read", "[io]") {
  const Tensor all = at::arange(24, at::kFloat).view({6, 4});
  const Array array = all;
  const Array twice =
      array.mapped({2}, at::kFloat, [](const Tensor& rows) { return 2 * rows.narrow(1, 0, 2); });
  const Tensor order = at::tensor({5, 0, 3}, at::kLong);
  const Array chosen = twice.selected(order);
  CHECK(chosen.rows() == 3);
  CHECK(at::equal(chosen.all(), 2 * all.narrow(1, 0, 2).index_select(0, order)));
  std::vector<Tensor> parts;
  const Array large = at::zeros({20, 1 << 20}, at::kFloat);  // 4 MB a row
  large.for_rows(
      [&](int64_t begin, const Tensor& rows) {
        CHECK(begin == 3 + 4 * std::ssize(parts));
        parts.push_back(rows);
      },
      3);
  CHECK(parts.size() == 5);
  CHECK(parts.back().size(0) == 1);
}

TEST_CASE("sizes that no memory holds have no bytes", "[io]") {
  CHECK(bytes_of({3, 4}, at::kFloat) == 48);
  CHECK(bytes_of({}, at::kDouble) == 8);
  CHECK(bytes_of({0, 5}, at::kByte) == 0);
  CHECK(bytes_of({-1}, at::kByte) == -1);
  CHECK(bytes_of({1l << 40, 1l << 40}, at::kByte) == -1);
  CHECK(bytes_of({1l << 32, 1l << 31}, at::kDouble) == -1);
  CHECK(bytes_of({0, 1l << 40, 1l << 40}, at::kByte) == -1);  // a tensor multiplies them too
}
