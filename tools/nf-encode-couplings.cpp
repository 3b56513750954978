// nf-encode-couplings: write the pairs of noise and data that a coupling makes.
#include "app/tool.h"
#include "eval/gaussianity.h"
#include "eval/pairs.h"
#include "flow/encode.h"
#include "flow/loading.h"
#include "flow/pool.h"
#include "flow/verification.h"
using namespace couplet;

struct Options {
  Component coupling{pairings(), "teacher"};
  EncodeOptions pairs;
  double ema = 0;
  void describe(auto&& option) {
    option("coupling", coupling, "what noise is paired with what data");
    pairs.describe(option);
    option("ema", ema, "decay of the average to take, of a flow with several; 0: the first");
  }
};

int main(int argc, char** argv) {
  Tool tool({.name = "nf-encode-couplings",
             .summary =
                 "Write pairs of noise and data: a teacher's own, independent ones, those of "
                 "optimal transport, or a student's.",
             .example = "nf-encode-couplings teacher.h5 -s draws=8 -o couplings.h5"});
  const auto& source =
      tool.input("source",
                 "a normalizing flow; a velocity field for 'pushed', a map for 'jumped'; a dataset "
                 "for those that need none; pairs of semidiscrete-ot for more by their potentials");
  const auto& moved =
      tool.flag("data", std::string(),
                "the source's dataset, where it has moved; for 'pushed', a pool to go on from");
  const auto& verify = tool.flag("verify", int64_t{64}, "examples whose round trip is checked");
  const auto& part =
      tool.flag("shard", std::string(),
                "i/n: only part i of n of the rows; couplet-convert merge joins them");
  return tool.main<Options>(argc, argv, [&](const Options& options, Run& run) {
    require_option(verify >= 0, "--verify must be 0 or more, found ", verify);
    check(options.pairs);
    const bool codes = options.coupling.value["type"] == "teacher";
    require_option(codes || verify == 64, "--verify has no effect: these pairs are not encoded");
    const Shard shard = read_shard(part);
    auto [data, model, earlier] = origin_of_pairs(source, moved);
    require_option(options.ema == 0 || model, "option 'ema' has no effect without a flow");
    if (options.ema != 0) model = with_average(std::move(*model), options.ema);
    require_option(
        !earlier || options.coupling.value["type"] == "semidiscrete-ot", source,
        ": the potentials of pairs are of use to coupling=semidiscrete-ot alone; give the "
        "dataset or the flow that it was made from");
    const Batches batches(data, run, options.pairs.flip, options.pairs.draws);
    const auto pairing = pairings().make(
        options.coupling,
        {batches, data, &run, model ? &*model : nullptr, earlier ? &*earlier : nullptr});
    const PairLayout layout = layout_of(*pairing, data.train, options.pairs, shard);
    if (const json told = pairing->facts(); !told.empty()) run.log->say("pairing: " + told.dump());

    json facts = pair_facts(data, *pairing);
    if (options.ema != 0) facts["ema"] = options.ema;
    if (model && codes && verify > 0 && run.leads()) {
      facts["verification"] = round_trips(*load_flow(*model, run.device), data, verify, run.device);
      run.log->say("decode(encode(x)) - x: " + facts["verification"].dump());
    }
    RowFile file(run, layout.end - layout.begin, pair_columns(batches, options.pairs, layout),
                 pairing->tables());
    encode_rows(*pairing, batches, options.pairs, layout, run, file);
    if (!run.leads()) return;

    facts["marginal_error"] = file.note();
    facts = assessed(file.finished(), facts, data.train);
    run.log->say("x0 against N(0, I): " + brief(facts["gaussianity"]).dump());
    run.log->say("the pairs: " + facts["quality"].dump());
    if (shard.of > 1) facts["shard"] = about(shard, layout, run);
    std::vector<Label> parents{data.label};
    if (model) parents.push_back(model->label);
    if (earlier) parents.push_back(earlier->label);
    file.seal(run.label("couplings", facts, parents));
  });
}
