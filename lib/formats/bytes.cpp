#include "formats/bytes.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "base/error.h"
#include "io/artifact.h"

namespace couplet {

namespace {

using GzFile = std::unique_ptr<gzFile_s, int (*)(gzFile)>;

/// f of a file's bytes in order, unpacked if it is gzip, some at a time.
template <class F>
void unpack(const std::string& path, F&& f) {
  require(!std::filesystem::is_directory(path), path, ": is a folder, expected a file");
  errno = 0;
  const GzFile file(gzopen(path.c_str(), "rb"), gzclose_r);
  require(file != nullptr, path, ": ", std::strerror(errno));
  std::vector<char> buffer(1 << 20);
  for (int count; (count = gzread(file.get(), buffer.data(), buffer.size())) != 0;) {
    require(count > 0, path, ": damaged gzip data; fetch the file anew");
    f(std::string_view(buffer.data(), count));
  }
  int status = Z_OK;  // a truncated member ends like a whole one, but for this
  gzerror(file.get(), &status);
  require(status == Z_OK, path, ": the gzip data end too early; fetch the file anew");
}

}  // namespace

std::string read_bytes(const std::string& path, size_t limit) {
  std::string bytes;
  std::error_code ignored;  // room for a plain file, so that it does not grow by doubling
  const auto size = std::filesystem::file_size(path, ignored);
  if (!ignored) bytes.reserve(std::min<size_t>(size, limit));
  unpack(path, [&](std::string_view part) {
    require(part.size() <= limit - bytes.size(), path, ": unpacks to more than ", limit, " bytes");
    bytes.append(part);
  });
  return bytes;
}

void read_lines(const std::string& path, const std::function<void(const std::string&)>& f) {
  constexpr size_t longest = 64 << 20;
  std::string line;
  unpack(path, [&](std::string_view part) {
    for (size_t end; (end = part.find('\n')) != part.npos; part.remove_prefix(end + 1)) {
      line.append(part.substr(0, end));
      f(line);
      line.clear();
    }
    line.append(part);
    require(line.size() <= longest, path, ": a line of more than ", longest, " bytes is not read");
  });
  if (!line.empty()) f(line);
}

std::string read_part(const std::string& path, uint64_t begin, uint64_t size) {
  const uint64_t all = size_of_file(path);
  require(begin <= all && size <= all - begin, path, ": ends too early (truncated)");
  std::string bytes(size, '\0');
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(begin))
      .read(bytes.data(), static_cast<std::streamsize>(size));
  require(file.good(), path, ": cannot be read: ", std::strerror(errno));
  return bytes;
}

std::string first_bytes(const std::string& path, size_t count) {
  if (!std::filesystem::is_regular_file(path)) return "";
  const GzFile file(gzopen(path.c_str(), "rb"), gzclose_r);
  std::string bytes(count, '\0');
  const int got = file ? gzread(file.get(), bytes.data(), static_cast<unsigned>(count)) : 0;
  bytes.resize(std::max(got, 0));
  return bytes;
}

bool is_utf8(const std::string& text) {
  try {
    json(text).dump();
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

bool is_gzip(const std::string& path) {
  char bytes[2] = {};
  std::ifstream(path, std::ios::binary).read(bytes, 2);
  return std::string_view(bytes, 2) == "\x1f\x8b";
}

uint64_t size_of_file(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  require(!error, path, ": ", error.message());
  return size;
}

FileWriter::FileWriter(const std::string& path)
    : path_(path), beside_(path + ".new"), file_(std::fopen(beside_.c_str(), "wb")) {
  require(file_ != nullptr, path, ": cannot be written: ", std::strerror(errno));
}

FileWriter::~FileWriter() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  std::remove(beside_.c_str());
}

void FileWriter::write(const void* data, size_t size) {
  require(std::fwrite(data, 1, size, file_) == size, path_,
          ": cannot be written to its end: ", std::strerror(errno));
  size_ += size;
}

void FileWriter::replace(uint64_t begin, const std::string& bytes) {
  const bool done = ::fseeko(file_, static_cast<off_t>(begin), SEEK_SET) == 0 &&
                    std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size() &&
                    ::fseeko(file_, 0, SEEK_END) == 0;
  require(done, path_, ": cannot be written to its end: ", std::strerror(errno));
}

void FileWriter::finish() {
  const bool whole = std::fflush(file_) == 0;
  require(whole, path_, ": cannot be written to its end: ", std::strerror(errno));
  std::fclose(std::exchange(file_, nullptr));
  rename_synced(beside_, path_);
}

void write_bytes(const std::string& path, const std::string& bytes) {
  FileWriter file(path);
  file.write(bytes);
  file.finish();
}

uint64_t little_endian(const std::string& bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes.at(at + i));
  return value;
}

uint64_t big_endian(const std::string& bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(bytes.at(at + i));
  return value;
}

}  // namespace couplet
