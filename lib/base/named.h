// Rows of a table by their names.
#pragma once
#include <map>
#include <string>
#include <vector>

namespace couplet {

/// BadOption: unknown NOUN 'name'; did you mean 'nearest'? (there are: …)
[[noreturn]] void unknown(const std::string& noun, const std::string& name,
                          const std::vector<std::string>& names);

template <class Row>
std::vector<std::string> names_of(const std::map<std::string, Row>& table) {
  std::vector<std::string> names;
  for (const auto& [name, row] : table) names.push_back(name);
  return names;
}

/// The row of that name. Errors: unknown().
template <class Row>
const Row& named(const std::map<std::string, Row>& table, const std::string& noun,
                 const std::string& name) {
  const auto found = table.find(name);
  if (found == table.end()) unknown(noun, name, names_of(table));
  return found->second;
}

}  // namespace couplet
