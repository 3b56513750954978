// One run of a tool: where it writes, with whom, on what device, by which numbers, until when.
#pragma once
#include <c10/core/Device.h>

#include <functional>
#include <memory>

#include "base/log.h"
#include "base/random.h"
#include "io/artifact.h"
#include "parallel/group.h"

namespace couplet {

struct Run {
  std::string tool;    ///< "nf-train"
  std::string output;  ///< work in progress lies in output + ".partial/"
  c10::Device device = c10::kCPU;
  int64_t seed = 0;
  Random random{0};
  json config = json::object();   ///< effective options
  json command = json::object();  ///< argv, threads, …: what provenance tells
  bool provenance = true;
  std::shared_ptr<Log> log = std::make_shared<Log>();
  /// The processes of this run. Each calls the same functions that take a run, in the same order.
  std::shared_ptr<const Group> group = std::make_shared<Group>();
  /// A signal came to a process, or --max-seconds is over: all get the same answer, together.
  std::function<bool()> stop = [] { return false; };

  /// Whether this process is the one that writes and speaks.
  bool leads() const { return group->leads(); }

  /// Where work in progress lies; made when the run began.
  std::string partial(const std::string& name) const { return output + ".partial/" + name; }

  /// The label of a file that this run makes out of parents.
  Label label(const std::string& kind, json facts, const std::vector<Label>& parents) const;
};

}  // namespace couplet
