// What models and samples are called in a report.
#pragma once
#include "report/material.h"

namespace couplet {

/// The names of files by their provenance records ({"path", "seed", "argv", …}): without folder
/// and ending. With the folder where another file of that name is no repetition, made by the same
/// options with another seed.
std::vector<std::string> model_names(const std::vector<json>& made);

/// A samples file by the model that made it.
struct Sampled {
  Given file;
  std::string model;
  double nfe = 0;
  json seed;  ///< that decided the noise, null where it is not known
};
/// Those among the files: by how much went before their model, by its name and by NFE.
std::vector<Sampled> samples_of(const std::vector<Given>& files);

/// What the rows of the tables are called: the model sampled, or else the file measured; of
/// records of one name that were sampled in different ways, with what differs.
std::vector<std::string> names_of(const std::vector<json>& records,
                                  const std::vector<Sampled>& samples);

}  // namespace couplet
