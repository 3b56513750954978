// Foreign files as bytes.
#pragma once
#include <cstdint>
#include <string>

namespace couplet {

/// All bytes of a file, unpacked if it is gzip. Errors: no such file; a truncated or damaged gzip;
/// more bytes than limit.
std::string read_bytes(const std::string& path, size_t limit = SIZE_MAX);
/// The first bytes of a file, unpacked, by which formats are told apart; fewer or none where it
/// cannot be read.
std::string first_bytes(const std::string& path, size_t count);
/// Writes a whole file: beside, synced and renamed.
void write_bytes(const std::string& path, const std::string& bytes);

/// The unsigned integer of size bytes at position at, least significant byte first (or last).
uint64_t little_endian(const std::string& bytes, size_t at, size_t size);
uint64_t big_endian(const std::string& bytes, size_t at, size_t size);

}  // namespace couplet
