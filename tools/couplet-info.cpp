// couplet-info: what a file of ours is, how it was made, whether it is whole, how two differ.
#include <iostream>

#include "app/tool.h"
#include "report/describe.h"
#include "report/differences.h"

using namespace couplet;

int main(int argc, char** argv) {
  Tool tool({.name = "couplet-info",
             .summary = "Tell what files are: kind, options, lineage, data; check or compare them.",
             .example = "couplet-info student.h5",
             .output = Output::none,
             .alone = true,
             .brief = true});
  const auto& files = tool.inputs("files", "files of ours");
  const auto& as_json = tool.flag("json", false, "print everything as JSON");
  const auto& checks =
      tool.flag("check", false, "read all data and compare the hash; status 3 if damaged");
  const auto& compares =
      tool.flag("diff", false, "tell how two files' contents differ; status 3 if they do");

  return tool.main<NoOptions>(argc, argv, [&](const NoOptions&, Run&) {
    if (compares) {
      require_option(files.size() == 2, "--diff compares two files, found ", files.size());
      const json found = differences(files[0], files[1]);
      if (as_json) std::cout << found.dump(1) << "\n";
      if (!as_json) std::cout << (found.empty() ? "equal content\n" : differences_text(found));
      if (!found.empty()) throw CheckFailed(files[0] + " and " + files[1] + " differ");
      return;
    }
    if (checks) {
      for (const auto& file : files) {
        check(file);
        std::cout << file << ": ok\n";
      }
      return;
    }
    json all = json::array();
    for (const auto& file : files) {
      all.push_back(describe(file));
      if (!as_json) std::cout << (all.size() > 1 ? "\n" : "") << describe_text(all.back());
    }
    if (as_json) std::cout << (all.size() == 1 ? all[0] : all).dump(1) << "\n";
  });
}
