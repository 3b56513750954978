#include "eval/measure.h"

#include <filesystem>

#include "base/error.h"
#include "data/dataset.h"
#include "eval/repeats.h"
#include "eval/statistics.h"
#include "formats/npz.h"
#include "io/checkpoint.h"
#include "nn/classifier.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

const Space space{{1, 8, 8}, 3};

/// A folder that goes when the test does.
struct Folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / "couplet-metric-test";
  Folder() {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }

  Run run(const std::string& name) const {
    Run run;
    run.output = path / name;
    run.provenance = false;
    std::filesystem::create_directories(run.partial(""));
    return run;
  }
  /// 200 rows, half of them train, drawn with a mean.
  std::string dataset(const std::string& name, double mean) const {
    const Tensor x = Random(4).normal(row_range(0, 200), space.shape) * 0.3 + mean;
    DatasetContents contents;
    contents.scaling = {{2.0 / 255}, {-1}};
    contents.x = contents.scaling.to_bytes(x);
    contents.labels = at::arange(200, at::kLong) % space.classes;
    contents.classes = space.classes, contents.train = 100;
    write_dataset(run(name), contents);
    return path / name;
  }
  std::string samples(const std::string& name, const Tensor& x, const Tensor& label) const {
    const Run run = this->run(name);
    const json facts = {{"shape", space.shape}, {"classes", space.classes}, {"scale", 1.0},
                        {"shift", 0.0},         {"model", "flow-map"},      {"nfe", 2}};
    write_artifact(run.output, run.label("samples", facts, {}), [&](h5::File& file) {
      file.write("x", x);
      file.write("label", label);
      file.write("row", row_range(0, x.size(0)));
      file.write("curvature", at::full({x.size(0)}, 0.25));
    });
    return run.output;
  }
  std::string classifier(const std::string& name) const {
    const auto net = make_classifier({{"width", 8}}, space);
    Checkpoint model;
    model.kind = "classifier", model.space = space;
    model.blocks.push_back({{{"width", 8}}, named_tensors(*net), {}});
    write_checkpoint(run(name), model, {});
    return path / name;
  }
};

Extractors extractors_of(const std::string& classifier) {
  return couplet::extractors_of(classifier, {}, c10::kCPU);
}

}  // namespace

TEST_CASE("Equal sets measure zero, other sets do not, whatever the batch", "[eval]") {
  const Folder folder;
  const std::string data = folder.dataset("data.h5", 0), other = folder.dataset("other.h5", 0.2);
  const Extractors by = extractors_of(folder.classifier("c.h5"));
  const auto read = [&](const std::string& path, const std::string& split, int64_t batch) {
    return summarise(path, by, {.split = split, .batch = batch}, Run());
  };
  const Summary reference = read(data, "train", 64);
  const json same = measure(read(data, "train", 64), reference);
  INFO(same.dump(1));
  CHECK(std::abs(same["fd"].get<double>()) < 1e-6);  // 100 rows of 128 features: singular
  CHECK(std::abs(same["fd_pixels"].get<double>()) < 1e-9);
  CHECK(same["energy"].get<double>() < 1e-6);  // the V-statistic is 0, this one is below
  CHECK(same["rows"] == 100);
  CHECK(same["model"] == "dataset");
  CHECK(same["sampling"]["split"] == "train");
  CHECK(same["protocol"]["reference"]["content"].get<std::string>().size() == 32);
  CHECK(same["protocol"]["features"]["classifier"].contains("content"));

  const json far = measure(read(other, "train", 64), reference);
  CHECK(far["fd_pixels"].get<double>() == Approx(0.04 * 64).epsilon(0.05));
  CHECK(far["energy"].get<double>() > 0.1);
  // More rows than features, or the root of a singular matrix magnifies rounding.
  const Summary all = read(data, "all", 64);
  const json whole = measure(read(other, "all", 64), all);
  for (const int64_t batch : {1, 7}) {
    const json again = measure(read(other, "all", batch), all);
    for (const char* name : {"fd", "fd_pixels"}) {
      CHECK(again[name].get<double>() == Approx(whole[name].get<double>()).epsilon(1e-9));
    }
    CHECK(again["label_agreement"] == whole["label_agreement"]);
  }
}

