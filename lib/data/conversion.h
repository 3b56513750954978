// From foreign data to datasets, and from our files to files for others.
#pragma once
#include "data/dataset.h"

namespace couplet {

struct ConversionOptions {
  int64_t rows = 0;
  bool density = false;
  std::string labels;
  std::vector<int64_t> shape;
  int64_t range = 0, pad = 0, pool = 0;
  double test = 0;
  bool standardise = false;
  int64_t columns = 10;
  std::string licence;
  void describe(auto&& option) {
    option("rows", rows,
           "points to draw from a law or a density; images in a grid or folder, in file order");
    option("density", density, "the input is a picture whose darkness is a density on the plane");
    option("labels", labels, "a second file, with the labels");
    option("shape", shape, "of one example; of one number more in a row, the last is the label");
    option("range", range, "the examples are whole numbers 0 .. range; they become -1 .. 1");
    option("pad", pad, "zeros around the images, to so many pixels each way");
    option("pool", pool, "means over squares of so many pixels; bytes are rounded");
    option("test", test, "fraction of the rows, drawn at random, that is kept for testing");
    option("standardise", standardise,
           "scale each column to mean 0 and deviation 1 over the rows for training");
    option("columns", columns, "images side by side in a grid; of labelled ones, one class a line");
    option("licence", licence, "licence of the data, noted in the file");
  }
};

/// What a conversion has in hand. contents.train is -1 while nothing says which rows are for
/// training.
struct Subject {
  DatasetContents contents;
  std::vector<Label> parents;  ///< the input, if it is one of our files
};

/// input: "law:NAME", a dataset or samples file, a picture (density), or foreign data.
/// Errors: options without effect on this input and output (BadOption); what the reader finds.
Subject read_subject(const std::string& input, const ConversionOptions& options, const Run& run);

/// Shape, range, pad, pool, test split and standardisation, in this order.
void process(DatasetContents& data, const ConversionOptions& options, const Run& run);

/// By the extension of run.output: .h5 a dataset, .npz arrays for numpy, .npy x alone, .csv a table
/// of x and label, .png a grid of images or a cloud of points; without an extension a folder of PNG
/// files. Numbers are as stored (but of pictures). Some rows at a time are in memory.
void write_subject(const Subject& subject, const ConversionOptions& options, const Run& run);

}  // namespace couplet
