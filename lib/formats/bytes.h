// Foreign files as bytes.
#pragma once
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

namespace couplet {

/// All bytes of a file, unpacked if it is gzip. Errors: no such file; a truncated or damaged gzip;
/// more bytes than limit.
std::string read_bytes(const std::string& path, size_t limit = SIZE_MAX);
/// f of every line of a file, unpacked if it is gzip. Errors: as read_bytes; a line of more than 64
/// MB.
void read_lines(const std::string& path, const std::function<void(const std::string& line)>& f);
/// Bytes [begin, begin + size) of a file as they lie there. Errors: it ends before them.
std::string read_part(const std::string& path, uint64_t begin, uint64_t size);
/// The first bytes of a file, unpacked, by which formats are told apart; fewer or none where it
/// cannot be read.
std::string first_bytes(const std::string& path, size_t count);
/// Names in files and JSON have to be so.
bool is_utf8(const std::string& text);
bool is_gzip(const std::string& path);
/// Errors: there is none, or it is no file.
uint64_t size_of_file(const std::string& path);

/// No deflated data (gzip, zip, PNG) unpack to more than so many times their size and a little:
/// what a header promises is held against it before room is taken.
inline constexpr uint64_t most_inflation = 1032;

/// Writes a whole file piece by piece: beside, then synced and renamed; removes it where it is not
/// finished.
class FileWriter {
 public:
  explicit FileWriter(const std::string& path);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  uint64_t size() const { return size_; }  ///< written until now
  void write(const void* data, size_t size);
  void write(const std::string& bytes) { write(bytes.data(), bytes.size()); }
  void replace(uint64_t begin, const std::string& bytes);  ///< over what was written
  void finish();

 private:
  std::string path_, beside_;
  std::FILE* file_;
  uint64_t size_ = 0;
};
/// The same in one piece.
void write_bytes(const std::string& path, const std::string& bytes);

/// The unsigned integer of size bytes at position at, least significant byte first (or last).
uint64_t little_endian(const std::string& bytes, size_t at, size_t size);
uint64_t big_endian(const std::string& bytes, size_t at, size_t size);

}  // namespace couplet
