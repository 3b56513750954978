#include "flow/blocks.h"

#include <ATen/Context.h>

#include <filesystem>

#include "base/error.h"

namespace couplet {

namespace {

Run keeping(const Run& run) {
  Run own = run;
  own.output = run.partial("blocks.h5");
  return own;
}

/// Notes what is finished, which ends the need for the states of its training.
void keep(const Checkpoint& model, const Run& run) {
  write_checkpoint(keeping(run), model, {});
  if (!run.leads()) return;
  for (const auto& entry : std::filesystem::directory_iterator(run.output + ".partial")) {
    const bool spent = entry.path().filename().string().starts_with("state");
    if (spent) std::filesystem::remove(entry.path());
  }
}

}  // namespace

std::string block_name(const std::string& noun, size_t block, size_t blocks) {
  return blocks == 1 ? "" : text(noun, block + 1);
}

Run run_of_block(const Run& run, const std::string& name) {
  Run own = run;
  if (!name.empty()) own.random = run.random.stream(name);
  return own;
}

void seed_weights(const Run& run) { at::manual_seed(run.random.stream("initial weights").key()); }

Checkpoint taken_up(const Checkpoint& model, const Run& run) {
  const std::string path = keeping(run).output;
  if (!told(*run.group, std::filesystem::exists(path)).get<bool>()) return model;
  Checkpoint kept = read_checkpoint(path, {model.kind});
  kept.label = model.label;
  run.log->say(text("resuming after block ", kept.blocks.size()));
  return kept;
}

void add(Checkpoint& model, Block block, const json& numbers, const std::string& name, size_t all,
         const Run& run) {
  model.blocks.push_back(std::move(block));
  (name.empty() ? model.facts["numbers"] : model.facts["numbers"][name]) = numbers;
  if (model.blocks.size() < all) keep(model, run);
}

}  // namespace couplet
