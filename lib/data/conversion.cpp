#include "data/conversion.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/error.h"
#include "base/finite.h"
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

/// What an output may be, by its ending; the options that it looks at.
struct Form {
  std::string ending, help;
  std::set<std::string> options;
  void (*write)(const Subject& subject, const ConversionOptions& options, const Run& run);
};
extern const std::vector<Form> forms;

const Form& form_of(const std::string& output) {
  const std::string ending = fs::path(output).extension();
  std::string all;
  for (const Form& form : forms) {
    if (form.ending == ending) return form;
    all += (all.empty() ? "" : ", ") + (form.ending.empty() ? "nothing" : form.ending) + " (" +
           form.help + ")";
  }
  throw BadOption(output + ": an output ends in " + all);
}

// Options that differ from their defaults must be among those that this input and output look at.
void refuse_idle(Source source, const std::string& input, const ConversionOptions& options,
                 const std::string& output) {
  std::set<std::string> looked_at = form_of(output).options;
  if (source == Source::law || source == Source::density) looked_at.insert("rows");
  if (source == Source::density) looked_at.insert("density");
  if (source == Source::foreign) looked_at.insert("labels");
  if (source == Source::foreign || source == Source::ours) {
    looked_at.insert({"shape", "range", "pad", "pool"});
  }
  const json given = write_options(options), fallback = write_options(ConversionOptions());
  for (const auto& [name, value] : given.items()) {
    require_option(looked_at.contains(name) || value == fallback[name], "option '", name,
                   "' has no effect on ", input, " -> ", form_of(output).ending, "; leave it out");
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
    return {{Array(d.x), d.labels, d.space.classes, train, d.scaling, d.label.facts, columns},
            {d.label}};
  }
  const Samples s = read_samples(path);
  Subject subject{{Array(s.x), s.label, s.space.classes, -1, {}, json::object(), s.columns},
                  {s.artifact.label}};
  subject.contents.scaling = Scaling::from_json(s.artifact.label.facts);
  subject.contents.columns["row"] = s.row;
  subject.contents.facts["source_hash"] = s.artifact.label.content;
  return subject;
}

DatasetContents read_foreign(const std::string& path, const std::string& labels) {
  Examples examples = read_examples(path);
  if (!labels.empty()) {
    const Array second = read_examples(labels).x;
    const int64_t count = Space{second.sizes()}.dims();
    require(count == examples.x.rows(), labels, ": has ", count, " labels for ", examples.x.rows(),
            " examples");
    examples.labels = labels_from(second.all().reshape(-1), labels);
    examples.files.push_back(labels);
  }
  DatasetContents data;
  data.x = examples.x, data.labels = examples.labels, data.train = examples.train;
  if (data.labels.defined()) data.classes = data.labels.max().item<int64_t>() + 1;
  data.scaling = examples.scaled_by();
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
  const Tensor first = row_range(0, std::min(data.x.rows(), rows));
  if (options.rows > 0 || data.classes == 0) return first;
  std::vector<Tensor> lines;
  for (int64_t label = 0; label < data.classes; ++label) {
    const Tensor members = data.labels.eq(label).nonzero().squeeze(1);
    if (members.size(0) < options.columns) return first;
    lines.push_back(members.narrow(0, 0, options.columns));
  }
  return at::cat(lines);
}

/// Examples as pixels; rows: (N), their numbers. Errors: one that no picture shows.
Tensor pixels_of(const Tensor& stored, const Tensor& rows, const Scaling& scaling) {
  const Tensor x = scaling.apply(stored);
  const Tensor bad = finite_rows(x).logical_not().nonzero();
  if (bad.size(0) > 0) {
    fail("row ", rows[bad[0][0]].item<int64_t>(),
         ": holds a number that is not finite, which no picture shows");
  }
  return byte_scaling.to_bytes(x);
}

void write_grid(const Subject& subject, const ConversionOptions& options, const Run& run) {
  const DatasetContents& data = subject.contents;
  const std::vector<int64_t>& shape = data.x.shape();
  if (shape == std::vector<int64_t>{2}) {
    require_option(options.columns == ConversionOptions().columns,
                   "option 'columns' has no effect on points of the plane");
    const int64_t all = data.x.rows(), rows = options.rows > 0 ? std::min(options.rows, all) : all;
    return write_png(run.output, picture_of_points(data.x.slice(0, rows), 256));
  }
  require_option(options.columns > 0, "option 'columns' must be positive, found ", options.columns);
  require_option(shape.size() == 3, run.output,
                 ": a picture shows images or points of the plane, the examples have shape ",
                 at::IntArrayRef(shape));
  const Tensor rows = grid_rows(data, options);
  const Tensor images = pixels_of(data.x.take(rows), rows, data.scaling);
  write_png(run.output, image_grid(images, options.columns, legible_zoom(images)));
}

