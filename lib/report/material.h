// What a report is made of, sorted out: files of ours, training logs, records of eval-fid.
#pragma once
#include "io/artifact.h"

namespace couplet {

struct Given {
  std::string path;
  Label label;
};

struct TrainingLog {
  std::string path;  ///< of the file it belongs to: OUTPUT of OUTPUT.jsonl and OUTPUT.block1.jsonl
  std::string part;  ///< "block1", or "" of a file of one part
  Label label;       ///< of that file; empty where it is not beside the log
  std::vector<json> records;
};

struct Material {
  std::vector<Given> files;
  std::vector<TrainingLog> logs;
  std::vector<json> records;
};

/// Errors: a file that is none of these.
Material sort_out(const std::vector<std::string>& paths);

}  // namespace couplet
