// OUTPUT.partial/: where a run's work in progress lies, locked, and bound to one command.
#pragma once
#include "io/run.h"

namespace couplet {

class Workplace {
 public:
  /// Makes or takes up OUTPUT.partial/; the lead does, for all processes of the run. Errors: OUTPUT
  /// is one of the inputs, or exists (without force), another run works there, work of another
  /// command lies there (names the keys that differ), the folder cannot be written.
  Workplace(const Run& run, const json& flags, const std::vector<std::string>& inputs, bool force);
  /// Leaves what can be resumed; a folder without any state is removed.
  ~Workplace();
  /// OUTPUT is there: removes the folder and says what was written.
  void finish(double seconds);

 private:
  const Run& run_;
  std::string folder_;
  void take(const json& now, const json& flags, const std::vector<std::string>& inputs, bool force);
  void share();
  void remove_folder();
  int lock_ = -1;
};

}  // namespace couplet
