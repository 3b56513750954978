// couplet-convert: foreign data into a dataset; datasets and samples into files for others.
#include <ATen/core/Tensor.h>

#include "app/tool.h"
#include "data/conversion.h"

using namespace couplet;

int main(int argc, char** argv) {
  Tool tool(
      {.name = "couplet-convert",
       .summary =
           "Turn foreign data into a dataset (-o x.h5), or a dataset or samples into arrays for "
           "numpy (.npz) or a grid of images (.png).",
       .example = "couplet-convert data/digits.csv.gz -s 'shape=[1,8,8]' -s range=16 -s test=0.2 "
                  "-o digits.h5"});
  const auto& input = tool.input(
      "input", "IDX, CSV, HDF5, npy, npz, a folder of PNG images, law:NAME, or one of our files");
  return tool.main<ConversionOptions>(argc, argv, [&](const ConversionOptions& options, Run& run) {
    Subject subject = read_subject(input, options, run);
    process(subject.contents, options, run);
    write_subject(subject, options, run);

    const DatasetContents& data = subject.contents;
    run.log->say(text(data.x.size(0), " examples of ", data.x.sizes().slice(1), ", ", data.train,
                      " for training, ", data.classes, " classes"));
  });
}
