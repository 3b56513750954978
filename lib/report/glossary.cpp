#include "report/glossary.h"

#include <algorithm>

namespace couplet {

namespace {

const std::string distance = "Distance to the data", variety = "Fidelity and variety",
                  paths = "Paths and maps", likelihood = "Likelihood", other = "Other numbers";
// In whose features: "best" stands for the one that the record names.
const std::string best = "best";

const std::vector<Term>& terms() {
  static const std::vector<Term> all = {
      {"fid", "Fréchet inception distance (FID)", distance, -1, "inception"},
      {"fd", "Fréchet distance (FD)", distance, -1, "classifier"},
      {"kid", "Kernel inception distance (KID)", distance, -1, "inception"},
      {"kd", "Kernel distance", distance, -1, "classifier"},
      {"kl", "Kullback-Leibler divergence from the reference, nats", distance, -1},
      {"energy", "Energy distance", distance, -1},
      {"sliced_w2", "Sliced Wasserstein distance, squared", distance, -1},
      {"precision", "Precision", variety, 1, best},
      {"recall", "Recall", variety, 1, best},
      {"density", "Density", variety, 1, best},
      {"coverage", "Coverage", variety, 1, best},
      {"inception_score", "Inception score", variety, 1, "inception", false},
      {"label_agreement", "Share of samples with the label asked for", variety, 1, "classifier",
       false},
      {"nearest", "Distance to the nearest row of the reference", variety, 0, best},
      {"nearest_in_reference", "The same distance within the reference", variety, 0, best},
      {"endpoint_rmse", "Distance to where the reference takes the same noise (RMS of an example)",
       paths, -1},
      {"curvature", "Curvature of the paths", paths, -1, "", false},
      {"straightness", "Straightness S of the paths (0: straight)", paths, -1, "", false},
      {"pair_distance", "Distance to the teacher's pair (RMS of a number)", paths, -1, "", false},
      {"semigroup", "Semigroup error of the map (RMS of a number)", paths, -1, "", false},
      {"round_trip", "Error of the round trip (RMS of a number)", paths, -1, "", false},
      {"bits", "Bits per dimension", likelihood, -1},
      {"nats", "-log p, nats", likelihood, -1},
      {"nll", "-log p, nats per dimension", likelihood, -1},
      {"latent", "Mean square of the codes (1: as of N(0, I))", likelihood, 0},
  };
  return all;
}

size_t rank(const std::string& name) {
  const auto& all = terms();
  // Numbers in other features come after those of their kind.
  const std::string known = name.substr(0, name.find('_'));
  for (const std::string& n : {name, known}) {
    const auto at =
        std::find_if(all.begin(), all.end(), [&](const Term& t) { return t.name == n; });
    if (at != all.end()) return 2 * static_cast<size_t>(at - all.begin()) + (n == name ? 0 : 1);
  }
  return 2 * all.size();
}

}  // namespace

const std::vector<std::string>& groups() {
  static const std::vector<std::string> all = {distance, variety, paths, likelihood, other};
  return all;
}

Term term_of(const std::string& name) {
  for (const Term& term : terms()) {
    if (term.name == name) return term;
  }
  for (const auto& [prefix, title] : {std::pair{"fd_", "Fréchet distance (FD), "},
                                      {"kd_", "Kernel distance, "},
                                      {"score_", "Score of the classes, "}}) {
    if (!name.starts_with(prefix)) continue;
    const std::string extractor = name.substr(std::string(prefix).size());
    const bool score = std::string(prefix) == "score_";
    return {name, title + extractor, score ? variety : distance, score ? 1 : -1, extractor, !score};
  }
  return {name, name, other};
}

void sort_terms(std::vector<std::string>& names) {
  std::stable_sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return std::pair(rank(a), a) < std::pair(rank(b), b);
  });
}

}  // namespace couplet
