// eval-fid: measure samples, or students, against a reference; one JSON object a line.
#include <iostream>

#include "app/tool.h"
#include "eval/measure.h"
#include "eval/nll.h"
#include "eval/repeats.h"
#include "eval/statistics.h"
using namespace couplet;

struct Options {
  std::string split = "test", reference_split = "train";
  SummaryOptions read;
  NetworkProtocol network;
  MeasureOptions measure;
  NllOptions nll;
  void describe(auto&& option) {
    option("split", split, "rows measured of what has splits: train, test or all");
    option("reference_split", reference_split, "rows of the reference where it has splits");
    read.describe(option), network.describe(option), measure.describe(option);
    option("nll", nll, "the likelihood of the reference's split under a velocity field");
  }
};

int main(int argc, char** argv) {
  Tool tool({.name = "eval-fid",
             .summary = "Measure samples against a reference (FID, …), or a student's likelihood.",
             .example = "eval-fid samples.h5 digits.h5 --features data/features/digits.h5",
             .output = Output::optional,
             .lists = listed("metrics", metrics())});
  const auto& files = tool.inputs(
      "files",
      "samples, datasets, folders of images, npz or velocity fields to be measured, and last the "
      "reference: any of them, or statistics (also npz with mu and sigma)");
  const auto& features = tool.flag("features", std::string(),
                                   "a classifier, weights of the FID's Inception, or TorchScript");
  const auto& repeats = tool.flag("repeats", false, "a last line: mean and spread of all files");
  const auto& compare = tool.flag("compare-protocols", false, "a line for each way to read images");
  return tool.main<Options>(argc, argv, [&](const Options& options, Run& run) {
    require_option(
        files.size() > 1 || (!run.output.empty() && unchanged(options.measure) &&
                             options.split == Options().split && options.read.energy_rows == 0),
        "nothing to measure: give samples before the reference, or -o for statistics");
    check(options.measure, options.read);
    const auto fields = std::count_if(files.begin(), files.end() - 1, is_velocity_field);
    require_option(fields > 0 || unchanged(options.nll),
                   "options 'nll' have no effect: no velocity field is measured");
    const bool asked = fields + 1 < std::ssize(files) || !run.output.empty();
    require_option(asked || (features.empty() && options.read == SummaryOptions() &&
                             unchanged(options.measure) &&
                             options.reference_split == Options().reference_split),
                   "--features and options of metrics ask nothing of fields: sample them");
    require_option(!compare || (run.output.empty() && !repeats),
                   "--compare-protocols goes without -o and --repeats");
    if (!run.output.empty()) check_statistics_name(run.output);
    std::vector<json> found;
    for (const NetworkProtocol& how :
         compare ? variants(features, options.network) : std::vector{options.network}) {
      const Extractors by = extractors_of(features, how, run.device);
      const auto read = [&](const std::string& path, const std::string& split) {
        SummaryOptions rows = options.read;
        rows.split = split, rows.keep_rows = reads_rows(options.measure);
        return summarise(path, by, rows, run);
      };
      const Summary reference = asked ? read(files.back(), options.reference_split) : Summary();
      for (size_t i = 0; i + 1 < files.size(); ++i) {
        const bool field = is_velocity_field(files[i]);
        const Summary samples = field ? Summary() : read(files[i], options.split);
        if (!field && !run.leads()) continue;
        found.push_back(field ? nll(files[i], files.back(), options.split, options.nll, run)
                              : measure(samples, reference, options.measure, run.random));
        for (const json& words : found.back()["protocol"].value("cautions", json::array()))
          run.log->warn(words);
        std::cout << found.back().dump() << std::endl;
      }
      if (!run.output.empty()) write_statistics(run, reference, {files.back(), features});
    }
    if (repeats && run.leads()) std::cout << over_repeats(found).dump() << std::endl;
  });
}