TEST_CASE("Samples are measured with their labels and columns, rows that are not finite left out",
          "[eval]") {
  const Folder folder;
  const std::string data = folder.dataset("data.h5", 0);
  const Extractors by = extractors_of(folder.classifier("c.h5"));
  const Summary reference = summarise(data, by, {}, Run());
  Tensor x = Random(9).normal(row_range(0, 50), space.shape);
  const Tensor predicted = (*by.at("classifier"))(x).logits.argmax(1);
  Tensor label = predicted.clone();
  label.slice(0, 10, 20) = -1;                                    // nothing asked for
  label.slice(0, 20, 30) = (predicted.slice(0, 20, 30) + 1) % 3;  // asked for, not met
  x[3][0][0][0] = INFINITY;
  const json found = measure(summarise(folder.samples("s.h5", x, label), by,
                                       {.batch = 16, .allow_non_finite = true}, Run()),
                             reference);
  INFO(found.dump(1));
  CHECK(found["non_finite"] == 1);
  CHECK(found["rows"] == 50);
  CHECK(found["label_agreement"].get<double>() == Approx(29.0 / 39));
  CHECK(found["curvature"].get<double>() == Approx(0.25));
  CHECK(found["nfe"] == 2);
  CHECK(found["model"] == "flow-map");
  CHECK(found["fd"].is_number());

  CHECK_THROWS_WITH(summarise(folder.samples("s.h5", x, label), by, {}, Run()),
                    contains("1 of 50 rows hold numbers that are not finite"));
  x.fill_(NAN);
  const auto read = [&](const Tensor& rows) {
    return summarise(folder.samples("n.h5", rows, label.narrow(0, 0, rows.size(0))), by,
                     {.allow_non_finite = true}, Run());
  };
  CHECK_THROWS_WITH(read(x), contains("n.h5: 0 rows of finite numbers of 50, a measure needs two"));
  x.fill_(0.5);
  CHECK_THROWS_WITH(read(x.narrow(0, 0, 1)), contains("1 rows of finite numbers of 1"));
  // Fewer rows than dimensions, and rows that are all alike: a number all the same.
  CHECK(measure(read(x.narrow(0, 0, 2)), reference)["fd_pixels"].get<double>() > 0);
}

TEST_CASE("Pixels of large images are measured alone, those of huge ones not", "[eval]") {
  const Folder folder;
  const auto images = [&](int64_t side) {
    const std::string path = folder.path / text(side, ".npz");
    write_npz(path, {{"arr_0", at::randint(256, {4, side, side, 3}, at::kByte)}});
    return path;
  };
  const auto pixels = extractors_of("").at("pixels");
  const std::string large = images(20);
  CHECK(summarise(large, {{"pixels", pixels}}, {}, Run()).moments.contains("pixels"));
  const Summary both = summarise(large, {{"pixels", pixels}, {"torchscript", pixels}}, {}, Run());
  CHECK(both.moments.contains("torchscript"));
  CHECK_FALSE(both.moments.contains("pixels"));
  CHECK(both.x.size(0) == 4);
  CHECK_THROWS_WITH(summarise(images(80), {{"pixels", pixels}}, {}, Run()),
                    contains("19200 numbers an example are too many"));
}

