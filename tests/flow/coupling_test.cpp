#include "flow/coupling.h"

#include "data/augment.h"
#include "data/dataset.h"
#include "flow/encode.h"
#include "folder.h"
#include "io/pairs.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

/// A couplings file of the images of write_images, by the pairing given.
void write_pairs(const Run& run, const Dataset& data, const Pairing& pairing,
                 const EncodeOptions& options) {
  RowFile file(run, data.train, pair_columns(data, options));
  encode_rows(pairing, data, options, run, file);
  json facts = carried_on(data.label);
  facts["shape"] = data.space.shape, facts["classes"] = data.space.classes;
  file.seal(run.label("couplings", facts, {data.label}));
}

/// Noise that tells what it was made from: 10 x1 + the draw's number.
struct Telling : Pairing {
  Codes noise_for(const Tensor& x1, const Tensor&, const Tensor& draws) const override {
    return {10 * x1 + expand_to(draws, x1), {}};
  }
};

struct Files {
  Folder folder;
  std::string data = folder / "data.h5", pairs = folder / "pairs.h5";
  Files() {
    write_images(data);
    const Run run = run_to(pairs);
    write_pairs(run, open_dataset(data), *pairings().make({{"type", "independent"}}, {.run = &run}),
                {.draws = 2, .flip = true});
  }
};

}  // namespace

TEST_CASE("Every coupling is a function of rows", "[flow]") {
  const Files files;
  const Run run = run_to(files.folder / "out.h5");
  const Tensor examples = open_dataset(files.data).examples(row_range(0, 9));
  for (const auto& name : couplings().names()) {
    INFO(name);
    const auto pi = couplings().make({{"type", name}}, {files.pairs, &run});
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
    // And every example turns up as often as any other.
    const Tensor often = same.to(at::kFloat).view({400, 2, 9}).sum(at::IntArrayRef({0, 1}));
    CHECK(distance(often, at::full({9}, 400.0 / 9)) <= 2);
  }
}

TEST_CASE("Every coupling draws onto the device of its run, and waits for nothing", "[flow]") {
  const Files files;
  for (const auto& device : devices()) {
    Run run = run_to(files.folder / "out.h5");
    run.device = device;
    const Tensor rows = row_range(0, 5, device);
    for (const auto& name : couplings().names()) {
      INFO(name << " on " << device);
      const auto pi = couplings().make({{"type", name}}, {files.pairs, &run});
      const auto [x0, x1, label] = pi->draw(rows);
      for (const Tensor& part : {x0, x1, label}) CHECK(part.device().type() == device.type());
      CHECK(host_reads([&] { pi->draw(rows); }).empty());
    }
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
    write_pairs(run_to(path), data, Telling(), options);
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

TEST_CASE("Encoding does not depend on the batch or on interruptions", "[flow]") {
  const Folder folder;
  write_images(folder / "data.h5");
  const Dataset data = open_dataset(folder / "data.h5");
  const auto hash_of = [&](const std::string& name, int64_t batch, int stops) {
    Run run = run_to(folder / name);
    run.stop = [&] { return stops-- > 0; };
    const EncodeOptions options{.draws = 2, .batch = batch, .storage = "f16"};
    const auto pairing = pairings().make({{"type", "independent"}}, {.run = &run});
    while (true) {
      try {
        write_pairs(run, data, *pairing, options);
        return read_label(run.output).content;
      } catch (const Unfinished&) {
      }
    }
  };
  const std::string whole = hash_of("a.h5", 256, 0);
  CHECK(hash_of("b.h5", 3, 0) == whole);
  CHECK(hash_of("c.h5", 4, 2) == whole);
}

TEST_CASE("Options of an encoding that cannot be are refused", "[flow]") {
  const Folder folder;
  write_images(folder / "data.h5");
  const Dataset data = open_dataset(folder / "data.h5");
  CHECK_THROWS_AS(pair_columns(data, {.draws = 0}), BadOption);
  CHECK_THROWS_AS(pair_columns(data, {.batch = 0}), BadOption);
  CHECK_THROWS_AS(pair_columns(data, {.storage = "f64"}), BadOption);
  const Run run = run_to(folder / "out.h5");
  CHECK_THROWS_AS(pairings().make({{"type", "teacher"}}, {.run = &run}), BadOption);
  CHECK_THROWS_AS(couplings().make({{"type", "stored"}}, {folder / "data.h5", &run}), Error);
}
