#include "flow/coupling.h"

#include "base/error.h"
#include "data/augment.h"
#include "data/dataset.h"
#include "eval/merge.h"
#include "eval/pairs.h"
#include "flow/encode.h"
#include "folder.h"
#include "io/pairs.h"
#include "nn/autocast.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

using MakePairing = std::function<std::shared_ptr<Pairing>(const PairingInputs&)>;

/// A couplings file of data by the pairing given, or a shard of it.
void write_pairs(const Run& run, const Dataset& data, const MakePairing& make,
                 const EncodeOptions& options, const Shard& shard = {}) {
  check(options);
  const Batches batches(data, run, options.flip, options.draws);
  const auto pairing = make({batches, data, &run});
  const PairLayout layout = layout_of(*pairing, data.train, options, shard);
  RowFile file(run, layout.end - layout.begin, pair_columns(batches, options, layout),
               pairing->tables());
  encode_rows(*pairing, batches, options, layout, run, file);
  json facts = carried_on(data.label);
  facts["shape"] = data.space.shape, facts["classes"] = data.space.classes;
  facts["marginal_error"] = file.note();
  facts = assessed(file.finished(), facts, data.train);
  if (shard.of > 1) facts["shard"] = about(shard, layout, run);
  file.seal(run.label("couplings", facts, {data.label}));
}

MakePairing by_name(const std::string& name) {
  json options = {{"type", name}};
  if (name == "minibatch-ot" || name == "sinkhorn") options["n"] = 6;
  if (name == "semidiscrete-ot") options["steps"] = 50;
  return [=](const PairingInputs& inputs) { return pairings().make(options, inputs); };
}

/// Noise that tells what it was made from: 10 x1 + the pair's number.
struct Telling : Pairing {
  Batches batches;
  explicit Telling(const Batches& batches) : batches(batches) {}
  NewPairs make(const Tensor& numbers) const override {
    const Tensor example = batches.examples(numbers), flip = batches.flips(numbers);
    const auto [x1, label] = batches.take(example, flip);
    return {{10 * x1 + expand_to(numbers, x1), x1, label}, example, flip, {}};
  }
};

struct Files {
  Folder folder;
  std::string data = folder / "data.h5", pairs = folder / "pairs.h5";
  Files() {
    write_images(data);
    write_pairs(run_to(pairs), open_dataset(data), by_name("independent"),
                {.draws = 2, .flip = true});
  }
};

/// Couplings that need no model, with groups that batches do not end with.
std::vector<json> without_teacher() {
  std::vector<json> all;
  for (const auto& name : couplings().names()) {
    json options = {{"type", name}};
    if (name == "teacher" || name == "pushed") continue;
    if (name == "minibatch-ot" || name == "sinkhorn") options["n"] = 7;
    if (name == "semidiscrete-ot") options["steps"] = 200;
    all.push_back(options);
  }
  return all;
}

}  // namespace

TEST_CASE("Every coupling is a function of rows", "[flow]") {
  const Files files;
  const Run run = run_to(files.folder / "out.h5");
  const Tensor examples = open_dataset(files.data).examples(row_range(0, 9));
  for (const json& options : without_teacher()) {
    INFO(options.dump());
    const auto pi = couplings().make(options, {files.pairs, &run});
    CHECK(pi->space() == Space{{1, 2, 3}, 3});
    CHECK(pi->source().kind == "couplings");
    const CoupledBatch all = pi->draw(row_range(0, 400));
    CHECK(all.x0.sizes() == at::IntArrayRef({400, 1, 2, 3}));
    CHECK(all.x1.sizes() == all.x0.sizes());
    CHECK(all.label.scalar_type() == at::kLong);
    for (const auto& [begin, end] : {std::pair{0, 1}, {3, 90}, {90, 400}}) {
      const CoupledBatch part = pi->draw(row_range(begin, end));
      CHECK(at::equal(part.x0, all.x0.slice(0, begin, end)));
      CHECK(at::equal(part.x1, all.x1.slice(0, begin, end)));
      CHECK(at::equal(part.label, all.label.slice(0, begin, end)));
    }
    // Each x1 is an example (perhaps mirrored), with that example's label.
    const Tensor either = at::cat({examples, examples.flip(-1)});
    const Tensor same = (all.x1.unsqueeze(1) == either).flatten(2).all(2);
    CHECK(same.any(1).all().item<bool>());
    CHECK(at::equal(same.to(at::kInt).argmax(1).remainder(9).remainder(3), all.label));
    // And every example turns up as often as any other, or has the same chance.
    const bool by_chance = options["type"] == "sinkhorn" || options["type"] == "semidiscrete-ot";
    const Tensor often = same.to(at::kFloat).view({400, 2, 9}).sum(at::IntArrayRef({0, 1}));
    CHECK(distance(often, at::full({9}, 400.0 / 9)) <= (by_chance ? 25 : 2));
  }
}

