#include "flow/solvers/dopri5.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"

namespace couplet {

namespace {

// Stage i + 1 is at t + c[i] dt, from x + dt sum_j a[i][j] k_j. The last is at the end of the step:
// it begins the next one.
constexpr int stages = 7;
constexpr double c[] = {1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1};
constexpr double a[][6] = {
    {1. / 5},
    {3. / 40, 9. / 40},
    {44. / 45, -56. / 15, 32. / 9},
    {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
    {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
    {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84},
};
// The order 5 weights less those of order 4 that torchdiffeq takes (Shampine 1986).
constexpr double e[] = {35. / 384 - 1951. / 21600,
                        0,
                        500. / 1113 - 22642. / 50085,
                        125. / 192 - 451. / 720,
                        -2187. / 6784 + 12231. / 42400,
                        11. / 84 - 649. / 6300,
                        -1. / 60};

Tensor at_time(const Velocity& v, const Tensor& x, double t) {
  return v(x, at::full({x.size(0)}, t, x.options()));
}

// Root mean square: the one number a step that the host must know.
double rms(const Tensor& x) { return x.square().mean().sqrt().item<double>(); }

// Hairer, Norsett and Wanner 1993, II.4: a step of Euler's shows how fast v changes.
double first_step(const Velocity& v, const Tensor& x, double t, double span, const Tensor& k1,
                  double rtol, double atol) {
  const double direction = span < 0 ? -1 : 1;
  const Tensor scale = atol + rtol * x.abs();
  const double size = rms(x / scale), slope = rms(k1 / scale);
  const double wide = size < 1e-5 || slope < 1e-5 ? 1e-6 : 0.01 * size / slope;
  const double h0 = std::min(wide, std::abs(span));  // v is asked nowhere beyond the times
  const Tensor k2 = at_time(v, x + direction * h0 * k1, t + direction * h0);
  const double bend = rms((k2 - k1) / scale) / h0, most = std::max(slope, bend);
  const double h1 = most <= 1e-15 ? std::max(1e-6, h0 * 1e-3) : std::pow(0.01 / most, 1. / 5);
  return std::min(100 * h0, h1);
}

// What the next step is to this one; a kept step never makes it shorter.
double growth(double error) {
  if (!std::isfinite(error)) return 0.2;
  return error == 0 ? 10 : std::clamp(0.9 / std::pow(error, 1. / 5), error < 1 ? 1 : 0.2, 10.);
}

}  // namespace

Tensor dopri5(const Velocity& v, Tensor x, const std::vector<double>& times, double rtol,
              double atol) {
  if (times.size() < 2) return x;
  const double direction = times.back() < times.front() ? -1 : 1;
  double t = times.front();
  Tensor k[stages] = {at_time(v, x, t)};
  double h = first_step(v, x, t, times.back() - t, k[0], rtol, atol);
  for (const double end : times) {
    while (t != end) {
      const double left = std::abs(end - t);
      const bool ends = h > left * (1 - 1e-9);  // no sliver is left to the next step
      const double dt = direction * (ends ? left : h);
      require(std::abs(dt) > 1e-13 || ends, "dopri5: at t = ", t, " its step fell to ", dt,
              ": the field is not finite there, or too steep for rtol ", rtol, " and atol ", atol);
      Tensor next;
      for (int i = 0; i + 1 < stages; ++i) {
        next = x;
        for (int j = 0; j <= i; ++j) {
          if (a[i][j] != 0) next = next.add(k[j], dt * a[i][j]);
        }
        k[i + 1] = at_time(v, next, i + 2 < stages || !ends ? t + c[i] * dt : end);
      }
      Tensor miss = k[0] * (dt * e[0]);
      for (int j = 2; j < stages; ++j) miss = miss.add(k[j], dt * e[j]);
      const double error = rms(miss / (atol + rtol * at::maximum(x.abs(), next.abs())));
      if (error <= 1) {
        x = next, k[0] = k[stages - 1];
        t = ends ? end : t + dt;
      }
      h = std::abs(dt) * growth(error);
    }
  }
  return x;
}

}  // namespace couplet
