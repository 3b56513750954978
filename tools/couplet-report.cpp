// couplet-report: one self-contained HTML page out of files of ours and JSON lines.
#include <fstream>

#include "app/tool.h"
#include "report/report.h"

using namespace couplet;

int main(int argc, char** argv) {
  Tool tool({.name = "couplet-report",
             .summary = "Make one HTML page of measures, samples, training curves and lineage.",
             .example = "couplet-report *.h5 *.h5.jsonl *.json -o report.html",
             .alone = true,
             .brief = true});
  const auto& files =
      tool.inputs("files", "files of ours, training logs (.jsonl), JSON of eval-fid");

  return tool.main<ReportOptions>(argc, argv, [&](const ReportOptions& options, Run& run) {
    const std::string page = report(files, options), beside = run.partial("report.html");
    std::ofstream out(beside, std::ios::binary);
    out << page << std::flush;
    require(out.good(), beside, ": cannot be written (is the disk full?)");
    out.close();
    rename_synced(beside, run.output);
  });
}
