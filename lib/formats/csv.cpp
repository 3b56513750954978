#include "formats/csv.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string_view>

#include "base/error.h"
#include "base/space.h"
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
    const bool quoted = cell.size() > 1 && cell.front() == '"' && cell.back() == '"';
    cells.push_back(quoted ? cell.substr(1, cell.size() - 2) : cell);
    if (comma == line.size()) return cells;
    begin = comma + 1;
  }
}

bool read_number(std::string_view cell, float& value) {
  if (cell.size() > 1 && cell[0] == '+' && cell[1] != '-') cell.remove_prefix(1);
  const char* last = cell.data() + cell.size();
  auto read = std::from_chars(cell.data(), last, value);
  if (read.ec == std::errc::result_out_of_range) {  // of a float: too small is 0
    double wide = 0;
    read = std::from_chars(cell.data(), last, wide);
    value = static_cast<float>(wide);
  }
  return read.ec == std::errc() && read.ptr == last;
}

bool is_label(std::string_view name) {
  return name.size() == 5 && std::equal(name.begin(), name.end(), "label", [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) == b;
         });
}

/// The shortest text that is read as the same number.
template <class Number>
void append(std::string& line, Number number) {
  char digits[32];
  line.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

std::string shortened(std::string_view cell) {
  return std::string(cell.substr(0, 80)) + (cell.size() > 80 ? "…" : "");
}

bool is_header(const std::vector<std::string_view>& cells) {
  float ignored = 0;
  return std::none_of(cells.begin(), cells.end(), [&](auto c) { return read_number(c, ignored); });
}

}  // namespace

bool is_csv(const std::string& path) { return path.ends_with(".csv") || path.ends_with(".csv.gz"); }

Examples read_csv_examples(const std::string& path) {
  const auto numbers = std::make_shared<std::vector<float>>();
  bool labelled = false;
  size_t columns = 0, number = 0;
  read_lines(path, [&](const std::string& content) {
    const std::string line = text(path, ", line ", ++number);
    const bool marked = number == 1 && content.starts_with("\xef\xbb\xbf");  // as UTF-8, by Excel
    const auto cells = cells_of(std::string_view(content).substr(marked ? 3 : 0));
    if (cells.size() == 1 && cells[0].empty()) return;
    if (columns == 0) columns = cells.size();
    require(cells.size() == columns, line, ": has ", cells.size(), " columns, the lines before ",
            columns);
    if (number == 1 && is_header(cells)) {
      const auto at = std::find_if(cells.begin(), cells.end(), is_label);
      require(at == cells.end() || at + 1 == cells.end(), line, ": 'label' is column ",
              at - cells.begin() + 1, " of ", columns, "; the label is read from the last one");
      labelled = is_label(cells.back()) && columns > 1;
      return;
    }
    for (size_t i = 0; i < columns; ++i) {
      const bool ok =
          read_number(cells[i], numbers->emplace_back()) && std::isfinite(numbers->back());
      require(ok, line, ", column ", i + 1, ": '", shortened(cells[i]), "' is not a finite number");
    }
  });
  require(!numbers->empty(), path, ": has no lines of numbers");
  const auto width = static_cast<int64_t>(columns), rows = std::ssize(*numbers) / width;
  Tensor all = at::from_blob(
      numbers->data(), {rows, width}, [numbers](void*) {}, at::kFloat);
  Examples examples;
  examples.files = {path};
  if (labelled) {
    examples.labels = labels_from(all.select(1, width - 1), path);
    all = all.narrow(1, 0, width - 1);
  }
  examples.x = all;
  return examples;
}

void write_csv(const std::string& path, const Array& x, const Tensor& labels,
               const std::function<void(int64_t rows)>& watch) {
  const Array numbers = x.mapped({Space{x.shape()}.dims()}, at::kFloat, [](const Tensor& rows) {
    return rows.flatten(1).to(at::kFloat).contiguous();
  });
  const int64_t width = numbers.shape()[0];
  std::string line;
  for (int64_t i = 0; i < width; ++i) line += text(i == 0 ? "" : ",", "x", i);
  FileWriter file(path);
  file.write(line + (labels.defined() ? ",label\n" : "\n"));
  numbers.for_rows([&](int64_t begin, const Tensor& rows) {
    const float* number = rows.const_data_ptr<float>();
    std::string lines;
    for (int64_t row = 0; row < rows.size(0); ++row) {
      for (int64_t i = 0; i < width; ++i) append(lines, *number++), lines += ',';
      if (labels.defined()) append(lines, labels[begin + row].item<int64_t>()), lines += ',';
      lines.back() = '\n';
    }
    file.write(lines);
    if (watch) watch(begin + rows.size(0));
  });
  file.finish();
}

Tensor labels_from(const Tensor& numbers, const std::string& path) {
  const Tensor labels = numbers.to(at::kLong);
  constexpr int64_t most = int64_t{1} << 20;  // and floats count one by one so far
  const Tensor bad =
      labels.ne(numbers).logical_or(labels.lt(-1)).logical_or(labels.ge(most)).nonzero();
  if (bad.size(0) > 0) {
    const int64_t row = bad[0][0].item<int64_t>();
    fail(path, ", row ", row, ": label ", numbers[row].item<double>(), " is not 0, 1, … below ",
         most, " (or -1 for none)");
  }
  return labels;
}

}  // namespace couplet
