#include "formats/csv.h"

#include <ATen/ATen.h>

#include <charconv>
#include <cmath>
#include <string_view>

#include "base/error.h"
#include "formats/bytes.h"

namespace couplet {

namespace {

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  for (size_t begin = 0;;) {
    const size_t comma = std::min(line.find(',', begin), line.size());
    std::string_view cell = line.substr(begin, comma - begin);
    while (!cell.empty() && cell.front() == ' ') cell.remove_prefix(1);
    while (!cell.empty() && (cell.back() == ' ' || cell.back() == '\r')) cell.remove_suffix(1);
    cells.push_back(cell);
    if (comma == line.size()) return cells;
    begin = comma + 1;
  }
}

bool read_number(std::string_view cell, float& value) {
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  return error == std::errc() && end == cell.data() + cell.size();
}

bool is_header(const std::vector<std::string_view>& cells) {
  float ignored = 0;
  return std::none_of(cells.begin(), cells.end(), [&](auto c) { return read_number(c, ignored); });
}

}  // namespace

bool is_csv(const std::string& path) { return path.ends_with(".csv") || path.ends_with(".csv.gz"); }

Examples read_csv_examples(const std::string& path) {
  const std::string bytes = read_bytes(path);
  std::vector<float> numbers;
  std::vector<std::string_view> header;
  size_t columns = 0, number = 0;
  for (size_t begin = 0, end; begin < bytes.size(); begin = end + 1) {
    end = std::min(bytes.find('\n', begin), bytes.size());
    const auto cells = cells_of(std::string_view(bytes).substr(begin, end - begin));
    const std::string line = text(path, ", line ", ++number);
    if (cells.size() == 1 && cells[0].empty()) continue;
    if (columns == 0) columns = cells.size();
    require(cells.size() == columns, line, ": has ", cells.size(), " columns, the lines before ",
            columns);
    if (number == 1 && is_header(cells)) {
      header = cells;
      continue;
    }
    for (size_t i = 0; i < columns; ++i) {
      const bool ok =
          read_number(cells[i], numbers.emplace_back()) && std::isfinite(numbers.back());
      require(ok, line, ", column ", i + 1, ": '", cells[i], "' is not a finite number");
    }
  }
  require(!numbers.empty(), path, ": has no lines of numbers");
  const int64_t width = static_cast<int64_t>(columns);
  Examples examples;
  examples.x = at::tensor(numbers).view({-1, width});
  examples.files = {path};
  if (!header.empty() && header.back() == "label" && width > 1) {
    examples.labels = labels_from(examples.x.select(1, width - 1), path);
    examples.x = examples.x.narrow(1, 0, width - 1).contiguous();
  }
  return examples;
}

Tensor labels_from(const Tensor& numbers, const std::string& path) {
  const Tensor labels = numbers.to(at::kLong);
  const Tensor bad = labels.ne(numbers).logical_or(labels.lt(-1)).nonzero();
  if (bad.size(0) > 0) {
    const int64_t row = bad[0][0].item<int64_t>();
    fail(path, ", row ", row, ": label ", numbers[row].item<double>(),
         " is not 0, 1, … (or -1 for none)");
  }
  return labels;
}

}  // namespace couplet
