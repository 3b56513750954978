#include "flow/preview.h"

#include <ATen/ATen.h>

#include <filesystem>

#include "base/error.h"
#include "flow/sampling.h"
#include "formats/grid.h"
#include "formats/png.h"

namespace couplet {

void write_preview(NormalizingFlow& flow, const Dataset& data, int64_t count, int64_t step,
                   const Run& run) {
  if (!run.leads()) return;
  const Requests requests(data.space, "each", run.random.stream("preview"));
  const Tensor rows = row_range(0, count, run.device);
  const Tensor x = flow.decode(requests.x0(rows), requests.labels(rows)).cpu();
  const Tensor images = byte_scaling.to_bytes(x);
  const auto path = std::filesystem::path(run.output).replace_extension(text(step, ".png"));
  write_png(path, image_grid(images, 10, legible_zoom(images)));
}

}  // namespace couplet
