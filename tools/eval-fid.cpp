// eval-fid: measure samples, or students, against a reference; one JSON object a line, with its
// protocol.
#include <iostream>
#include <optional>

#include "app/tool.h"
#include "eval/metric.h"
#include "eval/nll.h"
#include "eval/statistics.h"

using namespace couplet;

struct Options {
  std::string split = "test", reference_split = "train";
  SummaryOptions read;
  InceptionProtocol network;
  MeasureOptions measure;
  NllOptions nll;
  void describe(auto&& option) {
    option("split", split,
           "rows measured where a file to be measured is a dataset, and the rows of the reference "
           "of which a student tells the likelihood: train, test or all");
    option("reference_split", reference_split, "rows of the reference where it is a dataset");
    read.describe(option), network.describe(option), measure.describe(option);
    option("nll", nll, "the likelihood of the reference under a velocity field");
  }
};

int main(int argc, char** argv) {
  Tool tool(
      {.name = "eval-fid",
       .summary =
           "Measure samples against a reference: Fréchet and energy distances, label agreement; "
           "or a dataset's likelihood under a velocity field.",
       .example = "eval-fid samples.h5 data.h5 --features data/features/digits.h5",
       .output = Output::optional});
  const auto& files = tool.inputs(
      "files",
      "samples, datasets, folders of images, npz or velocity fields to be measured, and last the "
      "reference: any of them, or statistics (also npz with mu and sigma)");
  const auto& features =
      tool.flag("features", std::string(),
                "features compared too: a classifier, or weights of the FID's Inception");
  return tool.main<Options>(argc, argv, [&](const Options& options, Run& run) {
    require_option(
        files.size() > 1 || !run.output.empty(),
        "nothing to measure: give samples before the reference, or -o for its statistics");
    const auto is_field = [](const std::string& f) {
      return is_artifact(f) && read_label(f).kind == "velocity-field";
    };
    const auto fields = std::count_if(files.begin(), files.end() - 1, is_field);
    require_option(fields > 0 || unchanged(options.nll),
                   "options 'nll' have no effect: no velocity field is measured");
    require_option(fields + 1 < std::ssize(files) || !run.output.empty() ||
                       (features.empty() && options.read == SummaryOptions() &&
                        options.reference_split == Options().reference_split),
                   "--features, 'batch', 'reference_split', 'energy_rows' ask nothing of fields");
    const Extractors by = extractors_of(features, options.network, run.device);
    const auto read = [&](const std::string& path, const std::string& split) {
      SummaryOptions how = options.read;
      how.split = split, how.keep_rows = reads_rows(options.measure);
      return summarise(path, by, how, run);
    };
    std::optional<Summary> reference;
    const auto against = [&]() -> const Summary& {
      if (!reference) reference = read(files.back(), options.reference_split);
      return *reference;
    };
    for (size_t i = 0; i + 1 < files.size(); ++i) {
      const json found =
          is_field(files[i])
              ? nll(files[i], files.back(), options.split, options.nll, run)
              : measure(read(files[i], options.split), against(), options.measure, run.random);
      std::cout << found.dump() << std::endl;
    }
    if (!run.output.empty()) write_statistics(run, against(), {files.back(), features});
  });
}
