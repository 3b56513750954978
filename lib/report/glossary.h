// What the numbers of eval-fid are called, and how they are to be read.
#pragma once
#include <string>
#include <vector>

namespace couplet {

struct Term {
  std::string name, title;
  std::string group = {};     ///< under which heading it stands
  int better = 0;             ///< 1: the higher, -1: the lower the better; 0: neither
  std::string features = {};  ///< the extractor in whose features it is measured, "" for none
  bool reference = true;      ///< whether it is measured against a reference
};

/// The headings, in the order of the page.
const std::vector<std::string>& groups();

/// Any number: known ones, those with an extractor's name behind ("fd_pixels"), others under their
/// own name.
Term term_of(const std::string& name);

/// Names in the order of the page: the most telling first, unknown ones last.
void sort_terms(std::vector<std::string>& names);

}  // namespace couplet
