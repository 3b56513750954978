// interpolate MODEL OUT.png: images on the way from one noise to another, a row of them for each class.
#include <ATen/ATen.h>

#include <iostream>

#include "base/error.h"
#include "flow/generator.h"
#include "flow/requests.h"
#include "formats/grid.h"
#include "formats/png.h"
#include "io/scaling.h"
using namespace couplet;

int main(int argc, char** argv) try {
  require_option(argc == 3, "usage: interpolate MODEL OUT.png");
  const at::NoGradGuard no_grad;
  const Checkpoint model = read_checkpoint(argv[1], {"velocity-field", "flow-map"});
  require(model.space.classes > 0 && model.space.shape.size() == 3, argv[1],
          ": not a model of images with classes");
  const Generator generator = make_generator(model, {}, at::kCPU);

  constexpr int64_t columns = 8;
  const int64_t rows = model.space.classes;
  const Requests requests(model.space, "none", Random(0).stream("x0"));
  const Tensor ends = requests.x0(at::arange(2));
  // On the circle through both, where noise keeps its length.
  const Tensor angle = (at::arange(columns) * (M_PI / 2 / (columns - 1))).view({-1, 1, 1, 1});
  const Tensor x0 = ends[0] * angle.cos() + ends[1] * angle.sin();
  const Tensor label = at::arange(rows).repeat_interleave(columns);
  const Tensor x = generator.generate(x0.repeat({rows, 1, 1, 1}), label, at::arange(rows * columns));

  write_png(argv[2], image_grid(Scaling::from_json(model.facts).to_bytes(x), columns, 4));
  std::cout << argv[2] << ": " << rows << " rows by " << generator.protocol.dump() << "\n";
  return 0;
} catch (const std::exception& e) {
  const Verdict verdict = explain(e);
  std::cerr << "interpolate: " << verdict.message << "\n";
  return verdict.status;
}