TEST_CASE("Every coupling draws onto the device of its run, and waits for nothing", "[flow]") {
  const Files files;
  for (const auto& device : devices()) {
    Run run = run_to(files.folder / "out.h5");
    run.device = device;
    const Tensor rows = row_range(0, 5, device);
    for (const json& options : without_teacher()) {
      INFO(options.dump() << " on " << device);
      const auto pi = couplings().make(options, {files.pairs, &run});
      const auto [x0, x1, label] = pi->draw(rows);
      for (const Tensor& part : {x0, x1, label}) CHECK(part.device().type() == device.type());
      // Optimal transport is solved by the host, and goes class by class.
      if (!options.contains("n") && !options.contains("steps"))
        CHECK(host_reads([&] { pi->draw(rows); }).empty());
    }
  }
}

TEST_CASE("Pairs are made in fp32, whatever the training is in", "[flow]") {
  const Files files;
  const Run run = run_to(files.folder / "out.h5");
  for (const json& options : without_teacher()) {
    INFO(options.dump());
    const auto draw = [&] {
      return couplings().make(options, {files.pairs, &run})->draw(row_range(0, 50));
    };
    const CoupledBatch exact = draw();
    const Autocast autocast(true, at::kCPU);
    const CoupledBatch found = draw();
    CHECK(at::equal(found.x0, exact.x0));
    CHECK(at::equal(found.x1, exact.x1));
  }
}

TEST_CASE("Independent noise is N(0, I)", "[flow]") {
  const Files files;
  const Run run = run_to(files.folder / "out.h5");
  for (const auto& file : {files.data, files.pairs}) {
    const auto pi = couplings().make({{"type", "independent"}}, {file, &run});
    const auto [x0, x1, label] = pi->draw(row_range(0, 20000));
    const Tensor x = x0.flatten(1);
    CHECK(distance(x.mean(0), at::zeros({6})) < 0.03);
    CHECK(distance(x.t().matmul(x) / 20000, at::eye(6)) < 0.05);
    CHECK((x0 * x1).mean().abs().item<double>() < 0.01);
  }
}

TEST_CASE("Pairs stay pairs, mirrored ones too", "[flow]") {
  const Folder folder;
  write_images(folder / "data.h5");
  const Dataset data = open_dataset(folder / "data.h5");
  for (const bool flip : {false, true}) {
    const std::string path = folder / (flip ? "flipped.h5" : "plain.h5");
    const EncodeOptions options{.draws = 3, .batch = 4, .flip = flip};
    const auto telling = [](const PairingInputs& in) {
      return std::make_shared<Telling>(in.batches);
    };
    write_pairs(run_to(path), data, telling, options);
    const Pairs stored = read_pairs(path);
    CHECK(stored.size() == 9);
    CHECK(stored.draws() == 3);
    CHECK(stored.flip.defined() == flip);
    if (flip) {
      const double share = stored.flip.to(at::kFloat).mean().item<double>();
      CHECK((share > 0.2 && share < 0.8));
    }

    const Run run = run_to(folder / "out.h5");
    const auto pi = couplings().make({{"type", "stored"}}, {path, &run});
    const auto [x0, x1, label] = pi->draw(row_range(0, 54));  // two epochs
    const Tensor draw = (x0 - 10 * x1).flatten(1);
    CHECK(distance(draw.amin(1), draw.amax(1)) < 1e-3);  // one number: the noise is of this x1
    const Tensor number = draw.mean(1).round().to(at::kLong), example = number.div(3, "floor");
    for (const int64_t epoch : {0, 1}) {
      const Tensor seen = number.slice(0, 27 * epoch, 27 * (epoch + 1));
      CHECK(at::equal(std::get<0>(seen.sort()), row_range(0, 27)));
    }
    CHECK_FALSE(at::equal(number.slice(0, 0, 27), number.slice(0, 27, 54)));
    CHECK(at::equal(label, example.remainder(3)));
    const Tensor plain = data.examples(example);
    const Tensor mirror = (x1 != plain).flatten(1).any(1);
    CHECK(at::equal(x1, mirrored(plain, mirror)));
    CHECK(mirror.any().item<bool>() == flip);
  }
}

