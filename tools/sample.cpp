// sample: make samples with any checkpoint: decode, integrate or jump.
#include "app/tool.h"
#include "eval/columns.h"
#include "flow/loading.h"
#include "flow/sampling.h"
using namespace couplet;

struct Options {
  SamplingOptions how;
  int64_t batch = 256;
  std::string label = "each";
  bool floats = false;
  ColumnOptions columns;
  void describe(auto&& option) {
    how.describe(option);
    option("batch", batch, "samples made at once");
    option("label", label, "the class asked for: a number, none, or each in turn");
    option("floats", floats, "keep numbers as they come, not rounded to the bytes of the data");
    columns.describe(option);
  }
};

int main(int argc, char** argv) {
  Tool tool({.name = "sample",
             .summary = "Make samples with a normalizing flow, a velocity field or a flow map.",
             .example = "sample map.h5 --rows 0-9999 -s steps=2 -o samples.h5"});
  const auto& path = tool.input("model", "a normalizing flow, a velocity field or a flow map");
  const auto& range = tool.flag("rows", std::string("0-99"), "rows of the seed's samples, 0-9999");
  const auto& noise = tool.flag("noise", std::string(),
                                "a file whose rows x0 (and label) are taken instead of the seed's");
  return tool.main<Options>(argc, argv, [&](const Options& options, Run& run) {
    const Checkpoint model =
        read_checkpoint(path, {"normalizing-flow", "velocity-field", "flow-map"});
    const SampleRows rows = parse_rows(range);
    require_option(options.batch > 0, "option 'batch' must be positive, found ", options.batch);
    const int64_t batches = (rows.end - rows.begin + options.batch - 1) / options.batch;
    const Generator generator =
        make_generator(model, options.how, run.device, batches, run.random.stream("diffusion"));
    const Requests requests(model.space, options.label, run.random.stream("x0"), noise, rows.end);
    check_labels(requests, rows, options.how, model);
    const auto columns = couplet::columns(options.columns, generator, requests, model);

    require_option(!options.floats || model.facts.at("storage") == "u8",
                   "option 'floats' has no effect: the data were no bytes");
    const bool as_bytes = model.facts.at("storage") == "u8" && !options.floats;
    const Scaling scaling = Scaling::from_json(model.facts);
    std::vector<Column> layout = {{"x", as_bytes ? at::kByte : at::kFloat, model.space.shape},
                                  {"label", at::kLong, {}},
                                  {"row", at::kLong, {}}};
    if (generator.evaluated) layout.push_back({"nfe", at::kFloat, {}});
    for (const auto& [name, column] : columns) layout.push_back({name, at::kFloat, column.shape});
    run.log->say("sampling from " + generator.protocol.dump());
    RowFile file(run, rows.end - rows.begin, layout);
    const json plan = sample_rows(generator, requests, rows, options.batch, scaling, as_bytes,
                                  columns, run, file);
    if (!run.leads()) return;

    json facts = generator.protocol;
    if (generator.evaluated) facts["nfe"] = mean_of(file.finished(), "nfe");
    if (!plan.is_null()) facts["decoding"] = plan;
    if (options.columns.path) facts["path_times"] = generator.path_times;
    if (!noise.empty()) facts["noise"] = hash_file(noise);
    facts.update(scaling.to_json());
    facts["shape"] = model.space.shape, facts["classes"] = model.space.classes;
    facts["storage"] = as_bytes ? "u8" : "f32", facts["data"] = model.facts.at("data");
    file.seal(run.label("samples", facts, {model.label}));
  });
}
