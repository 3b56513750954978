// From what a file was made: its provenance as a tree and as a picture.
#pragma once
#include "io/artifact.h"

namespace couplet {

/// The provenance records of many files as one graph, each once, parents before children. A file
/// without provenance is a record of its own.
json merge_lineage(const std::vector<Label>& labels);

/// The name of a record: its file's, or else its kind.
std::string record_name(const json& record);

/// "nf-train 0.1.0, seed 3, cuda:0, 5m 12s": how a record's file was made; seconds where timed.
std::string record_note(const json& record, bool timed);

/// The tree of the last record's ancestors, one a line, for a terminal.
std::string lineage_text(const json& records);

/// The whole graph as an <svg> element, ancestors above. Leaves of one kind with equal parents are
/// drawn as one box.
std::string lineage_svg(const json& records);

}  // namespace couplet
