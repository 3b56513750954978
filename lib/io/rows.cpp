#include "io/rows.h"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/space.h"
#include "io/room.h"

namespace couplet {

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int64_t row_bytes(const Column& c) {
  return c10::multiply_integers(c.shape) * static_cast<int64_t>(c10::elementSize(c.type));
}

void write_at(int file, const char* data, int64_t size, int64_t offset, const std::string& path) {
  while (size > 0) {
    const ssize_t n = ::pwrite(file, data, size, offset);
    require(n > 0, path, ": cannot be written: ", std::strerror(errno));
    data += n, size -= n, offset += n;
  }
}

/// A file with the tables and room for the columns, and where each of these begins. The layout
/// depends on them alone.
std::vector<int64_t> lay_out(const std::string& path, int64_t rows,
                             const std::vector<Column>& columns, const Tensors& tables) {
  try {
    h5::File file = h5::File::create(path);
    for (const Column& c : columns) file.reserve(c.name, c.type, batch_of(rows, c.shape));
    for (const auto& [name, table] : tables) file.write(name, table);
    std::vector<int64_t> offsets;
    for (const Column& c : columns) offsets.push_back(file.offset(c.name));
    file.close();
    return offsets;
  } catch (...) {
    std::remove(path.c_str());
    throw;
  }
}

/// Where a column's rows lie in the file, in bytes.
struct Part {
  int64_t offset, size;
};

/// Where the file system can promise blocks before they are written. (posix_fallocate would write
/// into each of them where it cannot.)
void take_room(const std::string& path, const std::vector<Part>& parts, const std::string& output) {
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  require(file >= 0, path, ": cannot be opened: ", std::strerror(errno));
  int refused = 0;
  for (const Part& part : parts) {
    if (part.size == 0 || refused != 0) continue;
    do {
      refused = ::fallocate(file, 0, part.offset, part.size) == 0 ? 0 : errno;
    } while (refused == EINTR);
  }
  ::close(file);
  if (refused == 0 || refused == EOPNOTSUPP) return;
  std::remove(path.c_str());
  fail(output, ": room for its rows cannot be taken: ", std::strerror(refused));
}

/// Lays the empty file's own bytes, all but the rows, over those of a file in progress: gone is the
/// label that it was getting when it was killed, whole or torn.
void restore_layout(const std::string& empty, const std::string& path, std::vector<Part> parts) {
  std::sort(parts.begin(), parts.end(), [](auto& a, auto& b) { return a.offset < b.offset; });
  const auto end = static_cast<int64_t>(std::filesystem::file_size(empty));
  parts.push_back({end, 0});
  std::ifstream in(empty, std::ios::binary);
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  require(file >= 0, path, ": cannot be opened: ", std::strerror(errno));
  int64_t begin = 0;
  for (const Part& part : parts) {
    if (part.offset > begin) {
      std::string own(part.offset - begin, '\0');
      in.seekg(begin).read(own.data(), part.offset - begin);
      write_at(file, own.data(), part.offset - begin, begin, path);
    }
    begin = std::max(begin, part.offset + part.size);
  }
  const bool cut = ::ftruncate(file, end) == 0;
  ::close(file);
  require(cut && in.good(), path, ": cannot be written: ", std::strerror(errno));
}

}  // namespace

RowFile::RowFile(const Run& run, int64_t rows, std::vector<Column> columns, const Tensors& tables)
    : run_(run), rows_(rows), columns_(std::move(columns)), path_(run.partial("rows.h5")) {
  json begun;
  if (run.leads()) begun = begin(tables);
  begun = told(*run.group, begun);
  offsets_ = begun["offsets"].get<std::vector<int64_t>>();
  done_ = kept_ = begun["done"].get<int64_t>();
  note_ = begun["note"];
  // Clients of a network file system that write within one page would each write the whole of it,
  // but for a file that is write-only and synchronous.
  const int shared = run.group->size() > 1 ? O_DSYNC : 0;
  file_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC | shared);
  require(file_ >= 0, path_, ": cannot be opened: ", std::strerror(errno));
  last_keep_ = now();
}