TEST_CASE("Metrics are measured where they are named and apply", "[eval]") {
  const Folder folder;
  const std::string data = folder.dataset("data.h5", 0), other = folder.dataset("other.h5", 0.2);
  const Extractors by = extractors_of(folder.classifier("c.h5"));
  const auto read = [&](const std::string& path, const std::string& split) {
    return summarise(path, by, {.split = split, .keep_rows = true}, Run());
  };
  const Summary train = read(data, "train"), test = read(data, "test"), far = read(other, "test");
  const MeasureOptions all{.metrics = {"all"}, .bootstrap = 40};
  CHECK(reads_rows(all));
  const json near = measure(test, train, all), away = measure(far, train, all);
  INFO(near.dump(1) << away.dump(1));
  CHECK(std::abs(near["kd_pixels"].get<double>()) < 0.1 * away["kd_pixels"].get<double>());
  CHECK_FALSE(near.contains("kd_deviation"));  // of 100 rows every subset is the whole
  CHECK(near["sliced_w2"].get<double>() < 0.2 * away["sliced_w2"].get<double>());
  CHECK(away["sliced_w2"].get<double>() == Approx(0.04).epsilon(0.5));
  for (const char* name : {"precision", "recall", "density", "coverage", "score_classifier", "kd",
                           "nearest_in_reference"}) {
    CHECK(near.at(name).is_number());
  }
  CHECK(near["manifold_of"] == "classifier");
  CHECK(near["nearest"].get<double>() ==
        Approx(near["nearest_in_reference"].get<double>()).epsilon(0.2));
  CHECK(measure(train, train, all)["nearest"].get<double>() < 1e-4);
  const json interval = away["fd_pixels_interval"];
  CHECK(interval[0].get<double>() < away["fd_pixels"].get<double>());
  CHECK(interval[1].get<double>() - interval[0].get<double>() <
        0.5 * away["fd_pixels"].get<double>());

  CHECK(near["protocol"]["options"]["neighbours"] == MeasureOptions().neighbours);

  // A score does not hang on the order of the rows: three classes, each the next third.
  Summary sorted = test;
  sorted.logits["classifier"] = at::eye(3).repeat_interleave(200, 0) * 100;
  const json score = measure(sorted, train, {.metrics = {"inception_score"}});
  CHECK(score["score_classifier"].get<double>() == Approx(3).epsilon(0.05));

  const json one = measure(test, train, {.metrics = {"kid"}, .kid_subsets = 0});
  CHECK(one.contains("kd"));
  CHECK_FALSE(one.contains("fd"));
  CHECK(one["protocol"]["metrics"] == json{"kid"});
  CHECK_THROWS_WITH(measure(test, train, {.metrics = {"kl"}}),
                    contains("needs points of the plane"));
  CHECK_FALSE(reads_rows({}));
  CHECK_FALSE(reads_rows({.metrics = {"fd", "energy"}}));
  CHECK_THROWS_WITH(check(MeasureOptions{.metrics = {"kidd"}}), contains("did you mean 'kid'"));
  CHECK_THROWS_WITH(check(MeasureOptions{.kid_size = 10}), contains("without the metric 'kid'"));
  CHECK_THROWS_WITH(check(MeasureOptions{.metrics = {"precision"}, .neighbours = 0}),
                    contains("positive"));
}

TEST_CASE("Where the same noise ends, and how points of the plane lie in cells", "[eval]") {
  const Folder folder;
  const auto points = [&](const std::string& name, uint64_t seed, const Tensor& x, int64_t first) {
    Run run = folder.run(name);
    run.provenance = true, run.seed = seed;
    const json facts = {{"shape", {2}}, {"classes", 0}, {"scale", 1.0}, {"shift", 0.0}};
    write_artifact(run.output, run.label("samples", facts, {}), [&](h5::File& file) {
      file.write("x", x);
      file.write("label", at::full({x.size(0)}, -1, at::kLong));
      file.write("row", row_range(first, first + x.size(0)));
    });
    return summarise(run.output, {}, {.batch = 300, .energy_rows = 100}, Run());
  };
  const Tensor x = Random(3).uniform(row_range(0, 1000), {2}) * 2;
  const Summary here = points("here.h5", 1, x, 0);
  const json moved = measure(points("moved.h5", 1, x + at::tensor({0.3f, 0.4f}), 0), here);
  CHECK(moved["endpoint_rmse"].get<double>() == Approx(0.5));
  CHECK_FALSE(measure(points("seed.h5", 2, x, 0), here).contains("endpoint_rmse"));
  CHECK_FALSE(measure(points("rows.h5", 1, x, 1), here).contains("endpoint_rmse"));

  CHECK(here.histogram.sum().item<int64_t>() == 1000);
  CHECK(counts_by_cell(at::tensor({-3.0f, 2.99f}).view({1, 2}))[0][31].item<int64_t>() == 1);
  CHECK(counts_by_cell(at::tensor({3.0f, 0.0f}).view({1, 2})).sum().item<int64_t>() == 0);
  // Half of the points in one cell, half in another, and all in the first: log 2, but for the half
  // points that all cells are given.
  const Tensor first = at::full({4000, 2}, 0.1f), second = at::full({4000, 2}, 1.1f);
  const Summary both = points("both.h5", 1, at::cat({first, second}), 0);
  const double all = 8000 + 512, p = 0.5;
  const auto kl = [&](double in_first, double in_second) {
    return p * std::log(p * all / (in_first + 0.5)) + p * std::log(p * all / (in_second + 0.5));
  };
  const Summary one = points("one.h5", 1, at::cat({first, first}), 0);
  CHECK(measure(one, both)["kl"].get<double>() == Approx(kl(8000, 0)));
  CHECK(measure(both, both)["kl"].get<double>() == Approx(kl(4000, 4000)));
  const Summary half = points("half.h5", 1, at::cat({first, first + 5}), 0);
  CHECK(measure(half, one)["kl"].get<double>() == Approx(std::log((8000.0 + 512) / (4000 + 0.5))));
  const Summary outside = points("outside.h5", 1, first + 5, 0);
  CHECK_FALSE(measure(both, outside).contains("kl"));
}