TEST_CASE("Encoding does not depend on the batch, on interruptions or on shards", "[flow]") {
  const Folder folder;
  write_images(folder / "data.h5");
  const Dataset data = open_dataset(folder / "data.h5");
  for (const std::string name : {"independent", "minibatch-ot", "sinkhorn", "semidiscrete-ot"}) {
    const auto hash_of = [&](const std::string& file, int64_t batch, int stops,
                             const Shard& shard = {}) {
      Run run = run_to(folder / (name + file));
      run.stop = [&] { return stops-- > 0; };
      const EncodeOptions options{.draws = 2, .batch = batch, .flip = true, .storage = "bf16"};
      while (true) {
        try {
          write_pairs(run, data, by_name(name), options, shard);
          return read_label(run.output).content;
        } catch (const Unfinished&) {
        }
      }
    };
    INFO(name);
    const std::string whole = hash_of("a.h5", 256, 0);
    CHECK(hash_of("b.h5", 3, 0) == whole);
    CHECK(hash_of("c.h5", 4, 2) == whole);

    std::vector<std::string> shards;
    for (const int64_t i : {0, 1, 2}) {
      hash_of(text("part", i, ".h5"), 3, 1, {i, 3});
      shards.push_back(folder / text(name, "part", i, ".h5"));
    }
    const Run run = run_to(folder / (name + "merged.h5"));
    merge_pieces({shards[2], shards[0], shards[1]}, run);
    CHECK(read_label(run.output).content == whole);

    const auto refused = [&](const std::vector<std::string>& paths, const std::string& words) {
      CHECK_THROWS_WITH(merge_pieces(paths, run_to(folder / "refused.h5")), contains(words));
    };
    refused({shards[0], shards[2]}, "shard 1 of 3 is missing");
    refused({shards[0], shards[1]}, "shard 2 of 3 is missing");
    refused({shards[0], shards[1], shards[1], shards[2]}, "shard 1 of 3 is there twice");
    refused({folder / (name + "a.h5")}, "is no shard");
    refused({}, "there is nothing to merge");
    write_pairs(run_to(folder / "other.h5", 2), data, by_name(name),
                {.draws = 3, .flip = true, .storage = "bf16"}, {1, 3});
    refused({shards[0], folder / "other.h5", shards[2]}, "other.h5");
  }
}

TEST_CASE("Options of an encoding that cannot be are refused", "[flow]") {
  const Folder folder;
  write_images(folder / "data.h5");
  const Dataset data = open_dataset(folder / "data.h5");
  const auto write = [&](const EncodeOptions& options, const Shard& shard = {}) {
    write_pairs(run_to(folder / "out.h5"), data, by_name("independent"), options, shard);
  };
  CHECK_THROWS_AS(write({.draws = 0}), BadOption);
  CHECK_THROWS_AS(write({.batch = 0}), BadOption);
  CHECK_THROWS_AS(write({.storage = "f64"}), BadOption);
  CHECK_THROWS_AS(write({}, {0, 10}), BadOption);  // there are nine rows
  for (const char* bad : {"1", "1/", "/2", "2/2", "-1/2", "a/b", "0/2x", "0/0"}) {
    INFO(bad);
    CHECK_THROWS_AS(read_shard(bad), BadOption);
  }
  CHECK(read_shard("1/4").number == 1);
  CHECK(read_shard("").of == 1);

  const Run run = run_to(folder / "out.h5");
  const Batches batches(data, run, false);
  const auto refused = [&](const json& options) {
    CHECK_THROWS_AS(pairings().make(options, {batches, data, &run}), BadOption);
  };
  refused({{"type", "teacher"}});
  refused({{"type", "minibatch-ot"}, {"n", 10}});
  refused({{"type", "minibatch-ot"}, {"n", -1}});
  CHECK_THROWS_AS(couplings().make({{"type", "stored"}}, {folder / "data.h5", &run}), Error);
}
