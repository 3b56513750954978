#include "data/conversion.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/error.h"
#include "base/options.h"
#include "data/laws.h"
#include "data/process.h"
#include "formats/csv.h"
#include "formats/examples.h"
#include "formats/grid.h"
#include "formats/npz.h"
#include "formats/png.h"
#include "io/samples.h"

namespace couplet {

namespace {

namespace fs = std::filesystem;

enum class Source { law, density, ours, foreign };

Source source_of(const std::string& input, const ConversionOptions& options) {
  if (input.starts_with("law:")) return Source::law;
  require(fs::exists(input), input, ": there is no such file or folder");
  if (is_artifact(input)) return Source::ours;
  if (options.density) return Source::density;
  require_option(!is_png(input), input,
                 ": one picture is no dataset; -s density=true -s rows=20000 draws points from it");
  return Source::foreign;
}

// Where a file or folder lay does not change what comes out of it: its name alone is noted.
std::string name_of(const std::string& path) {
  return fs::path(path + "/.").lexically_normal().parent_path().filename();
}

// Options that differ from their defaults must be among those that this input and output look at.
void refuse_idle(Source source, const std::string& input, const ConversionOptions& options,
                 const std::string& output) {
  const std::string kind = fs::path(output).extension();
  std::set<std::string> looked_at;
  if (kind == ".h5") {
    looked_at = {"licence", "test", "standardise"};
  } else if (kind == ".npz") {
    looked_at = {"test"};
  } else if (kind == ".png") {
    looked_at = {"rows", "columns"};
  } else if (kind.empty()) {
    looked_at = {"rows"};
  } else {
    throw BadOption(output +
                    ": an output ends in .h5 (dataset), .npz (arrays), .png (grid) or in "
                    "nothing (a folder of images)");
  }
  if (source == Source::law || source == Source::density) looked_at.insert("rows");
  if (source == Source::density) looked_at.insert("density");
  if (source == Source::foreign) looked_at.insert("labels");
  if (source == Source::foreign || source == Source::ours) {
    looked_at.insert({"shape", "range", "pad", "pool"});
  }
  const json given = write_options(options), fallback = write_options(ConversionOptions());
  for (const auto& [name, value] : given.items()) {
    require_option(looked_at.contains(name) || value == fallback[name], "option '", name,
                   "' has no effect on ", input, " -> ", kind, "; leave it out");
  }
}

DatasetContents draw_points(Source source, const std::string& input, int64_t count,
                            const Run& run) {
  require_option(count > 0, input, ": how many points? say -s rows=20000");
  const Random random = run.random.stream("points");
  const Tensor rows = row_range(0, count);
  DatasetContents data;
  if (source == Source::law) {
    data.x = law(input.substr(input.find(':') + 1)).draw(random, rows);
    data.facts["source"] = input;
  } else {
    data.x = within(input, [&] { return draw_density(read_png(input), random, rows); });
    data.facts["source_hash"] = hash_of({input});
  }
  data.facts["steps"] = {text(count, " points drawn")};
  return data;
}

Subject read_ours(const std::string& path) {
  const std::string kind = read_label(path, {"dataset", "samples"}).kind;
  if (kind == "dataset") {
    const Dataset d = open_dataset(path);
    const h5::File file = h5::File::open(path);
    Tensors columns;
    for (const auto& name : file.datasets()) {
      if (name != "x" && name != "label") columns[name] = file.read(name);
    }
    const int64_t train = d.train < d.rows() ? d.train : -1;
    return {{d.x, d.labels, d.space.classes, train, d.scaling, d.label.facts, columns}, {d.label}};
  }
  const Samples s = read_samples(path);
  Subject subject{{s.x, s.label, s.space.classes, -1, {}, json::object(), s.columns},
                  {s.artifact.label}};
  subject.contents.scaling = Scaling::from_json(s.artifact.label.facts);
  subject.contents.columns["row"] = s.row;
  subject.contents.facts["source_hash"] = s.artifact.label.content;
  return subject;
}

DatasetContents read_foreign(const std::string& path, const std::string& labels) {
  Examples examples = read_examples(path);
  if (!labels.empty()) {
    const Tensor second = read_examples(labels).x;
    require(second.numel() == examples.x.size(0), labels, ": has ", second.numel(), " labels for ",
            examples.x.size(0), " examples");
    examples.labels = labels_from(second.reshape(-1), labels);
    examples.files.push_back(labels);
  }
  DatasetContents data;
  data.x = examples.x, data.labels = examples.labels, data.train = examples.train;
  if (data.labels.defined()) data.classes = data.labels.max().item<int64_t>() + 1;
  if (data.x.scalar_type() == at::kByte) data.scaling = byte_scaling;
  if (!examples.classes.empty()) {
    data.facts["class_names"] = examples.classes;
    data.classes = static_cast<int64_t>(examples.classes.size());
  }
  data.facts["source_hash"] = hash_of(examples.files);
  return data;
}

// Which examples a grid shows: the first, or a line of each class where every class can fill one.
Tensor grid_rows(const DatasetContents& data, const ConversionOptions& options) {
  const int64_t rows = options.rows > 0 ? options.rows : options.columns * options.columns;
  const Tensor first = row_range(0, std::min(data.x.size(0), rows));
  if (options.rows > 0 || data.classes == 0) return first;
  std::vector<Tensor> lines;
  for (int64_t label = 0; label < data.classes; ++label) {
    const Tensor members = data.labels.eq(label).nonzero().squeeze(1);
    if (members.size(0) < options.columns) return first;
    lines.push_back(members.narrow(0, 0, options.columns));
  }
  return at::cat(lines);
}

void write_grid(const DatasetContents& data, const ConversionOptions& options, const Run& run) {
  if (data.x.dim() == 2 && data.x.size(1) == 2) {
    require_option(options.columns == ConversionOptions().columns,
                   "option 'columns' has no effect on points of the plane");
    const int64_t rows = options.rows > 0 ? options.rows : data.x.size(0);
    return write_png(run.output, picture_of_points(data.x.slice(0, 0, rows), 256));
  }
  require_option(options.columns > 0, "option 'columns' must be positive, found ", options.columns);
  require_option(data.x.dim() == 4, run.output,
                 ": a picture shows images or points of the plane, the examples have shape ",
                 data.x.sizes().slice(1));
  const Tensor shown = data.x.index_select(0, grid_rows(data, options));
  const Tensor images = byte_scaling.to_bytes(data.scaling.apply(shown));
  write_png(run.output, image_grid(images, options.columns, legible_zoom(images)));
}

/// One PNG an example, in file order, in a folder that is there when it is whole.
void write_images(const DatasetContents& data, const ConversionOptions& options, const Run& run) {
  const bool images = data.x.dim() == 4 && (data.x.size(1) == 1 || data.x.size(1) == 3);
  require_option(images, run.output, ": images have one channel or three, the examples have shape ",
                 data.x.sizes().slice(1));
  const int64_t all = data.x.size(0), count = options.rows > 0 ? std::min(options.rows, all) : all;
  const fs::path folder = run.partial("images");
  fs::remove_all(folder), fs::create_directories(folder);
  for (int64_t i = 0; i < count; ++i) {
    const Tensor image = byte_scaling.to_bytes(data.scaling.apply(data.x.slice(0, i, i + 1)))[0];
    const Tensor last = image.size(0) == 1 ? image[0] : image.permute({1, 2, 0});
    const std::string number = text(i), bytes = encode_png(last.contiguous());
    const fs::path path =
        folder /
        (std::string(std::max<size_t>(6, number.size()) - number.size(), '0') + number + ".png");
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), std::ssize(bytes));
    require(file.flush().good(), path.string(), ": cannot be written (is the disk full?)");
    if (i % 500 == 499 || i + 1 == count) run.log->progress("writing images", i + 1, count);
  }
  if (fs::is_directory(run.output)) {  // --force is for images, not for what else lies there
    for (const auto& entry : fs::directory_iterator(run.output)) {
      require(entry.path().extension() == ".png", run.output, ": holds other files than images (",
              entry.path().filename().string(), "); give another folder");
    }
  }
  fs::remove_all(run.output);
  fs::rename(folder, run.output);
}

