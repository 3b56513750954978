#include "base/named.h"

#include "base/error.h"

namespace couplet {

void unknown(const std::string& noun, const std::string& name,
             const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& other : names) all += (all.empty() ? "" : ", ") + other;
  throw BadOption("unknown " + noun + " '" + name + "'" + did_you_mean(name, names) +
                  " (there are: " + all + ")");
}

}  // namespace couplet
