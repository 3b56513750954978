// nf-encode-couplings: write the pairs of noise and data that a coupling makes.
#include "app/tool.h"
#include "data/origin.h"
#include "eval/gaussianity.h"
#include "flow/encode.h"
#include "flow/generator.h"
#include "flow/verification.h"
using namespace couplet;

struct Options {
  Component coupling{pairings(), "teacher"};
  EncodeOptions pairs;
  void describe(auto&& option) {
    option("coupling", coupling, "what noise an example is paired with");
    pairs.describe(option);
  }
};

int main(int argc, char** argv) {
  Tool tool({.name = "nf-encode-couplings",
             .summary = "Write pairs of noise and data: a teacher's own, or independent ones.",
             .example = "nf-encode-couplings teacher.h5 -s draws=8 -o couplings.h5"});
  const auto& source =
      tool.input("source", "a normalizing flow, or a dataset for independent pairs");
  const auto& moved = tool.flag("data", std::string(), "the flow's dataset, where it has moved");
  const auto& verify = tool.flag("verify", int64_t{64}, "examples whose round trip is checked");
  return tool.main<Options>(argc, argv, [&](const Options& options, Run& run) {
    require_option(verify >= 0, "--verify must be 0 or more, found ", verify);
    const auto [model, data] = origin_of(source, moved);
    const auto columns = pair_columns(data, options.pairs);
    const Tensor some = row_range(0, std::min<int64_t>(data.train, 10000));
    const auto pairing = pairings().make(options.coupling,
                                         {.model = model ? &*model : nullptr,
                                          .x1 = data.examples(some, run.device),
                                          .label = data.labels.index_select(0, some).to(run.device),
                                          .run = &run});
    run.log->say("pairing: " + pairing->facts().dump());
    json verification;
    if (model && options.coupling.value["type"] == "teacher" && verify > 0) {
      verification = round_trips(*load_flow(*model, run.device), data, verify, run.device);
      run.log->say("decode(encode(x)) - x: " + verification.dump());
    }
    RowFile file(run, data.train, columns);
    encode_rows(*pairing, data, options.pairs, run, file);

    json facts = carried_on(data.label);
    facts.update(pairing->facts());
    facts["shape"] = data.space.shape, facts["classes"] = data.space.classes;
    facts["clock"] = "noise at 0";
    facts["gaussianity"] = gaussianity(file.read("x0").select(1, 0).flatten(1).to(at::kFloat),
                                       data.labels.narrow(0, 0, data.train), data.space.classes,
                                       run.random.stream("gaussianity"));
    run.log->say("x0 against N(0, I): " + brief(facts["gaussianity"]).dump());
    std::vector<Label> parents{data.label};
    if (model) parents.push_back(model->label);
    if (!verification.is_null()) facts["verification"] = verification;
    file.seal(run.label("couplings", facts, parents));
  });
}
