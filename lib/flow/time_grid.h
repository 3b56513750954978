// Times at which a path from noise to data is stepped.
#pragma once
#include <string>
#include <vector>

namespace couplet {

/// N + 1 times from 0 to 1: "uniform" i/N; "quadratic" 1 - (1 - i/N)^2; "edm": 1 / (1 + sigma_i),
/// where sigma = (1 - t)/t falls from 80 to 0.002 with even steps of sigma^(1/rho), first infinite
/// and last 0 (EDM, 2206.00364, eq. 5). Errors: BadOption.
std::vector<double> time_grid(const std::string& name, int64_t steps, double rho = 7);

/// Errors: BadOption unless the times rise from 0 to 1.
void require_rising(const std::vector<double>& times);

}  // namespace couplet
