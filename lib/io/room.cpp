#include "io/room.h"

#include <filesystem>

#include "base/error.h"
#include "base/log.h"

namespace couplet {

void require_room(const std::string& path, int64_t needed) {
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code unknown;
  const auto disk = std::filesystem::space(folder.empty() ? "." : folder, unknown);
  require(unknown || needed <= 0 || disk.available >= static_cast<uintmax_t>(needed), path,
          ": needs ", bytes(static_cast<double>(needed)), " of room, the disk has ",
          bytes(static_cast<double>(disk.available)));
}

}  // namespace couplet
