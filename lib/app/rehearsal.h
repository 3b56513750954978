// --dry-run: the work itself, begun beside OUTPUT and given up when its pace is known.
#pragma once
#include <functional>

#include "io/run.h"

namespace couplet {

/// Does the work, whose OUTPUT and work in progress lie in OUTPUT.dry-run/ meanwhile, until its
/// first long loop has gone round twice and for so many seconds; removes all it wrote, and leaves
/// unsaid what it printed. Returns what a turn of that loop took and what all will take: seconds,
/// operations (base/operations.h), memory at most, parameters, bytes of the files and of room on
/// the disk; finished: the work came to its end. Errors: those of the work; the folder cannot be
/// made.
json rehearse(Run& run, double seconds, const std::function<void()>& work);

}  // namespace couplet
