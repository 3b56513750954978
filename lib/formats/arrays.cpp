#include "formats/arrays.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "base/space.h"
#include "formats/bytes.h"
#include "formats/csv.h"
#include "formats/npz.h"
#include "io/hdf5.h"

namespace couplet {

namespace {

const std::vector<std::string> read_names = {"x",     "arr_0", "label", "arr_1",
                                             "train", "scale", "shift"};

// Bytes stay bytes; all other numbers become float.
Examples from_arrays(const NamedArrays& found, const std::string& path) {
  const auto& arrays = found.arrays;
  const auto named = [&](const char* ours, const char* adms) {
    const auto place = arrays.find(ours);
    return place == arrays.end() ? arrays.find(adms) : place;
  };
  const auto x = named("x", "arr_0"), label = named("label", "arr_1"), train = arrays.find("train");
  if (x == arrays.end()) {
    std::string names;
    for (const auto& name : found.all) names += (names.empty() ? "" : ", ") + name;
    fail(path, ": has no array 'x' or 'arr_0' (there are: ", names.empty() ? "none" : names, ")");
  }
  require(!x->second.shape().empty(), path, ": ", x->first, " has sizes ",
          at::IntArrayRef(x->second.sizes()), ", expected (rows, …)");
  Examples examples;
  const auto to_float = [](const Tensor& rows) { return rows.to(at::kFloat); };
  examples.x = x->second.is_bytes() ? as_images(x->second)
                                    : x->second.mapped(x->second.shape(), at::kFloat, to_float);
  examples.files = {path};
  const int64_t rows = examples.x.rows();
  if (label != arrays.end()) {
    require(Space{label->second.sizes()}.dims() == rows, path, ": ", label->first, " has sizes ",
            at::IntArrayRef(label->second.sizes()), " for ", rows, " rows");
    examples.labels = labels_from(label->second.all().reshape(-1), path);
  }
  if (train != arrays.end()) {
    require(Space{train->second.sizes()}.dims() == 1, path, ": train has sizes ",
            at::IntArrayRef(train->second.sizes()), ", expected one number");
    examples.train = train->second.all().to(at::kLong).item<int64_t>();
    require(examples.train > 0 && examples.train <= rows, path, ": train is ", examples.train,
            ", of ", rows, " rows");
  }
  require(arrays.contains("scale") == arrays.contains("shift"), path,
          ": has one of scale and shift; they go together");
  if (arrays.contains("scale")) {
    const auto list = [&](const char* name) {
      const Tensor t = arrays.at(name).all().to(at::kDouble).contiguous();
      return std::vector<double>(t.const_data_ptr<double>(),
                                 t.const_data_ptr<double>() + t.numel());
    };
    const Scaling s{list("scale"), list("shift")};
    const bool by_column = examples.x.shape() == std::vector<int64_t>{std::ssize(s.scale)};
    require(s.scale.size() == s.shift.size() && (s.scale.size() == 1 || by_column), path,
            ": scale and shift of ", s.scale.size(), " and ", s.shift.size(),
            " numbers do not go with x of shape ", at::IntArrayRef(examples.x.shape()));
    for (size_t i = 0; i < s.scale.size(); ++i) {
      require(std::isfinite(s.scale[i]) && s.scale[i] > 0 && std::isfinite(s.shift[i]), path,
              ": scale ", s.scale[i], ", shift ", s.shift[i],
              "; a scale is positive, and both are finite");
    }
    examples.scaling = s;
  }
  return examples;
}

}  // namespace

bool is_hdf5(const std::string& path) { return first_bytes(path, 8) == "\x89HDF\r\n\x1a\n"; }

Examples read_hdf5_examples(const std::string& path) {
  const auto file = h5::File::open(path);
  NamedArrays found{{}, file.datasets()};
  for (const auto& name : read_names) {
    if (file.has(name)) found.arrays.emplace(name, file.array(name));
  }
  return from_arrays(found, path);
}

bool is_npz(const std::string& path) {
  return path.ends_with(".npz") && first_bytes(path, 2) == "PK";
}

Examples read_npz_examples(const std::string& path) {
  return from_arrays(open_npz(path, read_names), path);
}

bool is_npy(const std::string& path) { return first_bytes(path, 6) == "\x93NUMPY"; }

Examples read_npy_examples(const std::string& path) {
  return from_arrays({{{"x", open_npy(path)}}, {}}, path);
}

}  // namespace couplet
