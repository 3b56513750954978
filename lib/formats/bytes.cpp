#include "formats/bytes.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/error.h"
#include "io/artifact.h"

namespace couplet {

namespace {

using GzFile = std::unique_ptr<gzFile_s, int (*)(gzFile)>;

}  // namespace

std::string read_bytes(const std::string& path, size_t limit) {
  require(!std::filesystem::is_directory(path), path, ": is a folder, expected a file");
  const GzFile file(gzopen(path.c_str(), "rb"), gzclose_r);
  require(file != nullptr, path, ": ", std::strerror(errno));
  std::string bytes;
  std::vector<char> buffer(1 << 20);
  for (int count; (count = gzread(file.get(), buffer.data(), buffer.size())) != 0;) {
    require(count > 0, path, ": damaged gzip data; fetch the file anew");
    bytes.append(buffer.data(), count);
    require(bytes.size() <= limit, path, ": unpacks to more than ", limit, " bytes");
  }
  int status = Z_OK;  // a truncated member ends like a whole one, but for this
  gzerror(file.get(), &status);
  require(status == Z_OK, path, ": the gzip data end too early; fetch the file anew");
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

void write_bytes(const std::string& path, const std::string& bytes) {
  const std::string beside = path + ".new";
  std::FILE* file = std::fopen(beside.c_str(), "wb");
  require(file != nullptr, path, ": cannot be written: ", std::strerror(errno));
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  if (std::fclose(file) != 0 || !written) {
    const std::string reason = std::strerror(errno);
    std::remove(beside.c_str());
    fail(path, ": cannot be written to its end: ", reason);
  }
  rename_synced(beside, path);
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
