// Training logs as curves.
#pragma once
#include "report/material.h"
#include "report/page.h"

namespace couplet {

/// Logs of files of one kind share their plots, one for each number recorded; a table has the last
/// ones. Repetitions of one run, with other seeds, have one colour.
void add_training(Page& page, const std::vector<TrainingLog>& logs);

}  // namespace couplet
