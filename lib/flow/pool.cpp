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
  if (run.leads()) std::filesystem::create_directories(own.output + ".partial");
  return own;
}

/// The blocks of a model after so many, up to others.
Checkpoint between(Checkpoint model, size_t passed, size_t blocks) {
  const auto at = [&](size_t n) { return model.blocks.begin() + static_cast<int64_t>(n); };
  model.blocks = std::vector<Block>(at(passed), at(blocks));
  return model;
}

}  // namespace

void drop_pool(size_t blocks, const Run& run) {
  if (run.leads()) std::filesystem::remove(run.partial(text("pool", blocks, ".h5")));
}

size_t blocks_passed(const Label& source) {
  return source.kind == "couplings" ? source.facts.value("blocks", size_t{0}) : 0;
}

void check_passed(const std::string& pairs, const std::string& from, const Checkpoint& chain) {
  const Label label = read_label(pairs);
  const size_t passed = blocks_passed(label), blocks = chain.blocks.size();
  if (passed == 0) return;
  require(passed <= blocks, pairs, ": has passed ", passed, " blocks, ", from, " has ", blocks,
          "; give the data, or push them with nf-encode-couplings ", from);
  const std::string by = label.facts.value("chain", "");
  bool ours = by == chain.label.content;  // or of a file with fewer blocks that it grew from
  for (const json& record : chain.label.provenance) ours |= record.value("content", "") == by;
  require(ours, pairs, ": was pushed by the blocks of another chain than ", from);
  require(!label.facts.contains("shard") && !label.facts.contains("ema"), pairs,
          ": is a shard, or was pushed by another average than is taken: it is no pool");
}

Origin origin_of_pairs(const std::string& source, const std::string& moved) {
  if (moved.empty() || blocks_passed(read_label(moved)) == 0) return origin_of(source, moved);
  const Checkpoint chain = read_checkpoint(source, {"velocity-field"});
  check_passed(moved, source, chain);
  Origin origin = data_behind(moved, "", /*pushed=*/true);
  const size_t passed = blocks_passed(origin.data.label);
  require(passed < chain.blocks.size(), moved, ": has passed all ", passed, " blocks of ", source);
  origin.model = between(chain, passed, chain.blocks.size());
  return origin;
}

std::string pool(const Checkpoint& model, size_t blocks, const std::string& source,
                 const PushedOptions& how, const Run& run) {
  const auto name = [](size_t passed) { return text("pool", passed, ".h5"); };
  size_t passed = blocks;
  while (run.leads() && passed > 0 && !std::filesystem::exists(run.partial(name(passed)))) --passed;
  passed = told(*run.group, passed);  // what one file system tells others need not know yet
  const size_t given = blocks_passed(read_label(source));
  if (passed <= given) passed = given;
  const std::string nearest = passed == given ? source : run.partial(name(passed));
  if (passed == blocks) return nearest;

  const Origin origin = data_behind(nearest, "", passed > 0);
  const Checkpoint rest = between(model, passed, blocks);
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

  file.seal(
      own.label("couplings", pair_facts(origin.data, *pairing), {origin.data.label, model.label}));
  run.group->any(false);  // the lead has made it
  if (run.leads()) std::filesystem::remove_all(own.output + ".partial");
  return own.output;
}

}  // namespace couplet
