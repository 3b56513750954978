#include "io/array.h"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/random.h"
#include "base/space.h"
#include "io/hdf5.h"

namespace couplet {

namespace {

/// A file open for reading, closed with its last user.
struct OpenFile {
  std::string path;
  int id;
  explicit OpenFile(const std::string& path)
      : path(path), id(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    require(id >= 0, path, ": cannot be opened: ", std::strerror(errno));
  }
  ~OpenFile() { ::close(id); }
  OpenFile(const OpenFile&) = delete;

  int64_t size() const {
    struct stat about {};
    require(::fstat(id, &about) == 0, path, ": ", std::strerror(errno));
    return about.st_size;
  }
  void read(char* out, int64_t size, int64_t offset) const {
    while (size > 0) {
      const ssize_t n = ::pread(id, out, size, offset);
      require(n > 0, path, n == 0 ? ": ends too early (truncated while it was read?)" : ": ",
              n == 0 ? "" : std::strerror(errno));
      out += n, size -= n, offset += n;
    }
  }
};

}  // namespace

Array::Array(int64_t rows, std::vector<int64_t> shape, at::ScalarType type, Take take)
    : rows_(rows), shape_(std::move(shape)), type_(type), take_(std::move(take)) {}

Array::Array(const Tensor& all) {
  TORCH_INTERNAL_ASSERT(all.defined() && all.dim() > 0);
  rows_ = all.size(0), shape_ = all.sizes().slice(1).vec(), type_ = all.scalar_type();
  take_ = [all](const Tensor& rows) {
    const Tensor taken = all.index_select(0, rows);
    h5::release_pages(all);
    return taken;
  };
}

std::vector<int64_t> Array::sizes() const { return batch_of(rows_, shape_); }

Tensor Array::slice(int64_t begin, int64_t end) const { return take(row_range(begin, end)); }

Array Array::mapped(std::vector<int64_t> shape, at::ScalarType type,
                    std::function<Tensor(const Tensor& rows)> f) const {
  return {rows_, std::move(shape), type,
          [take = take_, f = std::move(f)](const Tensor& rows) { return f(take(rows)); }};
}

Array Array::selected(const Tensor& rows) const {
  return {rows.size(0), shape_, type_,
          [take = take_, rows](const Tensor& asked) { return take(rows.index_select(0, asked)); }};
}

void Array::for_rows(const std::function<void(int64_t begin, const Tensor& rows)>& f,
                     int64_t from) const {
  constexpr int64_t bytes_at_once = 1 << 24;
  const int64_t row = std::max<int64_t>(1, bytes_of(shape_, type_));
  const int64_t step = std::max<int64_t>(1, bytes_at_once / row);
  for (int64_t begin = from; begin < rows_; begin += step) {
    f(begin, slice(begin, std::min(begin + step, rows_)));
  }
}

Array array_in_file(const std::string& path, uint64_t offset, const std::vector<int64_t>& sizes,
                    at::ScalarType type) {
  const auto file = std::make_shared<OpenFile>(path);
  const int64_t size = file->size(), bytes = bytes_of(sizes, type);
  const auto begin = static_cast<int64_t>(offset);
  require(bytes >= 0 && begin >= 0 && begin <= size && bytes <= size - begin, path,
          ": ends before its data: ", at::IntArrayRef(sizes), " of ", at::toString(type), " at ",
          offset, " (truncated)");
  const std::vector<int64_t> shape(sizes.begin() + 1, sizes.end());
  const int64_t row = bytes_of(shape, type);
  return {sizes[0], shape, type, [file, begin, shape, row, type](const Tensor& rows) {
            const int64_t n = rows.size(0);
            const Tensor out = at::empty(batch_of(n, shape), type);
            auto* to = static_cast<char*>(out.mutable_data_ptr());
            const Tensor numbers = rows.contiguous();
            const int64_t* number = numbers.const_data_ptr<int64_t>();
            for (int64_t i = 0, next; i < n; i = next) {  // rows that follow one another at once
              for (next = i + 1; next < n && number[next] == number[next - 1] + 1;) ++next;
              file->read(to + i * row, (next - i) * row, begin + number[i] * row);
            }
            return out;
          }};
}

int64_t bytes_of(at::IntArrayRef sizes, at::ScalarType type) {
  constexpr __int128 most = int64_t{1} << 62;
  __int128 bytes = static_cast<int64_t>(c10::elementSize(type));
  bool empty = false;
  for (const int64_t size : sizes) {
    if (size < 0) return -1;
    empty |= size == 0;
    // Sizes beside a zero count as well: tensors multiply them all.
    bytes *= std::max<int64_t>(size, 1);
    if (bytes > most) return -1;
  }
  return empty ? 0 : static_cast<int64_t>(bytes);
}

}  // namespace couplet
