// couplet-convert: foreign data and weights into our files, and ours into files for others.
#include <ATen/core/Tensor.h>

#include "app/tool.h"
#include "data/conversion.h"
#include "data/laws.h"
#include "eval/merge.h"
#include "eval/statistics.h"
#include "flow/weights.h"

using namespace couplet;

struct Options {
  ConversionOptions data;
  WeightOptions weights;
  void describe(auto&& option) {
    data.describe(option);
    option("weights", weights, "trained weights of other programs");
  }
};

int main(int argc, char** argv) {
  Tool tool(
      {.name = "couplet-convert",
       .summary = "Turn foreign data and weights into files of ours, and ours into others.",
       .about =
           "The ending of OUTPUT decides: foreign data become a dataset (.h5); a dataset or "
           "samples arrays for numpy (.npz, .npy), a table (.csv), a grid of images or cloud "
           "of points (.png) or a folder of PNG files (no ending); published weights "
           "(TarFlow, U-Net, DiT) a checkpoint (.h5); a checkpoint .safetensors or .npz. merge "
           "joins the shards of a couplings file, files of samples of one seed, or statistics "
           "of shards.",
       .example = "couplet-convert data/digits.csv.gz -s 'shape=[1,8,8]' -s range=16 -s test=0.2 "
                  "-o digits.h5",
       .alone = true,
       .foreign = true,
       .lists = listed("law:NAME, points of the plane", laws())});
  const auto& inputs =
      tool.inputs("input",
                  "IDX, CSV, HDF5, npy, npz, CIFAR's or a folder of images, law:NAME, one of our "
                  "files, or weights: .pth, .safetensors; or the word merge and all shards of a "
                  "couplings file, or samples of rows that follow one another");
  return tool.main<Options>(argc, argv, [&](const Options& options, Run& run) {
    const std::string input = inputs[0];
    if (input == "merge") {
      require_option(unchanged(options), "options have no effect on a merge");
      const std::vector<std::string> parts(inputs.begin() + 1, inputs.end());
      const bool moments = !parts.empty() && holds_statistics(parts[0]);
      return moments ? merge_statistics(parts, run) : merge_pieces(parts, run);
    }
    require_option(inputs.size() == 1, "one input at a time, found ", inputs.size(),
                   "; several are for: couplet-convert merge SHARD…");
    if (holds_weights(input)) {
      require_option(unchanged(options.data), "only the options 'weights' have an effect on ",
                     input, ", a file of weights");
      return convert_weights(input, options.weights, run);
    }
    require_option(unchanged(options.weights), "the options 'weights' have no effect on ", input);
    Subject subject = read_subject(input, options.data, run);
    process(subject.contents, options.data, run);
    write_subject(subject, options.data, run);

    const DatasetContents& data = subject.contents;
    run.log->say(text(data.x.rows(), " examples of ", at::IntArrayRef(data.x.shape()), ", ",
                      data.train, " for training, ", data.classes, " classes"));
  });
}
