// couplet-report: one self-contained HTML page out of files of ours and JSON lines.
#include "app/tool.h"
#include "formats/bytes.h"
#include "report/report.h"
using namespace couplet;

int main(int argc, char** argv) {
  Tool tool({.name = "couplet-report",
             .summary = "Make one HTML page of measures, samples, training curves and lineage.",
             .example = "couplet-report *.h5 *.h5.jsonl *.json -o report.html",
             .alone = true,
             .brief = true,
             .foreign = true});
  const auto& files =
      tool.inputs("files", "files of ours, training logs (.jsonl), JSON of eval-fid");

  return tool.main<ReportOptions>(argc, argv, [&](const ReportOptions& options, Run& run) {
    write_bytes(run.output, report(files, options));
  });
}
