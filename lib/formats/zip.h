// Zip archives, as far as numpy's need it: stored when written, stored or deflated when read.
#pragma once
#include <optional>

#include "formats/bytes.h"

namespace couplet {

/// One member, as the list at an archive's end tells it.
struct ZipMember {
  std::string name;
  bool deflated = false;
  uint64_t begin = 0, packed = 0,
           size = 0;      ///< where its data lie, their bytes there, and unpacked
  uint32_t checksum = 0;  ///< CRC-32 of the unpacked data
};

/// Zip64 or not. Errors: no whole archive; members that lie outside of it or over each other, are
/// there twice, are packed in other ways, or promise to unpack to more than their bytes can.
std::vector<ZipMember> list_zip(const std::string& path);

/// The data of a member, unpacked. Errors: damaged (its checksum).
std::string read_member(const std::string& path, const ZipMember& member);
/// The checksum of a member alone, some of it in memory at a time. Errors: as of read_member.
void check_member(const std::string& path, const ZipMember& member);

/// Writes an archive, its members as they come.
class ZipWriter {
 public:
  explicit ZipWriter(const std::string& path);
  /// Begins a member of so many bytes; they follow by write. Zip64 where it has 4 GiB or more (or
  /// is told to be).
  void begin(const std::string& name, uint64_t size, bool zip64 = false);
  void write(const void* data, size_t size);
  void write(const std::string& bytes) { write(bytes.data(), bytes.size()); }
  void finish();

 private:
  void end_member();
  FileWriter file_;
  std::string list_;
  uint64_t count_ = 0, header_ = 0;
  bool large_ = false;  // a member is zip64, so that the end is too
  std::optional<ZipMember> member_;
};

}  // namespace couplet
