// How a run ends before its time: signals, and errors of one process or of all.
#pragma once
#include <memory>
#include <string>

#include "parallel/group.h"

namespace couplet {

/// TERM, INT, USR1 and USR2 are noted from here on; a second INT ends the process at once, and so
/// does TERM one that has waited for the others for five seconds.
void listen_to_signals();
bool signalled();

/// A run's last words on stderr, and its exit status. The lead speaks for all; what has stopped one
/// process alone it says itself, and ends the others. group: null before they have met.
int end_run(const std::string& words, int status, const Launch& launch, const Group* group);

}  // namespace couplet
