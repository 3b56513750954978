#include "flow/time_grid.h"

#include <algorithm>
#include <cmath>

#include "base/named.h"

namespace couplet {

namespace {

constexpr double sigma_max = 80, sigma_min = 0.002;  // EDM's

// N - 1 steps from sigma_max to sigma_min, and one to 0. The noise at t = 0 stands for sigma_max's.
double edm_time(int64_t i, int64_t steps, double rho) {
  if (i == 0) return 0;
  if (i == steps) return 1;
  const double u = static_cast<double>(i) / static_cast<double>(steps - 1);
  const double from = std::pow(sigma_max, 1 / rho), to = std::pow(sigma_min, 1 / rho);
  return 1 / (1 + std::pow(from + u * (to - from), rho));
}

}  // namespace

std::vector<double> backwards(const std::vector<double>& times) {
  return {times.rbegin(), times.rend()};
}

std::vector<double> time_grid(const std::string& name, int64_t steps, double rho) {
  const std::vector<std::string> names = {"uniform", "quadratic", "edm"};
  if (std::find(names.begin(), names.end(), name) == names.end()) unknown("grid", name, names);
  require_option(steps > 0, "steps must be positive, found ", steps);
  require_option(rho > 0, "option 'rho' must be positive, found ", rho);
  std::vector<double> times;
  for (int64_t i = 0; i <= steps; ++i) {
    const double u = static_cast<double>(i) / static_cast<double>(steps);
    times.push_back(name == "uniform"     ? u
                    : name == "quadratic" ? 1 - (1 - u) * (1 - u)
                                          : edm_time(i, steps, rho));
  }
  return times;
}

std::vector<double> chosen_times(const GridOptions& options, int64_t steps) {
  const auto& [grid, rho, times, given] = options;
  if (times.empty()) {
    require_option(rho == 0 || grid == "edm", "option 'rho' has no effect on other grids than edm");
    return time_grid(grid.empty() ? "uniform" : grid, given == 0 ? steps : given,
                     rho == 0 ? 7 : rho);
  }
  GridOptions others = options;
  others.times.clear();
  refuse_changed(others, "times that are listed");
  bool rising = times.size() > 1 && times.front() == 0 && times.back() == 1;
  for (size_t k = 1; k < times.size(); ++k) rising = rising && times[k - 1] < times[k];
  const bool falling = times.front() > times.back();
  require_option(
      rising, "option 'times' must rise from 0 to 1, found ", json(times).dump(),
      falling ? "; nf-encode-couplings goes back over such times (-s coupling=jumped)" : "");
  return times;
}

}  // namespace couplet