// Outputs that cannot go on where they were stopped begin anew.
void note_rows(const Run& run, int64_t done, int64_t all) {
  run.log->progress("writing", done, all);
  if (!run.stop() || done == all) return;
  throw NothingKept(text("stopped at row ", done, " of ", all, "; the same command begins anew"));
}

// The number of an image, as long as sorting by name wants it.
std::string file_name(int64_t row) {
  const std::string number = text(row);
  return std::string(std::max<size_t>(6, number.size()) - number.size(), '0') + number + ".png";
}

/// One PNG an example, in file order, in a folder that is there when it is whole.
void write_images(const Subject& subject, const ConversionOptions& options, const Run& run) {
  const DatasetContents& data = subject.contents;
  const std::vector<int64_t>& shape = data.x.shape();
  const bool images = shape.size() == 3 && (shape[0] == 1 || shape[0] == 3);
  require_option(images, run.output, ": images have one channel or three, the examples have shape ",
                 at::IntArrayRef(shape));
  const int64_t all = data.x.rows(), count = options.rows > 0 ? std::min(options.rows, all) : all;
  const fs::path folder = run.partial("images");
  fs::remove_all(folder), fs::create_directories(folder);
  data.x.selected(row_range(0, count)).for_rows([&](int64_t begin, const Tensor& part) {
    const Tensor rows = row_range(begin, begin + part.size(0));
    const Tensor pixels = pixels_of(part, rows, data.scaling);
    for (int64_t i = 0; i < pixels.size(0); ++i) {
      const Tensor image = shape[0] == 1 ? pixels[i][0] : pixels[i].permute({1, 2, 0});
      const std::string bytes = encode_png(image.contiguous());
      const fs::path path = folder / file_name(begin + i);
      std::ofstream file(path, std::ios::binary);
      file.write(bytes.data(), std::ssize(bytes));
      require(file.flush().good(), path.string(), ": cannot be written (is the disk full?)");
    }
    note_rows(run, begin + pixels.size(0), count);
  });
  if (fs::is_directory(run.output)) {  // --force is for images, not for what else lies there
    for (const auto& entry : fs::directory_iterator(run.output)) {
      require(entry.path().extension() == ".png", run.output, ": holds other files than images (",
              entry.path().filename().string(), "); give another folder");
    }
  }
  fs::remove_all(run.output);
  fs::rename(folder, run.output);
}

void write_arrays(const Subject& subject, const ConversionOptions&, const Run& run) {
  const DatasetContents& data = subject.contents;
  Tensors arrays = data.columns;
  if (data.labels.defined()) arrays["label"] = data.labels;
  if (data.train < data.x.rows()) arrays["train"] = at::scalar_tensor(data.train, at::kLong);
  arrays["scale"] = at::tensor(data.scaling.scale, at::kDouble);
  arrays["shift"] = at::tensor(data.scaling.shift, at::kDouble);
  write_npz(run.output, arrays, {{"x", data.x}},
            [&](int64_t rows) { note_rows(run, rows, data.x.rows()); });
}

const std::vector<Form> forms = {
    {".h5",
     "dataset",
     {"licence", "test", "standardise"},
     [](const Subject& subject, const ConversionOptions&, const Run& run) {
       write_dataset(run, subject.contents, subject.parents);
     }},
    {".npz", "arrays", {"test"}, write_arrays},
    {".npy",
     "one array",
     {},
     [](const Subject& subject, const ConversionOptions&, const Run& run) {
       const Array& x = subject.contents.x;
       write_npy(run.output, x, [&](int64_t rows) { note_rows(run, rows, x.rows()); });
     }},
    {".csv",
     "a table",
     {},
     [](const Subject& subject, const ConversionOptions&, const Run& run) {
       const Array& x = subject.contents.x;
       write_csv(run.output, x, subject.contents.labels,
                 [&](int64_t rows) { note_rows(run, rows, x.rows()); });
     }},
    {".png", "a grid of images", {"rows", "columns"}, write_grid},
    {"", "a folder of images", {"rows"}, write_images}};

}  // namespace

Subject read_subject(const std::string& input, const ConversionOptions& options, const Run& run) {
  require_option(options.rows >= 0, "option 'rows' must be 0 (all) or more, found ", options.rows);
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
  if (data.train < 0) data.train = data.x.rows();
  if (options.standardise) standardise(data);
}

void write_subject(const Subject& subject, const ConversionOptions& options, const Run& run) {
  form_of(run.output).write(subject, options, run);
}

}  // namespace couplet
