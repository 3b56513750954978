// Room on a disk.
#pragma once
#include <cstdint>
#include <string>

namespace couplet {

/// Error where the disk on which path lies, or will lie, has fewer bytes free than it needs.
void require_room(const std::string& path, int64_t needed);

}  // namespace couplet
