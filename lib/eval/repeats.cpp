#include "eval/repeats.h"

#include <ATen/ATen.h>

#include <set>

#include "base/error.h"

namespace couplet {

json over_repeats(const std::vector<json>& measured) {
  require_option(measured.size() > 1, "--repeats needs two files of samples or more, found ",
                 measured.size());
  const auto how = [](const json& one) {
    json sampling = one.value("sampling", json::object());
    // "nfe" of an adaptive solver and "decoding" of a trial are of one run
    for (const char* own : {"path", "content", "seed", "noise", "nfe", "decoding"})
      sampling.erase(own);
    return sampling;
  };
  const json& first = measured[0];
  std::set<std::string> seen;
  json out = {{"repeats", measured.size()}, {"samples", json::array()}};
  for (const json& one : measured) {
    require(how(one) == how(first), one.value("samples", ""), ": made in another way than ",
            first.value("samples", ""), ": no repetition of it (", how(one).dump(), " against ",
            how(first).dump(), ")");
    require(one.value("rows", json()) == first.value("rows", json()), one.value("samples", ""),
            ": of ", one.value("rows", json()).dump(), " rows, ", first.value("samples", ""),
            " of ", first.value("rows", json()).dump(), ": measures depend on their number");
    const std::string content = one.value("sampling", json::object()).value("content", "");
    require(content.empty() || seen.insert(content).second, one.value("samples", ""),
            ": the same samples twice are no repetition");
    out["samples"].push_back(one.value("samples", ""));
  }
  for (const auto& [name, value] : first.items()) {
    std::vector<double> numbers;
    for (const json& one : measured) {
      if (one.contains(name) && one[name].is_number()) numbers.push_back(one[name]);
    }
    if (numbers.size() < measured.size()) continue;
    const Tensor all = at::tensor(numbers, at::kDouble);
    out[name] = {{"mean", all.mean().item<double>()},
                 {"deviation", all.std().item<double>()},
                 {"lowest", all.min().item<double>()},
                 {"highest", all.max().item<double>()}};
  }
  out["sampling"] = how(first), out["protocol"] = first.value("protocol", json());
  return out;
}

}  // namespace couplet