TEST_CASE("Statistics stand for the reference they were made of", "[eval]") {
  const Folder folder;
  const std::string data = folder.dataset("data.h5", 0), other = folder.dataset("other.h5", 0.2);
  const Extractors by = extractors_of(folder.classifier("c.h5"));
  const Summary reference = summarise(data, by, {}, Run()),
                samples = summarise(other, by, {}, Run());
  const Run run = folder.run("statistics.h5");
  write_statistics(run, reference, {});
  const Summary read = summarise(run.output, by, {}, Run());
  const json direct = measure(samples, reference), through = measure(samples, read);
  CHECK(through["fd"].get<double>() == Approx(direct["fd"].get<double>()).epsilon(1e-9));
  CHECK(through["fd_pixels"].get<double>() ==
        Approx(direct["fd_pixels"].get<double>()).epsilon(1e-9));
  CHECK_FALSE(through.contains("energy"));
  CHECK(through["protocol"]["reference"]["rows"] == 100);

  const Extractors another = extractors_of(folder.classifier("d.h5"));
  CHECK_THROWS_AS(measure(summarise(other, another, {}, Run()), read), Error);
}

TEST_CASE("Statistics of shards are joined into those of the whole", "[eval]") {
  const Folder folder;
  const Extractors by = extractors_of(folder.classifier("c.h5"));
  const std::string data = folder.dataset("data.h5", 0);
  const Tensor x = Random(8).normal(row_range(0, 300), space.shape) * 0.3 + 0.1;
  const auto statistics_of = [&](const char* name, int64_t begin, int64_t end) {
    const Tensor label = at::zeros({end - begin}, at::kLong);
    const auto samples = folder.samples(text(name, "-x.h5"), x.slice(0, begin, end), label);
    write_statistics(folder.run(text(name, ".h5")), summarise(samples, by, {}, Run()), {});
    return (folder.path / text(name, ".h5")).string();
  };
  const std::string whole = statistics_of("whole", 0, 300);
  const std::vector<std::string> parts = {statistics_of("a", 0, 20), statistics_of("b", 20, 283),
                                          statistics_of("c", 283, 300)};
  merge_statistics(parts, folder.run("joined.h5"));
  const Summary reference = summarise(data, by, {.split = "all"}, Run());
  const Summary one = summarise(whole, by, {}, Run());
  const Summary joined = summarise(folder.path / "joined.h5", by, {}, Run());
  for (const char* name : {"classifier", "pixels"}) {
    const Moments &a = one.moments.at(name), &b = joined.moments.at(name);
    CHECK(distance(a.mean(), b.mean()) < 1e-12);
    CHECK(distance(a.covariance(), b.covariance()) < 1e-12);
  }
  CHECK(measure(joined, reference)["fd_pixels"].get<double>() ==
        Approx(measure(one, reference)["fd_pixels"].get<double>()).epsilon(1e-9));
  CHECK(joined.rows == 300);

  CHECK_THROWS_WITH(merge_statistics({parts[0], parts[0]}, folder.run("z.h5")),
                    contains("is there twice"));
  const Extractors another = extractors_of(folder.classifier("d.h5"));
  write_statistics(folder.run("other.h5"), summarise(data, another, {}, Run()), {});
  CHECK_THROWS_WITH(merge_statistics({parts[0], folder.path / "other.h5"}, folder.run("z.h5")),
                    contains("are not made as those of"));
  CHECK_THROWS_AS(merge_statistics({parts[0], data}, folder.run("z.h5")), Error);
}