json RowFile::begin(const Tensors& tables) const {
  json progress;
  if (std::ifstream in(run_.partial("progress.json")); in)
    progress = json::parse(in, nullptr, false);
  const bool resumed = progress.is_object() && std::filesystem::exists(path_);

  int64_t needed = 0;
  for (const Column& c : columns_) needed += rows_ * row_bytes(c);
  if (!resumed) std::filesystem::remove(path_);  // stopped before its first row: it takes room
  if (!resumed) require_room(run_.output, needed);

  const std::string fresh = path_ + ".new";
  const std::vector<int64_t> offsets = lay_out(fresh, rows_, columns_, tables);
  std::vector<Part> parts;
  for (size_t i = 0; i < columns_.size(); ++i) {
    parts.push_back({offsets[i], rows_ * row_bytes(columns_[i])});
  }
  if (resumed) {
    restore_layout(fresh, path_, parts);
    std::remove(fresh.c_str());
    run_.log->say(text("resuming ", run_.output, " at row ", progress["done"], " of ", rows_));
  } else {
    take_room(fresh, parts, run_.output);
    rename_synced(fresh, path_);
    progress = {{"done", 0}, {"note", nullptr}};
  }
  return {{"offsets", offsets}, {"done", progress["done"]}, {"note", progress["note"]}};
}

RowFile::~RowFile() {
  if (writing_.valid()) writing_.wait();
  if (file_ >= 0) ::close(file_);
}

Turn RowFile::next(int64_t each, int64_t first) const {
  const int64_t now = (first + done_) / each, own = now + run_.group->rank();
  const auto row = [&](int64_t share) { return std::clamp(share * each - first, done_, rows_); };
  return {row(own), row(own + 1), row(now + run_.group->size())};
}

void RowFile::put(int64_t begin, const Tensors& columns) {
  struct Piece {
    Tensor data;
    int64_t offset;
  };
  std::vector<Piece> pieces;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Column& c = columns_[i];
    const Tensor data = columns.at(c.name).detach().to(at::kCPU, c.type).contiguous();
    const int64_t n = data.size(0);
    TORCH_INTERNAL_ASSERT(data.nbytes() == static_cast<size_t>(n * row_bytes(c)) &&
                          begin >= done_ && begin + n <= rows_);
    pieces.push_back({data, offsets_[i] + begin * row_bytes(c)});
  }
  // One batch is written while the next is computed.
  if (writing_.valid()) writing_.get();
  writing_ = std::async(std::launch::async, [this, pieces] {
    for (const auto& [data, offset] : pieces) {
      write_at(file_, static_cast<const char*>(data.const_data_ptr()),
               static_cast<int64_t>(data.nbytes()), offset, path_);
    }
  });
}

void RowFile::advance(int64_t done, const json& note) {
  done_ = done, note_ = note;
  if (run_.group->any(now() - last_keep_ > 5) || done_ == rows_) keep();
}

void RowFile::keep() {
  if (writing_.valid()) writing_.get();
  if (kept_ == done_) return;
  require(::fdatasync(file_) == 0, path_, ": cannot be synced: ", std::strerror(errno));
  kept_ = done_, last_keep_ = now();
  run_.group->any(false);  // the rows of all are there
  if (!run_.leads()) return;
  const std::string progress = run_.partial("progress.json");
  std::ofstream out(progress + ".new");
  out << json{{"done", done_}, {"note", note_}}.dump() << std::endl;
  out.close();
  require(out.good(), progress, ": cannot be written (is the disk full?)");
  rename_synced(progress + ".new", progress);
}

void RowFile::pause() {
  keep();
  throw Unfinished(
      text("stopped at row ", done_, " of ", rows_, "; all is saved, run the same command again"));
}

void RowFile::discard() {
  if (writing_.valid()) writing_.wait();
  std::remove(run_.partial("progress.json").c_str());
  std::remove(path_.c_str());
}

h5::File RowFile::finished() {
  TORCH_INTERNAL_ASSERT(done_ == rows_);
  keep();
  return h5::File::open(path_);
}

void RowFile::seal(Label label) {
  TORCH_INTERNAL_ASSERT(done_ == rows_);
  keep();
  if (run_.leads()) seal_artifact(path_, run_.output, std::move(label));
}

}  // namespace couplet
