#include "flow/pool.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "flow/data_behind.h"
#include "flow/encode.h"

namespace couplet {

namespace {

/// A run that writes a file of its own into the partial folder of this one.
Run within_partial(const Run& run, const std::string& name) {
  Run own = run;
  own.output = run.partial(name);
  std::filesystem::create_directories(own.output + ".partial");
  return own;
}

}  // namespace

void drop_pool(size_t blocks, const Run& run) {
  std::filesystem::remove(run.partial(text("pool", blocks, ".h5")));
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
  // As many as keep a network's activations within memory; not by the device: rows go together.
  const int64_t at_once = std::clamp<int64_t>((1 << 20) / origin.data.space.dims(), 32, 4096);
  const EncodeOptions options{.batch = at_once};
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
