#include "flow/pool.h"

#include <ATen/ATen.h>

#include <filesystem>

#include "base/error.h"
#include "flow/encode.h"
#include "io/pairs.h"

namespace couplet {

namespace {

constexpr int64_t rows_at_once = 2048;

/// A run that writes a file of its own into the partial folder of this one.
Run within_partial(const Run& run, const std::string& name) {
  Run own = run;
  own.output = run.partial(name);
  std::filesystem::create_directories(own.output + ".partial");
  return own;
}

}  // namespace

Origin data_behind(const std::string& path, const std::string& moved, bool pushed) {
  if (read_label(path).kind != "couplings" || h5::File::open(path).has("potentials")) {
    return origin_of(path, moved);
  }
  require_option(moved.empty(), "--data has no effect: ", path, " holds its data");
  const Pairs pairs = read_pairs(path);
  Dataset data;
  data.path = path, data.label = pairs.artifact.label, data.space = pairs.space;
  data.labels = pairs.label, data.train = pairs.size();
  data.x = pushed ? pairs.x0.select(1, 0) : pairs.x1;
  if (!pushed) data.scaling = pairs.scaling;
  return {.data = data};
}

size_t blocks_passed(const Label& source) {
  return source.kind == "couplings" ? source.facts.value("blocks", size_t{0}) : 0;
}

std::string pool(const Checkpoint& model, size_t blocks, const std::string& source,
                 const PushedOptions& how, const Run& run) {
  const auto name = [](size_t passed) { return text("pool", passed, ".h5"); };
  size_t passed = blocks;
  while (passed > 0 && !std::filesystem::exists(run.partial(name(passed)))) --passed;
  const size_t given = blocks_passed(read_label(source));
  if (passed <= given) passed = given;
  const std::string nearest = passed == given ? source : run.partial(name(passed));
  if (passed == blocks) return nearest;

  const Origin origin = data_behind(nearest, "", passed > 0);
  Checkpoint rest = model;
  rest.blocks = {model.blocks.begin() + static_cast<int64_t>(passed),
                 model.blocks.begin() + static_cast<int64_t>(blocks)};
  const Run own = within_partial(run, name(blocks));
  run.log->say(text("pushing the data through blocks ", passed + 1, " to ", blocks));
  const Batches batches(origin.data, own, /*flip=*/false, /*times=*/1);
  const auto pairing = make_pushed(how, {batches, origin.data, &own, &rest});
  const EncodeOptions options{.batch = rows_at_once};
  const PairLayout layout = layout_of(*pairing, batches.size(), options, {});
  RowFile file(own, layout.rows, pair_columns(batches, options, layout));
  encode_rows(*pairing, batches, options, layout, own, file);

  json facts = pairing->facts();
  facts["blocks"] = blocks;
  facts["shape"] = origin.data.space.shape, facts["classes"] = origin.data.space.classes;
  facts["clock"] = "noise at 0", facts["data"] = carried_on(origin.data.label)["data"];
  facts["storage"] = origin.data.is_bytes() ? "u8" : "f32";
  facts.update(origin.data.scaling.to_json());
  file.seal(own.label("couplings", facts, {origin.data.label, model.label}));
  std::filesystem::remove_all(own.output + ".partial");
  return own.output;
}

}  // namespace couplet
