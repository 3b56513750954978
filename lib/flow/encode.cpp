#include "flow/encode.h"

#include <ATen/ATen.h>

#include <charconv>

#include "base/error.h"

namespace couplet {

namespace {

at::ScalarType type_of(const std::string& storage) {
  return storage == "f32" ? at::kFloat : storage == "bf16" ? at::kBFloat16 : at::kHalf;
}

}  // namespace

void check(const EncodeOptions& options) {
  const auto& [draws, batch, flip, storage] = options;
  require_option(draws > 0, "option 'draws' must be positive, found ", draws);
  require_option(batch > 0, "option 'batch' must be positive, found ", batch);
  require_option(storage == "f32" || storage == "bf16" || storage == "f16",
                 "option 'storage' must be f32, bf16 or f16, found ", storage);
}

Shard read_shard(const std::string& given) {
  if (given.empty()) return {};
  Shard shard;
  const char* end = given.data() + given.size();
  const auto [slash, bad] = std::from_chars(given.data(), end, shard.number);
  const bool parted = bad == std::errc() && slash != end && *slash == '/';
  const bool whole = parted && std::from_chars(slash + 1, end, shard.of).ptr == end;
  require_option(whole && shard.number >= 0 && shard.number < shard.of,
                 "--shard wants i/n with 0 <= i < n, as 0/4, found '", given, "'");
  return shard;
}

PairLayout layout_of(const Pairing& pairing, int64_t examples, const EncodeOptions& options,
                     const Shard& shard) {
  PairLayout layout;
  layout.K = pairing.keeps_examples() ? options.draws : 1;
  layout.rows = pairing.keeps_examples() ? examples : examples * options.draws;
  require_option(shard.of <= layout.rows, "--shard: ", shard.of, " shards of ", layout.rows,
                 " rows leave some empty");
  layout.begin = layout.rows * shard.number / shard.of;
  layout.end = layout.rows * (shard.number + 1) / shard.of;
  return layout;
}

json about(const Shard& shard, const PairLayout& layout, const Run& run) {
  return {{"number", shard.number}, {"of", shard.of},      {"begin", layout.begin},
          {"end", layout.end},      {"rows", layout.rows}, {"seed", run.seed}};
}

std::vector<Column> pair_columns(const Batches& batches, const EncodeOptions& options,
                                 const PairLayout& layout) {
  const auto& shape = batches.space().shape;
  const int64_t K = layout.K;
  std::vector<Column> columns = {{"x1", batches.stored().scalar_type(), shape},
                                 {"label", at::kLong, {}},
                                 {"source", at::kLong, {}},
                                 {"x0", type_of(options.storage), batch_of(K, shape)},
                                 {"log_p", at::kFloat, {K}},
                                 {"norm2", at::kFloat, {K}}};
  if (options.flip) columns.push_back({"flip", at::kByte, {K}});
  return columns;
}

json pair_facts(const Dataset& data, const Pairing& pairing) {
  json facts = carried_on(data.label);
  facts.update(pairing.facts());
  facts["shape"] = data.space.shape, facts["classes"] = data.space.classes;
  facts["clock"] = "noise at 0";
  return facts;
}

void encode_rows(const Pairing& pairing, const Batches& batches, const EncodeOptions& options,
                 const PairLayout& layout, const Run& run, RowFile& file) {
  const at::NoGradGuard no_grad;
  const int64_t K = layout.K, at_once = std::max<int64_t>(1, options.batch / K);
  double error = 0;
  const auto make = [&](int64_t begin, int64_t end) {
    const int64_t first = (layout.begin + begin) * K;
    const NewPairs pairs = pairing.make(row_range(first, first + (end - begin) * K, run.device));
    const Tensor norm2 = pairs.x0.flatten(1).square().sum(1);
    const Tensor log_p = pairs.log_p.defined() ? pairs.log_p : at::full_like(norm2, NAN);

    const auto by_row = [&](const Tensor& t) { return t.unflatten(0, {end - begin, K}); };
    const Tensor source = by_row(pairs.example).select(1, 0);
    Tensors columns = {{"x1", batches.stored().index_select(0, source)},
                       {"label", by_row(pairs.label).select(1, 0)},
                       {"source", source},
                       {"x0", by_row(pairs.x0)},
                       {"log_p", by_row(log_p)},
                       {"norm2", by_row(norm2)}};
    if (options.flip) columns["flip"] = by_row(pairs.flip);
    file.put(begin, columns);
    error = std::max(error, pairs.error);
    h5::release_pages(batches.stored());
  };
  // What is matched together is one process's work.
  const int64_t group = pairing.together(), each = (at_once + group - 1) / group * group;
  while (file.done() < file.rows()) {
    const Turn turn = file.next(each, layout.begin);
    for (int64_t begin = turn.begin; begin < turn.end; begin += at_once) {
      make(begin, std::min(turn.end, begin + at_once));
    }
    const double before = file.note().is_number() ? file.note().get<double>() : 0;
    file.advance(turn.all, largest(*run.group, std::max(before, error)));
    run.log->progress("pairing", file.done() * K, file.rows() * K);
    if (run.stop() && file.done() < file.rows()) file.pause();
  }
}

}  // namespace couplet
