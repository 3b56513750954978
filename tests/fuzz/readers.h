// What is fed with damaged files.
#pragma once
#include <functional>
#include <string>
#include <vector>

namespace couplet::fuzz {

struct Reader {
  std::string name, ending;  ///< of the file that it is given
  /// What a byte of the file may come to in memory: 64 of one that lies there as it is, more where
  /// it is packed.
  int64_t bytes_a_byte;
  std::vector<std::string> seeds;  ///< whole files
  std::function<void(const std::string& path)> read;
  /// Puts the checksums of a damaged file right, so that what lies behind them is met; or none.
  std::function<std::string(const std::string& bytes)> mend = {};
};

/// Every reader of files there is, with seeds that the project's own writers make in a folder, and
/// those of tests/reference under source.
std::vector<Reader> readers(const std::string& folder, const std::string& source);

}  // namespace couplet::fuzz
