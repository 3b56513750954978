#include "io/run.h"

#include <chrono>
#include <set>

#include "base/version.h"

namespace couplet {

Label Run::label(const std::string& kind, json facts, const std::vector<Label>& parents) const {
  Label label;
  label.kind = kind;
  label.config = config;
  label.facts = std::move(facts);
  label.provenance = json::array();
  if (!provenance) return label;

  json own = command;
  own["tool"] = tool, own["version"] = COUPLET_VERSION, own["seed"] = seed;
  own["device"] = device.str();
  own["parents"] = json::array();
  std::set<std::string> seen, named;
  for (const Label& parent : parents) {
    if (named.insert(parent.uuid).second) own["parents"].push_back(parent.uuid);
    for (const json& record : parent.provenance) {
      if (seen.insert(record.value("uuid", "")).second) label.provenance.push_back(record);
    }
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  own["finished"] = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  label.provenance.push_back(own);
  return label;
}

}  // namespace couplet