TEST_CASE("Images and moments of other programs are measured, and moments written for them",
          "[eval]") {
  const Folder folder;
  const std::string data = folder.dataset("data.h5", 0), other = folder.dataset("other.h5", 0.2);
  const Extractors by = extractors_of(folder.classifier("c.h5"));
  const auto read = [&](const std::string& path, const std::string& split = "train") {
    return summarise(path, by, {.split = split}, Run());
  };
  // The same bytes as ADM writes them: (N, H, W, C).
  const Dataset opened = open_dataset(data);
  const std::string npz = folder.path / "adm.npz";
  write_npz(npz, {{"arr_0", opened.x.slice(0, 0, 100).permute({0, 2, 3, 1}).contiguous()},
                  {"arr_1", opened.labels.slice(0, 0, 100)}});
  const json same = measure(read(npz), read(data));
  CHECK(std::abs(same["fd_pixels"].get<double>()) < 1e-9);
  CHECK(same["label_agreement"] == measure(read(data), read(data))["label_agreement"]);
  CHECK(same["sampling"]["kind"] == "foreign");

  const Run run = folder.run("moments.npz");
  write_statistics(run, read(data), {});
  const Tensors moments = read_npz(run.output);
  CHECK(distance(moments.at("mu"), read(data).moments.at("classifier").mean()) == 0);
  CHECK(holds_statistics(run.output));
  CHECK_FALSE(holds_statistics(npz));
  const json direct = measure(read(other), read(data)),
             through = measure(read(other), read(run.output));
  CHECK(through["fd"].get<double>() == Approx(direct["fd"].get<double>()).epsilon(1e-6));
  CHECK_FALSE(through.contains("fd_pixels"));

  write_npz(folder.path / "wrong.npz", {{"mu", at::zeros({3})}, {"sigma", at::zeros({4, 4})}});
  CHECK_THROWS_WITH(read(folder.path / "wrong.npz"), contains("does not go with a covariance"));
  write_npz(folder.path / "none.npz", {{"images", at::zeros({3, 4})}});
  CHECK_THROWS_WITH(read(folder.path / "none.npz"),
                    contains("no array 'x' or 'arr_0' (there are: images)"));
}

TEST_CASE("Repetitions are one result, where they are repetitions", "[eval]") {
  const auto one = [](const char* path, double fd, int64_t steps) {
    return json{{"samples", path},
                {"fd", fd},
                {"sampling", {{"path", path}, {"seed", path}, {"steps", steps}}},
                {"protocol", {{"version", 1}}}};
  };
  json third = one("c.h5", 6, 2);
  third["kid"] = 0.1;  // not of all
  const json found = over_repeats({one("a.h5", 2, 2), one("b.h5", 4, 2), third});
  CHECK(found["repeats"] == 3);
  CHECK(found["samples"] == json{"a.h5", "b.h5", "c.h5"});
  CHECK(found["fd"] == json{{"mean", 4.0}, {"deviation", 2.0}, {"lowest", 2.0}, {"highest", 6.0}});
  CHECK_FALSE(found.contains("kid"));
  CHECK(found["sampling"] == json{{"steps", 2}});
  CHECK_THROWS_WITH(over_repeats({one("a.h5", 2, 2), one("b.h5", 4, 3)}),
                    contains("b.h5: made in another way than a.h5"));
  CHECK_THROWS_AS(over_repeats({one("a.h5", 2, 2)}), BadOption);
}

TEST_CASE("Rows are spaced evenly", "[eval]") {
  const Tensor x = at::arange(10);
  CHECK(at::equal(spaced_rows(x, 4), at::tensor({0, 2, 5, 7}, at::kLong)));
  CHECK(spaced_rows(x, 0).size(0) == 10);
  CHECK(spaced_rows(x, 20).size(0) == 10);
}

TEST_CASE("Measures refuse what does not go together", "[eval]") {
  const Folder folder;
  const std::string data = folder.dataset("data.h5", 0);
  const Extractors pixels = extractors_of("");
  const Summary reference = summarise(data, pixels, {}, Run());
  Summary other = reference;
  other.shape = {64};
  CHECK_THROWS_AS(measure(other, reference), Error);
  CHECK_THROWS_AS(
      measure(summarise(data, extractors_of(folder.classifier("c.h5")), {}, Run()), reference),
      Error);
  CHECK_THROWS_AS(summarise(folder.classifier("c.h5"), pixels, {}, Run()), Error);
  CHECK_THROWS_AS(extractors_of(data), Error);
}
