// numpy's files: one array (npy), or many by name in a zip archive (npz).
#pragma once
#include "io/array.h"

namespace couplet {

/// Arrays by name, stored without compression; numpy.load reads it. large: more of them, of which
/// some rows at a time are in memory; watch: told how many of their rows are written.
void write_npz(const std::string& path, const Tensors& arrays, const Arrays& large = {},
               const std::function<void(int64_t rows)>& watch = {});
void write_npy(const std::string& path, const Array& array,
               const std::function<void(int64_t rows)>& watch = {});

/// The arrays of an archive. Errors: not a zip archive, damaged (checksums), an array that tensors
/// cannot hold: objects, structures, numbers with their most significant byte first; two of one
/// name; data of another size than the header tells.
Tensors read_npz(const std::string& path);

/// Only those named, those of them that are there; what lies in the file as in memory is read when
/// it is asked for, all others (compressed, in Fortran's order) at once. One number counts as one
/// row. all: the names there are.
struct NamedArrays {
  Arrays arrays;
  std::vector<std::string> all;
};
NamedArrays open_npz(const std::string& path, const std::vector<std::string>& names);
Array open_npy(const std::string& path);

}  // namespace couplet