void write_arrays(const DatasetContents& data, const Run& run) {
  Tensors arrays = data.columns;
  arrays["x"] = data.x;
  if (data.labels.defined()) arrays["label"] = data.labels;
  arrays["train"] = at::scalar_tensor(data.train, at::kLong);
  arrays["scale"] = at::tensor(data.scaling.scale, at::kDouble);
  arrays["shift"] = at::tensor(data.scaling.shift, at::kDouble);
  write_npz(run.output, arrays);
}

}  // namespace

Subject read_subject(const std::string& input, const ConversionOptions& options, const Run& run) {
  const Source source = source_of(input, options);
  refuse_idle(source, input, options, run.output);
  Subject subject;
  if (source == Source::ours) {
    subject = read_ours(input);
  } else if (source == Source::foreign) {
    subject.contents = read_foreign(input, options.labels);
  } else {
    subject.contents = draw_points(source, input, options.rows, run);
    subject.contents.train = -1;
  }
  json& facts = subject.contents.facts;
  if (!facts.contains("source")) facts["source"] = name_of(input);
  if (!options.licence.empty()) facts["licence"] = options.licence;
  return subject;
}

void process(DatasetContents& data, const ConversionOptions& options, const Run& run) {
  if (!options.shape.empty()) reshape(data, options.shape);
  if (options.range != 0) to_range(data, options.range);
  if (options.pad != 0) pad_images(data, options.pad);
  if (options.pool != 0) pool_images(data, options.pool);
  require_option(options.test == 0 || data.train < 0, "option 'test': the input is split already");
  if (options.test != 0) split_off_test(data, options.test, run.random);
  if (data.train < 0) data.train = data.x.size(0);
  if (options.standardise) standardise(data);
}

void write_subject(const Subject& subject, const ConversionOptions& options, const Run& run) {
  const DatasetContents& data = subject.contents;
  if (run.output.ends_with(".h5")) {
    write_dataset(run, data, subject.parents);
  } else if (run.output.ends_with(".npz")) {
    write_arrays(data, run);
  } else if (fs::path(run.output).extension().empty()) {
    write_images(data, options, run);
  } else {
    write_grid(data, options, run);
  }
}

}  // namespace couplet
