// Tables of numbers with commas between them.
#pragma once
#include "formats/examples.h"

namespace couplet {

bool is_csv(const std::string& path);  ///< by its extension: .csv or .csv.gz
/// x: (M, columns) float. A first line that is no numbers is a header; a last column that it calls
/// "label" is the label. Errors name the line: ragged, not a finite number, a label that is not
/// whole.
Examples read_csv_examples(const std::string& path);
/// Header x0,x1,… and, where there are labels (M), label; one example a line, all its numbers in
/// the order of memory, as short as reads back to the same float. watch: told how many are written.
void write_csv(const std::string& path, const Array& x, const Tensor& labels,
               const std::function<void(int64_t rows)>& watch = {});

/// Whole numbers (M) as labels. Errors: one is not whole, or below -1; names the row.
Tensor labels_from(const Tensor& numbers, const std::string& path);

}  // namespace couplet
