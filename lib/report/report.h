// One page out of any set of our files and JSON lines.
#pragma once
#include "base/options.h"

namespace couplet {

struct ReportOptions {
  std::string title = "Couplet: report";
  int64_t images = 40, columns = 10;
  void describe(auto&& option) {
    option("title", title, "the page's title");
    option("images", images, "examples shown of each samples file");
    option("columns", columns, "examples side by side in a grid");
  }
};

/// The page's HTML, decided by the files alone (no date). Takes files of ours, training logs
/// (OUTPUT.jsonl) and the JSON of eval-fid. Errors: a file that is none of these.
std::string report(const std::vector<std::string>& paths, const ReportOptions& options);

}  // namespace couplet
