// Files that are filled row by row, and go on where they were left.
#pragma once
#include <future>

#include "io/run.h"

namespace couplet {

/// One dataset of a row file: (rows, *shape).
struct Column {
  std::string name;
  at::ScalarType type;
  std::vector<int64_t> shape;  ///< of one row
};

/// Rows [begin, end) of a file, a process's share of the rows that come next: [done, all).
struct Turn {
  int64_t begin, end, all;
};

/// The file in progress lies in the run's partial folder with all its room taken at the start; rows
/// are written at their place, and progress is noted when they are on the disk for good. Where a
/// run has many processes, all write the one file, each its own rows.
class RowFile {
 public:
  /// Begins, or takes up what an interrupted run left. tables: datasets that are not filled by
  /// rows. Errors: no room on the disk, no permission.
  RowFile(const Run& run, int64_t rows, std::vector<Column> columns, const Tensors& tables = {});
  ~RowFile();
  int64_t rows() const { return rows_; }
  int64_t done() const { return done_; }  ///< rows [0, done) are written
  /// Numbers that were noted with the last rows kept ("" or null at the start): running sums and
  /// the like.
  const json& note() const { return note_; }

  /// This process's rows in the next round, in which each has so many, or those left over, or none.
  /// Shares begin at whole multiples of `each`, counted from the rows before this file's first, so
  /// that they do not depend on the number of processes.
  Turn next(int64_t each, int64_t first = 0) const;
  /// Writes rows [begin, begin + n); every column has n rows. Returns while they are being written;
  /// what goes wrong there is thrown by the next call.
  void put(int64_t begin, const Tensors& columns);
  /// All processes have put their rows up to done; kept for good every few seconds with the lead's
  /// note.
  void advance(int64_t done, const json& note = nullptr);
  /// Puts all that was written on the disk, with the note.
  void keep();
  /// Keeps all and leaves with Unfinished: the run was asked to stop.
  [[noreturn]] void pause();
  /// Gives up what was written.
  void discard();
  /// All rows are there: the columns, to be read while the file is not yet sealed.
  h5::File finished();
  /// All rows are there: the lead gives the file its label and its name.
  void seal(Label label);

 private:
  /// Lays the file out, or takes it up: {offsets of the columns, rows done, their note}.
  json begin(const Tensors& tables) const;

  const Run& run_;
  int64_t rows_, done_ = 0, kept_ = 0;
  std::vector<Column> columns_;
  std::vector<int64_t> offsets_;
  std::string path_;
  json note_;
  int file_ = -1;
  double last_keep_ = 0;
  std::future<void> writing_;
};

}  // namespace couplet
