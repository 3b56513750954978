// Dropout whose zeros are decided by the rows of a batch.
#pragma once
#include <string_view>

#include "base/random.h"

namespace couplet {

/// While one lives, dropout_by_row() on this thread has the draws of these rows; otherwise it does
/// nothing. So training drops and nothing else does; seed, layer and row decide what is dropped,
/// whatever the batch, the threads and restarts.
class DropoutRows {
 public:
  DropoutRows(const Random& random, const Tensor& rows);  ///< rows: (N) int64
  ~DropoutRows();
  DropoutRows(const DropoutRows&) = delete;
  DropoutRows& operator=(const DropoutRows&) = delete;

 private:
  struct Draws {
    Random random;
    Tensor rows;
  };
  friend Tensor dropout_by_row(const Tensor& h, double share, std::string_view layer);
  static thread_local const Draws* current;
  Draws draws_;
  const Draws* before_;
};

/// h: (N, …), a share of whose numbers become zero; the others are divided by 1 - share. layer
/// names the draws. A network that is evaluated twice for one row, in two batches or in one (whose
/// rows are then several copies of all), drops the same both times.
Tensor dropout_by_row(const Tensor& h, double share, std::string_view layer);

}  // namespace couplet
