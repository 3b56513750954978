// What is measured, as it comes: datasets, samples, images and arrays of other programs.
#pragma once
#include "io/array.h"
#include "io/run.h"

namespace couplet {

/// A file's examples.
struct Source {
  json about;        ///< path, kind, content, split, and the facts of the file: scale, solver, …
  Array x;           ///< (N, *shape) float, scaled, on the device
  Tensor label;      ///< (N) int64, -1 where there is none
  Tensor noise_row;  ///< of samples: (N) int64; else undefined
  Tensors columns;   ///< of samples: (N) each
};

/// A split of a dataset; samples; whatever couplet-convert reads (folders of PNG or JPEG, npz with
/// x or ADM's arr_0, …), of them a split where they have splits, whose bytes are scaled to [-1, 1]
/// and whose other numbers are taken as they are. Errors: other kinds of our files; what the reader
/// finds; other shapes within.
Source open_source(const std::string& path, const std::string& split, c10::Device device);

/// Facts of one of our files that say what it holds and how it was made.
json about_file(const std::string& path, const Label& label);

}  // namespace couplet
