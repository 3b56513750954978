// Times at which a path from noise to data is stepped.
#pragma once
#include "base/options.h"

namespace couplet {

/// The same times, falling.
std::vector<double> backwards(const std::vector<double>& times);

/// N + 1 times from 0 to 1: "uniform" i/N; "quadratic" 1 - (1 - i/N)^2; "edm": 1 / (1 + sigma_i),
/// where sigma = (1 - t)/t falls from 80 to 0.002 with even steps of sigma^(1/rho), first infinite
/// and last 0 (EDM, 2206.00364, eq. 5). Errors: BadOption.
std::vector<double> time_grid(const std::string& name, int64_t steps, double rho = 7);

struct GridOptions {
  std::string grid;
  double rho = 0;
  std::vector<double> times;
  int64_t steps = 0;
  void describe(auto&& option) {
    option("grid", grid, "of a field or map: times uniform, quadratic or edm (default uniform)");
    option("rho", rho, "of the grid edm: 7 if 0");
    option("times", times, "in place of a grid: times from 0 to 1, as [0, 0.3, 1]");
    option("steps", steps,
           "steps of a field (default 32; euler-maruyama 250), jumps of a map (default 1); of a "
           "chain in each block");
  }
};

/// The times that the options list, or a grid, of so many steps where they name none. Errors:
/// BadOption, for options without effect too.
std::vector<double> chosen_times(const GridOptions& options, int64_t steps);

}  // namespace couplet
